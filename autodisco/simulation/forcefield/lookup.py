"""Rows of PCFF by atom types: explicit, then equivalent, then automatic, with the PCFF+ overrides in front.

The order is that of Sun et al., J. Am. Chem. Soc. 1994, 116, 2978; Macromolecules 1995, 28, 701.
"""

import itertools
from typing import NamedTuple

from autodisco.simulation.forcefield import charges, frc, overrides

PLAIN, AUTO = "cff91", "cff91_auto"
Key = tuple[str, ...]
Values = tuple[float, ...]

#: Where the parameters of a term come from, from the most to the least trusted.
SOURCES = ("override", "explicit", "equivalent", "automatic", "estimated")


class Found(NamedTuple):
    """Parameters of a term and which of SOURCES they come from."""

    values: Values
    source: str


class PcffLookup:
    """Rows of PCFF by atom types, with the PCFF+ overrides in front. A row that does not exist is None."""

    def __init__(self, tables: frc.FrcFile):
        self._frc = tables

    def _equivalent(self, name: str, kind: str) -> str:
        return self._frc.equivalence.get(name, {}).get(kind, name)

    def _automatic(self, name: str, column: str) -> str:
        if name in overrides.AUTOMATIC_AS_ETHER:
            return self._frc.automatic["o"][column]
        return self._frc.automatic.get(name, {}).get(column, name)

    def _explicit(self, section: str, key: tuple[str, ...], kind: str, both_ways: bool = True) -> frc.Row | None:
        equivalent = tuple(self._equivalent(t, kind) for t in key)
        return self._frc.find(section, PLAIN, key, both_ways) or self._frc.find(section, PLAIN, equivalent, both_ways)

    def _found(self, section: str, key: Key, kind: str, width: int, both_ways: bool = True) -> Found | None:
        exact = self._frc.find(section, PLAIN, key, both_ways)
        row = exact or self._explicit(section, key, kind, both_ways)
        return Found(row.values[:width], "explicit" if exact else "equivalent") if row else None

    def increment(self, first: charges.Kind, second: charges.Kind) -> Found | None:
        """Charge (e) that the first atom of a bond receives from it."""
        found = charges.increment(self._frc, first, second)
        return Found((found.value,), found.source) if found else None

    def nonbonded(self, name: str) -> tuple[float, float] | None:
        """Epsilon (kcal/mol) and r (Å)."""
        if name in overrides.NONBONDED:
            return overrides.NONBONDED[name]
        for key in (name, self._equivalent(name, "nonbond"), self._automatic(name, "nonbond")):
            if row := self._frc.find("nonbond(9-6)", PLAIN, (key,)):
                return row.values[1], row.values[0]
        return None

    def bond(self, a: str, b: str) -> Found | None:
        """r0, K2, K3, K4."""
        for key in ((a, b), (b, a)):
            if key in overrides.QUARTIC_BONDS:
                return Found(overrides.QUARTIC_BONDS[key], "override")
        if found := self._found("quartic_bond", (a, b), "bond", 4):
            return found
        key = (self._automatic(a, "bond"), self._automatic(b, "bond"))
        row = self._frc.find("quadratic_bond", AUTO, key)
        return Found((*row.values[:2], 0.0, 0.0), "automatic") if row else None

    def angle(self, a: str, b: str, c: str) -> Found | None:
        """theta0, K2, K3, K4."""
        for overridden in ((a, b, c), (c, b, a)):
            if overridden in overrides.QUARTIC_ANGLES:
                return Found(overrides.QUARTIC_ANGLES[overridden], "override")
        if found := self._found("quartic_angle", (a, b, c), "angle", 4):
            return found
        ends, apex = (
            (self._automatic(a, "angle_end"), self._automatic(c, "angle_end")),
            self._automatic(b, "angle_apex"),
        )
        keys: tuple[Key, ...] = ((ends[0], apex, ends[1]), ("*", apex, "*"))
        for key in keys:
            if row := self._frc.find("quadratic_angle", AUTO, key):
                return Found((*row.values[:2], 0.0, 0.0), "automatic")
        return None

    def torsion(self, a: str, b: str, c: str, d: str) -> Found | None:
        """V1, phi1, V2, phi2, V3, phi3 of sum V_n (1 - cos(n phi - phi_n))."""
        wild = ("*", self._equivalent(b, "torsion"), self._equivalent(c, "torsion"), "*")
        explicit: tuple[Key, ...] = ((a, b, c, d), wild)
        for key in explicit:
            if found := self._found("torsion_3", key, "torsion", 6):
                return found
        outer = [self._automatic(t, "torsion_end") for t in (a, d)]
        inner = [self._automatic(t, "torsion_middle") for t in (b, c)]
        for key in (
            (outer[0], *inner, outer[1]),
            ("*", *inner, outer[1]),
            (outer[0], *inner, "*"),
            ("*", *inner, "*"),
        ):
            if row := self._frc.find("torsion_1", AUTO, key):
                height, n, phase = row.values[0], int(row.values[1]), row.values[2]
                terms = [0.0] * 6
                if n:
                    # the file writes K (1 + cos(n phi - p)); shifting the phase by 180 gives the form above
                    terms[2 * (n - 1) : 2 * n] = [height, (phase + 180.0) % 360.0]
                return Found(tuple(terms), "automatic")
        return None

    def out_of_plane(self, a: str, centre: str, b: str, c: str) -> Found | None:
        """K, chi0 of the Wilson angle; the order of the outer atoms does not matter."""
        for outer in itertools.permutations((a, b, c)):
            if found := self._found("wilson_out_of_plane", (outer[0], centre, *outer[1:]), "oop", 2, both_ways=False):
                return found
        key = ("*", self._automatic(centre, "oop_centre"), "*", "*")
        row = self._frc.find("wilson_out_of_plane", AUTO, key, both_ways=False)
        return Found(row.values[:2], "automatic") if row else None

    def angle_angle(self, a: str, centre: str, shared: str, d: str) -> float:
        """Coupling of the angles a-centre-shared and shared-centre-d, kcal/mol/rad²."""
        for key in ((a, centre, shared, d), (d, centre, shared, a)):
            if row := self._explicit("angle-angle", key, "oop", both_ways=False):
                return row.values[0]
        return 0.0

    def cross(self, section: str, key: tuple[str, ...], width: int) -> tuple[float, ...]:
        """A cross term as `width` numbers for `key` as it is written; zeros where PCFF has none.

        Sections with a left and a right half may give one half only, which then stands for both.
        """
        kind = "angle" if len(key) == 3 else "torsion"
        row = self._explicit(section, key, kind)
        if row is None:
            return (0.0,) * width
        values = row.values[:width]
        if len(values) < width:
            return values * 2
        sided = width % 2 == 0
        return values[width // 2 :] + values[: width // 2] if row.reversed and sided else values
