"""Which tokens may follow in a partly written repeat unit, so that nearly every draw is a repeat unit.

Checked token by token: valences, parentheses, ring digits, exactly two ends with one single bond each, the first of
them in front as in all training strings, and whether everything open can be closed within the remaining tokens.
Bracket atoms other than [nH] are not allowed. Of aromatic rings the bonds are checked; whether a ring can be kekulized
is left to the parser.
"""

from autodisco.generator.tokens import END_INDEX, VOCABULARY

#: Most bonds of an atom, counting a double bond twice. S and P as in sulfones and phosphates.
_VALENCES = {"*": 1, "B": 3, "C": 4, "N": 3, "O": 2, "F": 1, "P": 5, "S": 6, "I": 1, "Cl": 1, "Br": 1}
#: The same within an aromatic ring, single bonds alone.
_AROMATIC = {"c": 3, "n": 2, "o": 2, "s": 2, "[nH]": 2}
_ORDERS = {"-": 1, "=": 2, "#": 3, "/": 1, "\\": 1}
_START, _ATOM, _BOND, _OPEN, _CLOSE, _RING = range(6)
_SMALLEST = 3
_DONORS = frozenset({"o", "s", "[nH]"})


class Prefix:
    """The beginning of a string. Strings with the same beginning share one object and its cache of next tokens.

    The cache is by token alone: `left` has to be the same in every call for one prefix.
    """

    __slots__ = ("_after", "_syntax")

    def __init__(self, syntax: "Syntax | None" = None) -> None:
        self._syntax = syntax or Syntax()
        self._after: dict[int, Prefix | None] = {}

    def then(self, token: int, left: int) -> "Prefix | None":
        """This prefix with `token` appended; None if it cannot become a repeat unit within `left` further tokens."""
        if token not in self._after:
            self._after[token] = self._push(token) if self._syntax.accepts(token, left) else None
        return self._after[token]

    def _push(self, token: int) -> "Prefix":
        syntax = self._syntax.copy()
        syntax.push(token)
        return Prefix(syntax)


