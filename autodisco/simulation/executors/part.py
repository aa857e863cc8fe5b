"""The part of a machine that the replicas of one campaign hold, beside those of other campaigns."""

from collections.abc import Sequence

from autodisco.simulation.executors.cards import same_names
from autodisco.simulation.executors.executor import Note
from autodisco.simulation.executors.slots import Held, Slots, card_of, core_names, default_folder, place_names
from autodisco.text import joined


class Part:
    """Slots by the handle of the replica that runs on them, and those that are kept for the next one. Before `share` is
    called there are none, and nothing waits.

    Parameters
    ----------
    threads
        Cores of one replica.
    cards
        GPUs that replicas use, one each; empty for none.
    each
        Replicas at a time on a GPU.
    """

    def __init__(self, threads: int, cards: Sequence[str], each: int):
        self._threads, self._cards, self._each = threads, cards, each
        self._slots: Slots | None = None
        self._given: dict[str, str] = {}
        self._held: dict[str, Held] = {}
        self._kept: list[Held] = []
        self._own: Held | None = None
        self._notes: list[Note] = []
        self._told: set[str] = set()
        self._fault = ""

    def share(self, name: str, number: int) -> None:
        """Share the machine from now on, as the campaign of this name; `number` is how many cores all campaigns have
        together, 0 for all."""
        names = same_names(self._cards)
        self._given = dict(zip(names, self._cards, strict=True))
        places = place_names(names, self._each)
        self._slots = Slots(name, core_names(number), places, number > 0, default_folder())

    def reserve(self) -> bool:
        """Whether a replica may start; its slots are kept for the next call of `taken`."""
        self.drop()
        if held := self._take(self._threads):
            self._kept.append(held)
        return held is not None

    def taken(self) -> Held:
        """The slots for the replica that starts now; none where it starts without."""
        return self._kept.pop() if self._kept else Held()

    def drop(self) -> None:
        """Give back what was kept for replicas that did not start."""
        while self._kept:
            self._kept.pop().close()

    def give(self, handle: str, held: Held) -> None:
        """A replica runs on these slots."""
        self._held[handle] = held

    def give_back(self, handle: str, keep: bool = False) -> None:
        """It does no more. With `keep`, they are kept for it until the next look, because it may start again now."""
        if (held := self._held.pop(handle, None)) is None:
            return
        if keep:
            self._kept.append(held)
        else:
            held.close()

    def occupy(self, threads: int) -> None:
        """Hold as many cores for this process itself, as soon as they are free; 0 for none any more."""
        if threads and self._own is None:
            self._own = self._take(threads, on_card=False)
        elif not threads and self._own:
            self._own.close()
            self._own = None

    def leave(self) -> None:
        """Nothing is started for now."""
        self.drop()
        self.occupy(0)
        if self._slots:
            self._slots.close()

    def card(self, held: Held) -> str | None:
        """The card of the slots that a replica holds, by the name that was given; None without one."""
        return self._given[card_of(held.place)] if held.place else None

    @property
    def waits_for(self) -> str:
        """Which campaigns use what the next replica waits for, as a sentence."""
        users = self._slots.users if self._slots else {}
        return joined([f"campaign {name} uses {what}" for name, what in users.items()])

    def notes(self) -> list[Note]:
        """Which campaigns replicas wait for, each once, and why the machine is not shared."""
        notes, self._notes = self._notes, []
        return notes

    def _take(self, threads: int, on_card: bool = True) -> Held | None:
        if self._slots is None:
            return Held()
        try:
            held, self._fault = self._slots.take(threads, on_card), ""
            self._tell_of(self._slots)
            return held
        except OSError as error:
            if not self._fault:
                self._fault = str(error)
                decided = "start replicas as if no other campaign ran here"
                self._notes.append(Note("cores not shared", str(self._slots.folder), {}, decided, self._fault))
            return Held()

    def _tell_of(self, slots: Slots) -> None:
        """Note campaigns for which replicas wait, each once until no other one runs."""
        if slots.alone:
            self._told.clear()
        if new := slots.users.keys() - self._told:
            self._told |= new
            decided = "start replicas as cores become free"
            self._notes.append(Note("waits for cores", ", ".join(sorted(new)), {}, decided, self.waits_for))
