"""Shares and concentrations of a box of whole molecules, against those that were asked for."""

from collections import Counter
from collections.abc import Iterator

from rdkit.Chem.Descriptors import MolWt

from autodisco.polymer import RepeatUnit
from autodisco.polymer.chains import repeat_unit_mass
from autodisco.simulation.contents import CAPS_MASS, applied, composition, sequences
from autodisco.simulation.formulation import Formulation, neutral_molecule, of
from autodisco.simulation.protocols import SystemSettings

TOLERANCE = 0.1
"""Relative difference above which a realised amount is told."""


def deviations(subject: RepeatUnit | Formulation, settings: SystemSettings) -> list[str]:
    """Amounts that differ from those asked for by more than `TOLERANCE`, each with both values, as warnings.

    Masses include the end groups of the chains. Raises InputError as `composition` does.
    """
    return [
        f"{what}: {asked:.3g} asked for, {realised:.3g} in the box"
        for what, asked, realised in _amounts(of(subject), settings)
        if abs(realised / asked - 1) > TOLERANCE
    ]


def _amounts(formulation: Formulation, settings: SystemSettings) -> Iterator[tuple[str, float, float]]:
    """What, how much was asked for, and how much is in the box."""
    settings, contents = applied(formulation, settings), composition(formulation, settings)
    masses = []
    for polymer, lengths in zip(formulation.polymers, contents.chains, strict=True):
        counts = Counter(kind for sequence in sequences(polymer, lengths, seed=0) for kind in sequence)
        units = [repeat_unit_mass(unit) for unit, _ in polymer.kinds]
        masses.append(sum(n * units[kind] for kind, n in counts.items()) + CAPS_MASS * len(lengths))
        for kind, (unit, fraction) in enumerate(polymer.kinds):
            yield f"mole fraction of {unit.smiles} in {polymer.title}", fraction, counts[kind] / counts.total()
    for polymer, mass in zip(formulation.polymers, masses, strict=True):
        yield f"mass fraction of {polymer.title} in the polymers", polymer.mass_fraction, mass / sum(masses)
    liquids = [
        n * MolWt(neutral_molecule(s.smiles)) for s, n in zip(formulation.solvents, contents.solvents, strict=True)
    ]
    total, pairs = sum(masses) + sum(liquids), sum(n for _, n in contents.salts)
    for solvent, n, mass in zip(formulation.solvents, contents.solvents, liquids, strict=True):
        if solvent.mass_fraction:
            yield f"mass fraction of solvent {solvent.smiles}", solvent.mass_fraction, mass / total
        elif solvent.mole_ratio:
            yield f"molecules of solvent {solvent.smiles} per formula unit of salt", solvent.mole_ratio, n / pairs
    ratios = [salt.mole_ratio for salt in formulation.salts or ()] or [1.0] * len(contents.salts)
    for (salt, n), ratio in zip(contents.salts, ratios, strict=False):
        yield f"mole fraction of {salt.name} in the salts", ratio / sum(ratios), n / pairs
    if pairs and settings.molality:
        yield "molality (mol/kg)", settings.molality, pairs / total * 1000.0