class Syntax:
    """State of a partly written repeat unit."""

    __slots__ = (
        "_aromatic",
        "_behind",
        "_bond",
        "_current",
        "_donating",
        "_free",
        "_last",
        "_parents",
        "_rings",
        "ends",
    )

    def __init__(self) -> None:
        self._free: list[int] = []  # bonds that each atom can still take
        self._parents: list[int] = []
        self._aromatic: list[bool] = []
        self._donating: list[bool] = []
        self._behind: list[int] = []  # atoms to which open parentheses go back
        self._rings: dict[str, int] = {}
        self._current, self._bond, self._last = -1, 0, _START
        self.ends = 0

    def copy(self) -> "Syntax":
        """An independent copy."""
        other = Syntax.__new__(Syntax)
        other._free = self._free.copy()
        other._parents = self._parents.copy()
        other._aromatic = self._aromatic.copy()
        other._donating = self._donating.copy()
        other._behind = self._behind.copy()
        other._rings = self._rings.copy()
        other._current, other._bond, other._last = self._current, self._bond, self._last
        other.ends = self.ends
        return other

    def accepts(self, token: int, left: int) -> bool:
        """Whether `token` can come next and the rest can be written in `left` further tokens, the end token aside."""
        text = VOCABULARY[token]
        after_atom = self._last in (_ATOM, _CLOSE, _RING)
        inside = self._current > 0  # not at the first end
        if token == END_INDEX:
            return self.ends == 2 and after_atom and not self._behind and not self._rings
        if self._last == _START:
            return text == "*" and left >= 2
        if self._ring_is_due() and text not in _DIGITS:
            return False
        if text == ")":
            return bool(self._behind) and after_atom and self._can_end(left, self._free[self._behind[-1]], closing=True)
        if self._free[self._current] < 1:
            return False
        if text == "(":
            # In an aromatic ring one bond has to be left for the ring.
            spare = self._free[self._current] - (self._aromatic[self._current] and self._aromatic_opener() >= 0)
            return after_atom and inside and spare >= 1 and self._can_end(left, self._free[self._current], opening=True)
        if text in _ORDERS:
            order = _ORDERS[text]
            fits = inside and self._last != _BOND and self._free[self._current] >= order
            return fits and not self._aromatic[self._current] and self._can_end(left, 1, atom_due=order > 1)
        if text in _DIGITS:
            return inside and self._last in (_ATOM, _RING) and self._accepts_ring(text, left)
        if text in _VALENCES:
            return self._accepts_atom(text, left)
        return text in _AROMATIC and self._accepts_aromatic(text, left)

    def push(self, token: int) -> None:
        """Write a token that was accepted."""
        text = VOCABULARY[token]
        if token == END_INDEX:
            return
        if text == "(":
            self._behind.append(self._current)
            self._last = _OPEN
        elif text == ")":
            self._current = self._behind.pop()
            self._last = _CLOSE
        elif text in _ORDERS:
            self._bond, self._last = _ORDERS[text], _BOND
        elif text in _DIGITS:
            if self._rings.pop(text, None) is None:
                self._rings[text] = self._current
            self._free[self._current] -= 1
            self._last = _RING
        else:
            order = self._order()
            if order:
                self._free[self._current] -= order
            self._free.append((_VALENCES | _AROMATIC)[text] - order)
            self._parents.append(self._current)
            self._aromatic.append(text in _AROMATIC)
            self._donating.append(text in _DONORS)
            self._current, self._bond, self._last = len(self._free) - 1, 0, _ATOM
            self.ends += text == "*"

    def _order(self) -> int:
        """Order of the bond to the next atom; 0 before the first."""
        return 0 if self._current < 0 else self._bond or 1

    def _ring_is_due(self) -> bool:
        """Whether an aromatic ring has just begun, which has to be opened at its first atom."""
        return self._last == _ATOM and self._aromatic[self._current] and self._aromatic_opener() < 0

    def _aromatic_opener(self) -> int:
        """The atom at which an aromatic ring is open, -1 without any."""
        return next((opener for opener in self._rings.values() if self._aromatic[opener]), -1)

    def _accepts_ring(self, text: str, left: int) -> bool:
        opener, here = self._rings.get(text), self._free[self._current] - 1
        if opener is None:
            # One digit an atom, so that no two atoms are joined twice; and no ring begins inside an aromatic one.
            free_to = self._last == _ATOM and len(self._rings) < 2 and self._aromatic_opener() < 0
            if self._aromatic[self._current] and not self._ring_is_due():
                return False
            return free_to and self._can_end(left, here, opened=True)
        if self._missing_atoms(opener, self._current, 0) > 0 or self._aromatic[self._current] != self._aromatic[opener]:
            return False
        return self._can_end(left, here, closed=text)

    def _accepts_atom(self, text: str, left: int) -> bool:
        order = self._order()
        if self._free[self._current] < order or _VALENCES[text] < order:
            return False
        # Inside an aromatic ring other atoms stand in branches.
        if self._aromatic[self._current] and self._aromatic_opener() >= 0 and self._last != _OPEN:
            return False
        if text == "*":
            fits = self.ends < 2 and order == 1 and self._current > 0
            return fits and self._can_end(left, 0, ends=1, atom=1)
        return self._can_end(left, _VALENCES[text] - order, atom=order)

    def _accepts_aromatic(self, text: str, left: int) -> bool:
        if self._order() != 1:
            return False
        opener = self._aromatic_opener()
        if opener < 0:
            # A ring begins with a carbon: the others have no third bond for what comes before it.
            return text == "c" and self._can_end(left - 7, 1, atom=1)
        if not self._aromatic[self._current]:
            return False
        donors = self._donors(opener) + (text in _DONORS)
        to_come = (4 if donors else 5) - len(self._path(opener, self._current))
        if donors > 1 or to_come < 0:
            return False
        # The last atom closes the ring; only a carbon then has a bond left for what does not follow elsewhere.
        free = sum(self._free[atom] - (atom == self._current) for atom in self._behind)
        if to_come == 0 and text != "c" and not free:
            return False
        return self._can_end(left, _AROMATIC[text] - 1, atom=1)

    def _can_end(
        self,
        left: int,
        here: int,
        ends: int = 0,
        atom: int = 0,
        opening: bool = False,
        closing: bool = False,
        atom_due: bool = False,
        opened: bool = False,
        closed: str = "",
    ) -> bool:
        """Whether `left` tokens can close what the next token leaves open.

        `here` bonds are then free at the present atom; `atom` is the order of the bond to a new one.
        """
        if here and not (self._rings or opened) and left >= len(self._behind) + 5:
            return True  # two ends, a parenthesis opened now, an atom behind it and one for a place more
        missing = 2 - self.ends - ends
        depth = len(self._behind) + opening - closing
        elsewhere = self._behind[:-1] if closing else self._behind
        free = [self._free[a] - atom * (a == self._current) for a in elsewhere]
        # Where the string goes on: at the present atom, or else at the last one with a free bond.
        last = self._behind[-1] if closing else self._current
        if here < 1:
            last = next((a for a, n in zip(elsewhere[::-1], free[::-1], strict=True) if n), -1)
        added = bool(atom) and here >= 1
        rings = [self._missing_atoms(opener, last, added) for digit, opener in self._rings.items() if digit != closed]
        if opened:
            rings.append(5 if self._aromatic[self._current] else _SMALLEST - 1)
        places = here + sum(free)
        wanted = missing + len(rings)
        if wanted and places < 1:
            return False
        # Atoms in between make rings large enough, and each brings two places more than it takes.
        between = max([*rings, -(-(wanted - places) // 2), 0])
        due = (opening or atom_due) and (atom_due or not missing) and not between
        return missing + depth + len(rings) + between + due <= left

    def _missing_atoms(self, opener: int, last: int, added: int) -> int:
        """How many atoms a ring still needs before it can be closed behind `last`, when `added` more are written."""
        path = self._path(opener, last)
        # Back before its opening, a ring goes on there as if it had begun.
        distance = (len(path) - 1 if path[-1] == opener else 1) + added
        if not self._aromatic[opener]:
            return _SMALLEST - 1 - distance
        return (4 if self._donors(opener) else 5) - distance

    def _donors(self, opener: int) -> int:
        """Atoms of an aromatic ring that bring two electrons: one makes it a ring of five, none one of six."""
        return sum(self._donating[atom] for atom in self._path(opener, self._current))

    def _path(self, opener: int, last: int) -> list[int]:
        """Atoms from `last` back to the one that opened a ring."""
        path = [last]
        while path[-1] > opener:
            path.append(self._parents[path[-1]])
        return path


_DIGITS = frozenset(token for token in VOCABULARY if token[0].isdigit() or token[0] == "%")
