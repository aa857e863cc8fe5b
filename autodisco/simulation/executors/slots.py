"""The cores of one machine, and places on its GPUs, that campaigns share: who holds which, and whose turn it is.

Each is a slot: a file in a folder that these campaigns see, locked (flock) by the processes that use it, so that the
system frees it when they end, however that happens. A campaign that uses slots or waits for them has a file there too.
A free slot goes to the waiting campaign that holds the fewest, of these to the one that got its last one longest ago.
"""

import contextlib
import errno
import fcntl
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from autodisco.machine import cores
from autodisco.text import counted

PLACE = "gpu-"
"""Beginning of the name of a place on a card."""
FOLDER = "AUTODISCO_SLOTS"
"""Variable with the folder of the slots; by default each user has one."""
WANTED_S = 5.0
"""A campaign that has not asked again for so long does not wait any more (s)."""
PAUSE_S = 0.3
"""Between two questions of a campaign that waits (s)."""
PATIENCE_S = 30.0
"""A process that holds the lock of the folder for longer is stopped; slots are not looked at then (s)."""


@dataclass(frozen=True)
class Want:
    """What a campaign says of itself in its file: slots that it may use, how many cores a replica needs, since when it
    has waited (s on the clock of the machine, None if it does not), and when it got its last slot."""

    name: str
    cores: Sequence[str]
    places: Sequence[str] = ()
    number: int = 1
    asked: float | None = None
    taken: float = 0.0


@dataclass(eq=False)
class Held:
    """Slots that are held until they are closed and the processes that got their files have ended."""

    files: list[BinaryIO] = field(default_factory=list)
    place: str | None = None

    @property
    def handles(self) -> list[int]:
        """File descriptors for a process that is to hold them."""
        return [file.fileno() for file in self.files]

    def close(self) -> None:
        """This process does not hold them any more."""
        for file in self.files:
            file.close()


def default_folder() -> Path:
    """Where the campaigns of this user find one another: always the same place, whatever session they run in."""
    if given := os.environ.get(FOLDER):
        return Path(given)
    lasting = Path("/var/tmp")  # not of a session, and not emptied as often as /tmp
    return (lasting if os.access(lasting, os.W_OK) else Path(tempfile.gettempdir())) / f"autodisco-{os.getuid()}"


def core_names(number: int = 0) -> list[str]:
    """Slots of the cores that this process may use: the first `number` of them, or all.

    A larger number has slots beside those of the cores.
    """
    own = sorted(os.sched_getaffinity(0))
    number = number or cores()
    return [*(f"core-{core}" for core in own[:number]), *(f"extra-{n}" for n in range(number - len(own)))]


class Slots:
    """What one campaign holds of the slots in a folder.

    Parameters
    ----------
    name
        Name of the campaign, for others.
    cores, places
        Slots that it may use.
    strict
        Whether it waits for slots also where no other campaign runs.
    """

    def __init__(self, name: str, cores: Sequence[str], places: Sequence[str], strict: bool, folder: Path):
        self._want = Want(name, list(cores), list(places))
        self._strict, self.folder, self._id = strict, folder, f"{os.getpid()}-{uuid4().hex[:8]}"
        self._own: BinaryIO | None = None
        self._asked = self._blocked = 0.0
        self.users: dict[str, str] = {}
        """Campaigns that hold what this one waits for, with what they hold in words."""
        self.alone = True
        """Whether no other campaign was there at the last call of `take`."""

    def take(self, number: int, on_card: bool = True) -> Held | None:
        """Slots of so many cores, and of a place on a card if there are any; None if they are not free, or others come
        first.

        Where no other campaign runs, a campaign is not held up: it gets what is free. Raises OSError where the folder
        cannot be used.
        """
        now = time.monotonic()
        if self._want.asked is not None and now - self._asked < PAUSE_S:
            return None
        self._asked = now
        with self._locked() as locked:
            if not locked:
                self._blocked = self._blocked or now
                return Held() if now - self._blocked > PATIENCE_S else None
            self._blocked = 0.0
            places = self._want.places if on_card else []
            return self._take(replace(self._want, number=min(number, len(self._want.cores)), places=places))

    def close(self) -> None:
        """The campaign does not take part any more; what it holds stays held."""
        if self._own:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            self._own.close()
        self._own, self.users = None, {}
        self._want = replace(self._want, asked=None)

    def _take(self, mine: Want) -> Held | None:
        others = self._others()
        with contextlib.ExitStack() as opened:
            free, holders = self._look(opened)
            held = Counter(holder for slot, holder in holders.items() if not slot.startswith(PLACE))
            left = set(free)
            for other in _before(others, held, (held[self._id], mine.taken)):
                left -= set(_of_other(other, left, mine.cores))
            chosen = _chosen(mine, left, holders)
            self.alone = not others and not set(holders.values()) - {self._id}
            if len(chosen) < mine.number + bool(mine.places) and (self._strict or not self.alone):
                self.users = _users(mine, others, holders)
                self._tell(replace(self._want, number=mine.number, asked=time.monotonic()))
                return None
            self.users = {}
            self._tell(replace(self._want, number=mine.number, asked=None, taken=time.monotonic()))
            for slot in chosen:
                _write(free[slot], self._id)
            opened.pop_all()
        for slot in free.keys() - set(chosen):
            free[slot].close()
        return Held([free[slot] for slot in chosen], next((slot for slot in chosen if slot in mine.places), None))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[bool]:
        """Whether this process alone looks at the folder meanwhile; False where another one does so for long."""
        self._make_folder()
        with _open(self.folder / "lock") as file:
            yield _lock(file, patience_s=0.2)

    def _make_folder(self) -> None:
        """Raises OSError where there is none and it cannot be made, or it is another user's."""
        private = FOLDER not in os.environ
        self.folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        if private and (self.folder.is_symlink() or self.folder.stat().st_uid != os.getuid()):
            raise PermissionError(errno.EACCES, "it belongs to another user", str(self.folder))

    @property
    def _path(self) -> Path:
        return self.folder / f"campaign-{self._id}"

    def _tell(self, want: Want) -> None:
        """Write what others see of this campaign."""
        if self._own is None or not self._path.exists():
            self._own = _open(self._path)
            _lock(self._own)
        self._want = want
        _write(self._own, json.dumps(asdict(want)))

    def _others(self) -> dict[str, Want]:
        """The other campaigns that run; files of those that do not are removed."""
        found = {}
        for path in sorted(self.folder.glob("campaign-*")):
            if (name := path.name.removeprefix("campaign-")) == self._id:
                continue
            with contextlib.suppress(OSError, ValueError, TypeError), _open(path) as file:
                if _lock(file):
                    path.unlink()
                else:
                    found[name] = Want(**json.loads(file.read()))
        return found

    def _look(self, opened: contextlib.ExitStack) -> tuple[dict[str, BinaryIO], dict[str, str]]:
        """Files of the free slots, locked, and who holds the others."""
        free, holders = {}, {}
        for name in {*self._want.cores, *self._want.places, *(path.name for path in self.folder.glob("*-*"))}:
            if name.startswith("campaign-"):
                continue
            file = _open(self.folder / name)
            if _lock(file):
                free[name] = opened.enter_context(file)
            else:
                holders[name] = file.read().decode()
                file.close()
        return free, holders


