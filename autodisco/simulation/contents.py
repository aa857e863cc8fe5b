"""From a formulation and the settings of a protocol to whole numbers: chains and their lengths, molecules, ions."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit.Chem.Descriptors import MolWt

from autodisco.errors import InputError
from autodisco.polymer import RepeatUnit
from autodisco.polymer.chains import Chain, backbone_atoms, chain, mixed_chain, repeat_unit_mass
from autodisco.simulation.forcefield.ions import Salt
from autodisco.simulation.formulation import Formulation, Polymer, neutral_molecule, of
from autodisco.simulation.protocols import SystemSettings

CAPS_MASS = 30.07
"""g/mol of the two methyl caps of a chain."""


@dataclass(frozen=True)
class BoxContents:
    """How much is in a box.

    Attributes
    ----------
    chains : of each polymer, the repeat units of each of its chains
    solvents : molecules of each solvent
    salts : each salt and its formula units
    """

    chains: tuple[tuple[int, ...], ...]
    solvents: tuple[int, ...]
    salts: tuple[tuple[Salt, int], ...]

    def __str__(self) -> str:
        chains = ", ".join(f"{len(lengths)} chains of {_range(lengths)} units" for lengths in self.chains)
        parts = [*filter(None, [chains]), *(f"{n} solvent molecules" for n in self.solvents)]
        return ", ".join([*parts, *(f"{n} {salt.name}" for salt, n in self.salts)])


def _range(lengths: Sequence[int]) -> str:
    return f"{lengths[0]}" if len(set(lengths)) == 1 else f"{min(lengths)} to {max(lengths)}"


def applied(formulation: Formulation, settings: SystemSettings) -> SystemSettings:
    """The settings with the salts and the molality of a formulation, for the same mass; applied again, the same.

    Raises InputError for a salt without a molality.
    """
    if formulation.salts == ():
        return settings.model_copy(
            update={"ion_pairs": 0, "molality": None, "polymer_mass_g_per_mol": settings.polymer_mass}
        )
    changed: dict[str, object] = {}
    if formulation.salts:
        changed = {"salt": tuple(salt.name for salt in formulation.salts), "ions": formulation.ions}
    molality = formulation.molality or settings.molality
    if formulation.salts and molality is None:
        raise InputError("the protocol has no salt: the formulation has to give molality beside salts")
    if molality is not None:
        least = len(formulation.salts or settings.salts)
        ion_pairs = max(least, round(molality * settings.polymer_mass / 1000.0))
        changed |= {"ion_pairs": ion_pairs, "molality": molality, "polymer_mass_g_per_mol": None}
    return settings.model_copy(update=changed)


def composition(subject: RepeatUnit | Formulation, settings: SystemSettings) -> BoxContents:
    """The whole numbers nearest to the amounts asked for.

    Raises InputError if a mole ratio needs a salt and there is none, if solvents leave no mass to the polymers, or if
    there are fewer units than kinds of them.
    """
    formulation = of(subject)
    settings = applied(formulation, settings)
    solvents, left = [], settings.polymer_mass
    for solvent in formulation.solvents:
        mass = MolWt(neutral_molecule(solvent.smiles))
        if solvent.mass_fraction:
            n = solvent.mass_fraction * settings.polymer_mass / mass
        elif settings.ion_pairs:
            n = (solvent.mole_ratio or 0.0) * settings.ion_pairs
        else:
            raise InputError(f"solvent {solvent.smiles}: mole_ratio counts molecules per salt, and there is no salt")
        solvents.append(max(1, round(n)))
        left -= solvents[-1] * mass
    if formulation.polymers and left <= 0:
        raise InputError("the solvents are heavier than polymers and solvents together may be; lower their amount")
    chains = tuple(_chain_lengths(polymer, polymer.mass_fraction * left, settings) for polymer in formulation.polymers)
    for polymer, lengths in zip(formulation.polymers, chains, strict=True):
        _check_room(polymer, lengths)
    if not settings.ion_pairs:
        return BoxContents(chains, tuple(solvents), ())
    ratios = [salt.mole_ratio for salt in formulation.salts or ()] or [1.0] * len(settings.salts)
    shares = np.array(ratios) / sum(ratios)
    return BoxContents(
        chains, tuple(solvents), tuple(zip(settings.salts, whole_shares(settings.ion_pairs, shares, 1), strict=True))
    )


def _chain_lengths(polymer: Polymer, mass: float, settings: SystemSettings) -> tuple[int, ...]:
    """Repeat units of each chain, for chains near the wanted length that have a mass (g/mol) together."""
    unit_mass = sum(fraction * repeat_unit_mass(unit) for unit, fraction in polymer.kinds)
    backbone = sum(fraction * backbone_atoms(unit) for unit, fraction in polymer.kinds)
    units = max(1, round(settings.backbone_atoms / backbone))
    chains = max(1, round(mass / (units * unit_mass)))
    if settings.chain_lengths == "equal":
        return (max(1, round(mass / (chains * unit_mass))),) * chains
    total = max(chains, round((mass - chains * CAPS_MASS) / unit_mass))
    return tuple(total // chains + (place < total % chains) for place in range(chains))


def _check_room(polymer: Polymer, lengths: Sequence[int]) -> None:
    """Raises InputError if a chain of blocks, or a box of a random copolymer, is too short for every kind of unit."""
    units, place = (sum(lengths), "box") if polymer.architecture == "random" else (min(lengths), "chain")
    if units < len(polymer.kinds):
        raise InputError(
            f"{polymer.title}: a {place} of {units} units has no room for {len(polymer.kinds)} kinds of units; "
            "take a protocol with more"
        )


def whole_shares(total: int, shares: Sequence[float] | np.ndarray, least: int = 0) -> list[int]:
    """`total` in whole numbers that are nearest to the shares (of sum 1), each at least `least`.

    Raises ValueError if `total` is too small for that.
    """
    if total < least * len(shares):
        raise ValueError(f"{total} is less than {len(shares)} shares of at least {least}")
    exact = np.asarray(shares, dtype=float) * total
    found = np.maximum(np.floor(exact + 1e-9), least).astype(int)
    while found.sum() < total:
        found[np.argmax(exact - found)] += 1
    while found.sum() > total:
        found[np.argmax(np.where(found > least, found - exact, -np.inf))] -= 1
    return [int(n) for n in found]


def sequences(polymer: Polymer, lengths: Sequence[int], seed: int) -> list[tuple[int, ...]]:
    """Which kind of unit stands where in each chain; random orders are the same for the same seed.

    Every chain of blocks holds every kind, and so does a box of a random copolymer. Raises ValueError if it is too
    short for that, which `composition` refuses before.
    """
    shares = [fraction for _, fraction in polymer.kinds]
    if polymer.architecture != "random":
        return [
            tuple(kind for kind, n in enumerate(whole_shares(length, shares, 1)) for _ in range(n))
            for length in lengths
        ]
    counts = whole_shares(sum(lengths), shares, 1)
    rng = np.random.default_rng(seed if polymer.sequence_seed is None else polymer.sequence_seed)
    order = rng.permutation(np.repeat(np.arange(len(counts)), counts)).tolist()
    ends = [0, *itertools.accumulate(lengths)]
    return [tuple(order[start:stop]) for start, stop in itertools.pairwise(ends)]


def chain_of(polymer: Polymer, sequence: Sequence[int]) -> Chain:
    """The chain of a sequence of units."""
    if polymer.homopolymer:
        return chain(polymer.homopolymer, len(sequence))
    return mixed_chain([unit for unit, _ in polymer.kinds], sequence)
