"""GPUs of one machine: which of them a replica gets, and MPS, with which several replicas share one at full speed.

MPS (Multi-Process Service) is a program of NVIDIA's driver. Each card has a control daemon of its own, in a private
folder, which also works for a part of a card (MIG). If the environment names the folder of one that runs already, that
one is used.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

MPS = "nvidia-cuda-mps-control"
DEVICES, PIPES, LOGS = "CUDA_VISIBLE_DEVICES", "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"
PREFIX = f"autodisco-mps-{os.getuid()}-"
OWNER = "owner"
"""File in the folder of a control daemon that the process which started it holds locked."""
PATIENCE_S = 60.0


def visible() -> list[str] | None:
    """GPUs that the environment allows, as a batch system or a person set it; None where it says nothing.

    Numbers, or the names of cards and of their parts; what comes after a word that is neither does not count, as for
    CUDA itself.
    """
    given = os.environ.get(DEVICES)
    if given is None:
        return None
    allowed: list[str] = []
    for name in map(str.strip, given.split(",")):
        if not (name.isdigit() or name.startswith(("GPU-", "MIG-"))):
            break
        allowed.append(name)
    return allowed


def found() -> list[str]:
    """GPUs that this process may use: those that the environment allows, or else the names of all that `nvidia-smi`
    lists. A card that is divided counts as its parts."""
    if (allowed := visible()) is not None:
        return allowed
    return [name for card in _listed() for name in (card[1:] or card)]


def same_names(names: Sequence[str]) -> list[str]:
    """Names under which other programs know these cards: that of `nvidia-smi` for a number, where it lists it."""
    listed = [card[0] for card in _listed()] if any(name.isdigit() for name in names) else []
    return [listed[int(name)] if name.isdigit() and int(name) < len(listed) else name for name in names]


def missing_cards(given: Sequence[int | str]) -> list[str]:
    """Those of the cards that `nvidia-smi` does not list, by number or name."""
    listed = _listed() if given else []
    known = {*map(str, range(len(listed))), *(name for card in listed for name in card)}
    return [str(name) for name in given if str(name) not in known]


def has_mps() -> bool:
    """Whether several replicas can share a card at full speed. Without MPS they take turns on it."""
    return PIPES in os.environ or shutil.which(MPS) is not None


def _listed() -> list[list[str]]:
    """Names of the cards that `nvidia-smi` lists, each with those of its parts."""
    try:
        said = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    cards: list[list[str]] = []
    for line in said.stdout.splitlines():
        name = re.search(r"\(UUID: ((GPU|MIG)-[^)]+)\)", line)
        if name and name[2] == "GPU":
            cards.append([name[1]])
        elif name and cards:
            cards[-1].append(name[1])
    return cards


class Cards:
    """Gives GPUs to replicas: to each the one that fewest others use, the first of them.

    Parameters
    ----------
    names
        As `CUDA_VISIBLE_DEVICES` takes them.
    shared
        Several replicas use a card at a time: MPS is started with the first replica of a card, where it is installed.
    """

    def __init__(self, names: list[str], shared: bool):
        self.names, self.shared = names, shared
        self._used: dict[str, str] = {}
        self._daemons: dict[str, dict[str, str]] = {}

    def environment(self, card: str | None = None) -> tuple[str | None, dict[str, str]]:
        """The card of the next replica, None without cards, and the variables that its process needs; a `card` that
        was chosen for it already is taken."""
        if not self.names:
            return None, {}
        if card is None:
            counts = [list(self._used.values()).count(name) for name in self.names]
            card = self.names[counts.index(min(counts))]
        if not self.shared or PIPES in os.environ or not shutil.which(MPS):
            return card, {DEVICES: card}
        if card not in self._daemons:
            self._daemons[card] = self._with_mps(card)
        return card, self._daemons[card]

    def take(self, handle: str, card: str | None) -> None:
        """A replica, by its handle, uses a card."""
        if card is not None:
            self._used[handle] = card

    def give_back(self, handle: str) -> None:
        """It does no more."""
        self._used.pop(handle, None)

    def _with_mps(self, card: str) -> dict[str, str]:
        """Start MPS on a card; the variables of its clients. It ends with this process."""
        if not self._daemons:
            end_leftovers()
        folder = tempfile.mkdtemp(prefix=PREFIX)
        owner = os.open(Path(folder) / OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(owner, fcntl.LOCK_EX)
        places = {PIPES: folder, LOGS: folder}
        started = _control(["-d"], {DEVICES: card, **places})
        if started.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(owner)
            why = (started.stderr or started.stdout).strip().partition("\n")[0]
            print(f"MPS does not start on GPU {card} ({why}); replicas share it without MPS", file=sys.stderr)
            return {DEVICES: card}
        weakref.finalize(self, _quit_own, folder, owner)
        # a daemon that has one card numbers it from zero
        return {DEVICES: "0" if card.isdigit() else card, **places}


def end_leftovers() -> None:
    """End the control daemons of processes that were killed: nobody holds the lock in their folder any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), open(folder / OWNER, "r+b") as owner:  # it is held, or not there yet
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _quit(str(folder))


def _control(arguments: list[str], variables: dict[str, str], said: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [MPS, *arguments],
        env={**os.environ, **variables},
        input=said,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def _quit_own(folder: str, owner: int) -> None:
    _quit(folder)
    os.close(owner)


def _quit(folder: str) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        _control([], {PIPES: folder, LOGS: folder}, "quit\n")
    shutil.rmtree(folder, ignore_errors=True)