def _before(others: dict[str, Want], held: Counter[str], me: tuple[int, float]) -> list[Want]:
    """Campaigns that wait and whose turn it is before this one's, in their order."""
    now = time.monotonic()
    waiting = {name: other for name, other in others.items() if other.asked and now - other.asked < WANTED_S}
    ranks = sorted(((held[name], other.taken), name) for name, other in waiting.items())
    return [waiting[name] for rank, name in ranks if rank < me]


def _of_other(other: Want, left: set[str], mine: Sequence[str]) -> list[str]:
    """Slots of those that are `left` that are kept for a campaign whose turn comes first, rather none of `mine`; as
    many as there are of the cores that it needs, because more become free."""
    if other.places and not (places := left & set(other.places)):
        return []
    cores = sorted(left & set(other.cores), key=lambda core: core in mine)[: other.number]
    return [*cores, *(sorted(places)[:1] if other.places else [])]


def _chosen(mine: Want, left: set[str], holders: dict[str, str]) -> list[str]:
    """The slots that a campaign would take of those that are `left`: cores, and a place on the card with the fewest
    users. There may be too few."""
    use = Counter(card_of(slot) for slot in holders)
    places = sorted((place for place in mine.places if place in left), key=lambda place: use[card_of(place)])
    return [*[core for core in mine.cores if core in left][: mine.number], *places[:1]]


def _users(mine: Want, others: dict[str, Want], holders: dict[str, str]) -> dict[str, str]:
    """Who holds slots that this campaign waits for, with how many, in words."""
    users: dict[str, str] = {}
    for slots, all_of in ((mine.cores, counted(len(mine.cores), "core")), (mine.places, "the places on GPUs")):
        numbers = Counter(others[holder].name for slot, holder in holders.items() if slot in slots and holder in others)
        for name, number in numbers.items():
            users[name] = " and ".join([*filter(None, [users.get(name)]), f"{number} of {all_of}"])
    return users


def place_names(cards: Sequence[str], each: int) -> list[str]:
    """Slots of `each` places on every card; those on the first places come first."""
    return [f"{PLACE}{card}-{number}" for number in range(each) for card in cards]


def card_of(place: str) -> str:
    """The card of a place."""
    return place.removeprefix(PLACE).rpartition("-")[0]


def _open(path: Path) -> BinaryIO:
    """Open a file to lock it. In a folder that several users share, each may write every file."""
    try:
        return open(path, "r+b", buffering=0)
    except FileNotFoundError:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        with contextlib.suppress(OSError):
            os.fchmod(handle, 0o666)
        return open(handle, "r+b", buffering=0)


def _lock(file: BinaryIO, patience_s: float = 0.0) -> bool:
    """Lock a file; False where another process has locked it, after this time."""
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)


def _write(file: BinaryIO, text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text.encode())
