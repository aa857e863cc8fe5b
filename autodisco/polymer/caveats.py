"""What a predicted conductivity does not see, and polymers for which it is known to be off.

The figures are those of the comparison with measured values (docs/experiment.md).
"""

from dataclasses import dataclass
from typing import Any

from autodisco.polymer import ELEMENTS, Material, flags_of
from autodisco.polymer.rules import Rule

SOURCE = "docs/experiment.md"

HELD, MEASURED = 0.69, 51
"""Share of measured polymers with LiTFSI whose value lies in the interval that holds 90 %, and their number."""

BEST_DRY_S_PER_CM = 1.36e-3
"""The highest conductivity of a polymer with salt and without solvent at 353 K in the shipped table of measured
values."""

PLAUSIBLE_S_PER_CM = 1e-2
"""A measured value above this is seven times the best one, and more likely a mistake of the unit."""

MELTING = "Melting and the glass transition are not seen."

KNOWN_ELEMENTS = ELEMENTS | {"Cl", "Si"}
"""Elements of the polymers from which the prior mean was learnt (HTP-MD)."""


@dataclass(frozen=True)
class Caveat:
    """Why an estimate of a polymer is worth less: `name` in a word, `reason` in a sentence; for a class of polymers
    `decades`, predicted minus measured in the mean of so many `polymers`."""

    name: str
    reason: str
    decades: float | None = None
    polymers: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"name": self.name, "reason": self.reason, "decades": self.decades, "polymers": self.polymers}


def _known(name: str, smarts: str, decades: float, polymers: int, said: str) -> tuple[Rule, Caveat]:
    reason = f"{said} ({decades:+.1f} decades in the mean of {polymers} measured polymers, {SOURCE})"
    return Rule(name, smarts, reason, SOURCE), Caveat(name, reason, decades, polymers)


KNOWN_ERRORS = (
    _known(
        "acetal",
        "[OX2;!$(O-[#6]=O)]-[CX4;!$(C-F)]-[OX2;!$(O-[#6]=O)]",
        0.23,
        5,
        "in the wrong order: predictions rise with the share of O-CH2-O, measured values fall",
    ),
    _known(
        "amine",
        "[NX3;!$(N-[#6]=[O,S,N]);!$(N-[!#6;!#1]);!$(N-[c,$([#6]#N)])]-[CX4]",
        1.49,
        2,
        "predicted too high",
    ),
    _known(
        "carbonate",
        "[#6]-[OX2]-[CX3](=O)-[OX2]-[#6]",
        0.77,
        24,
        "predicted too high, most of all near the glass transition",
    ),
)
"""Classes of polymers for which measured values show an error of the prediction."""


def caveats(material: Material) -> tuple[Caveat, ...]:
    """What is known against an estimate of a polymer; nothing for most."""
    elements = elements_of(material)
    found = {flag.name for flag in flags_of(material, [rule for rule, _ in KNOWN_ERRORS])}
    told = [caveat for _, caveat in KNOWN_ERRORS if caveat.name in found]
    if unknown := sorted(elements - ELEMENTS):
        also = ", and no polymer with it taught the prediction" if elements - KNOWN_ELEMENTS else ""
        told.append(Caveat(" ".join(unknown), f"cannot be simulated here{also}"))
    return tuple(told)


def weak_bonds(material: Material) -> tuple[Caveat, ...]:
    """The weak bonds of a polymer that `check` flags: its value may be right, and it does not last."""
    return tuple(Caveat(flag.name, f"weak bond: {flag.reason}") for flag in flags_of(material))


def elements_of(material: Material) -> set[str]:
    """Symbols of the elements in a material, without the ends."""
    return {atom.GetSymbol() for part, _ in material.chains for atom in part.mol.GetAtoms()} - {"*"}


def what_it_is() -> tuple[str, ...]:
    """Lines that say what an estimate at the conditions of the reference protocol is and how far it can be trusted."""
    return (
        f"Simulated conductivity of the amorphous polymer with LiTFSI at 1.5 mol/kg and 353 K. {MELTING} Other "
        "temperatures and salt contents: autodisco scan.",
        f"Against experiment, the 90 % interval held {100 * HELD:.0f} % of {MEASURED} measured polymers ({SOURCE}).",
    )
