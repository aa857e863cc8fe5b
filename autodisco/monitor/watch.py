"""A campaign as the live monitor shows it, and the keys that change what is shown."""

import time
from collections.abc import Iterable, Sequence

from rich.text import Text

from autodisco.decide import Glances
from autodisco.decide.decisions import decided
from autodisco.decide.life import life_of, lines
from autodisco.monitor.frame import ITERATIONS, JOURNAL_ROWS, Choice, Kept, frame, ranking_rows
from autodisco.monitor.header import header
from autodisco.monitor.lines import heading
from autodisco.monitor.view import View, ordered
from autodisco.store import END_STATES, Event, Store

MOST_DECISIONS = 2000
KEYS = "q leave · space hold · ↑↓ enter life · s sort · d decisions"
PAGE_KEYS = "q leave · space hold · ↑↓ scroll · esc back"


class Watch:
    """An open campaign on a screen. `status` is what was seen last, `ended` whether it has ended, `view` what a person
    looks at."""

    def __init__(self, store: Store, view: View | None = None):
        self._store, self.view, self._glances = store, view or View(), Glances(store, ITERATIONS, JOURNAL_ROWS)
        self._order: tuple[object, str, Sequence[str]] = (None, "", ())
        self._page: tuple[object, list[Text]] = (None, [])
        self._rows = self._number = 1
        self._kept = Kept()
        self.status = self._glances.status([])

    @property
    def ended(self) -> bool:
        """Whether the campaign has ended."""
        return self.status.state in END_STATES

    @property
    def on_page(self) -> bool:
        """Whether another page than the overview is shown."""
        return self.view.page != "overview"

    def obey(self, keys: Iterable[str]) -> bool:
        """Obey keys in their order; False to leave."""
        return all(self.view.press(key, self._rows, self._number) for key in keys)

    def lines(self, width: int, height: int) -> list[Text]:
        """The picture of now in so many columns and lines."""
        width, height = max(60, width), max(16, height)
        with self._store.snapshot():
            self._glances.held = self.view.held
            self._look(width, height)
            if self.on_page:
                return self._in_page(width, height)
        view = self.view
        chosen = view.chosen - view.top
        rows = self.status.best
        choice = Choice(rows[chosen].key, self._note()) if 0 <= chosen < len(rows) else None
        return [*frame(self.status, width, height - 1, choice=choice, kept=self._kept).lines, self._foot(KEYS, width)]

    def _look(self, width: int, height: int) -> None:
        """Read the campaign; the rows of the ranking are those in view."""
        keys = self._keys()
        self._rows = max(1, ranking_rows(self.status, width, height - 1))
        self._number = max(1, len(keys))
        self.view.fit(self._rows)
        self.status = self._glances.status(keys[self.view.top : self.view.top + self._rows])

    def _keys(self) -> Sequence[str]:
        standing, order = self._glances.standing(), self.view.order
        if self._order[0] is not standing or self._order[1] != order:
            self._order = standing, order, ordered(standing.standings, order, standing.generated)
        return self._order[2]

    def _note(self) -> str:
        first = self.view.top + 1
        last = first + len(self.status.best) - 1
        return f"{first}–{last} of {self.status.n_ranked}, {self.view.order}"

    def _in_page(self, width: int, height: int) -> list[Text]:
        """A page of lines, of which as many are shown as fit."""
        top = header(self.status, width, time.time())
        title, text = self._text(width)
        self._rows, self._number = height - len(top) - 2, len(text)
        shown = text[self.view.scrolled : self.view.scrolled + self._rows]
        if len(text) > self._rows:
            title += f", lines {self.view.scrolled + 1} to {self.view.scrolled + len(shown)} of {len(text)}"
        blank = [Text()] * (self._rows - len(shown))
        return [*top, heading(title, width), *shown, *blank, self._foot(PAGE_KEYS, width)]

    def _text(self, width: int) -> tuple[str, list[Text]]:
        """Title and lines of the page; they are made again when the values or the width change."""
        if self.view.page == "decisions":
            what: object = ("decisions", width, self.status.journal[-1].id if self.status.journal else 0)
            if self._page[0] != what:
                rows = self._store.journal(limit=MOST_DECISIONS)
                self._page = what, _wrapped([_decision(row) for row in reversed(rows)], width)
            return "Decisions, the last one first", self._page[1]
        keys = self._keys()
        key = keys[min(self.view.chosen, len(keys) - 1)]
        standings = self._glances.standing().standings
        if self._page[0] != (key, width, id(standings)):
            life = life_of(self._store, key, standings)
            told = [Text(line) for line in (lines(life) if life else [])]
            self._page = (key, width, id(standings)), _wrapped(told, width)
        return "One polymer", self._page[1]

    def _foot(self, keys: str, width: int) -> Text:
        line = Text.assemble(("held · " if self.view.held else "", "bold yellow"), (keys, "dim"))
        line.truncate(width, overflow="ellipsis")
        return line


def _decision(row: Event) -> Text:
    moment = time.strftime("%m-%d %H:%M", time.localtime(row.time))
    outcome = f": {decided(row)}" if row.decided else ""
    reason = f" ({row.why})" if row.why else ""
    return Text(f"{moment} {row.iteration:>3} {row.event} {row.subject}{outcome}{reason}")


def _wrapped(told: Sequence[Text], width: int) -> list[Text]:
    """Lines of at most so many columns; the rest of a longer one is indented."""
    shown = []
    for line in told:
        indent = len(line.plain) - len(line.plain.lstrip()) + 2
        text = line.plain
        while len(text) > width:
            at = text.rfind(" ", indent + 1, width + 1)
            at = at if at > width // 2 else width
            shown.append(Text(text[:at].rstrip()))
            text = " " * indent + text[at:].lstrip()
        shown.append(Text(text))
    return shown
