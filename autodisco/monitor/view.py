"""What a person looks at in the live monitor: which part, which polymer, in which order, and whether it is held."""

from collections.abc import Sequence

from autodisco.decide import Standings

EXPECTED, MEASURED, P_BETTER, NEWEST = ORDERS = "by expected value", "by value", "by p better", "newest first"
"""Orders of the ranking, which a key changes in turn."""


class View:
    """The state of the live monitor, changed by keys.

    Attributes
    ----------
    page : ``overview``, ``polymer`` or ``decisions``
    order : one of `ORDERS`
    chosen : place of the marked polymer in this order; -1 until a key has moved it
    top : first row of the ranking in view
    scrolled : first line in view of the other pages
    held : whether the picture stands still
    """

    def __init__(self) -> None:
        self.page, self.order = "overview", EXPECTED
        self.chosen, self.top, self.scrolled, self.held = -1, 0, 0, False

    def press(self, key: str, rows: int, number: int) -> bool:
        """Obey a key where `rows` lines are in view of `number`; False to leave."""
        if key == "leave":
            return False
        if key == "hold":
            self.held = not self.held
        elif self.page != "overview":
            self._press_in_page(key, rows, number)
        elif key == "sort":
            self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
            self.chosen, self.top = 0, 0
        elif key == "decisions" or (key == "enter" and self.chosen >= 0):
            self.page, self.scrolled = "polymer" if key == "enter" else key, 0
        elif key == "back":
            self.chosen, self.top = -1, 0
        else:
            self.chosen = self._moved(self.chosen, key, rows, number)
            self.fit(rows)
        return True

    def fit(self, rows: int) -> None:
        """Scroll the list so that the marked polymer is among as many rows."""
        self.top = max(0, min(self.top, self.chosen), self.chosen - rows + 1)

    def _press_in_page(self, key: str, rows: int, number: int) -> None:
        if key in ("back", "enter", "decisions"):
            self.page = "overview"
        else:
            moves = {"up": -1, "down": 1, "page up": -rows, "page down": rows, "home": -number, "end": number}
            self.scrolled = max(0, min(number - rows, self.scrolled + moves.get(key, 0)))

    @staticmethod
    def _moved(place: int, key: str, rows: int, number: int) -> int:
        moves = {"up": -1, "down": 1, "page up": -rows, "page down": rows, "home": -number, "end": number}
        return max(0, min(number - 1, place + moves[key])) if key in moves else place


def ordered(standings: Standings, order: str, iterations: dict[str, int]) -> Sequence[str]:
    """Keys of the polymers with a value in an order; `iterations` are those of the ones that the campaign found."""
    keys = standings.keys
    if order == MEASURED:
        worth = standings.objective.worth
        return sorted(keys, key=lambda key: -worth(standings.measured(key).value))
    if order == P_BETTER:
        return sorted(keys, key=lambda key: -(standings.belief(key).p_better or 0.0))
    if order == NEWEST:
        return sorted(keys, key=lambda key: -iterations.get(key, 0))
    return keys
