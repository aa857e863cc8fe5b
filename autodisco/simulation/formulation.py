"""What is in a box, apart from how much of it: polymers, solvents and salts with their shares.

A lone homopolymer with the salt of the protocol is the simplest formulation, and has the key of the polymer. A
formulation is a TOML file (docs/formulations.md) or is made of flags of `autodisco simulate`.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator
from rdkit import Chem

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.polymer import Material, RepeatUnit, join_blocks, parse
from autodisco.polymer.material import canonical_units
from autodisco.section import Molality, Table
from autodisco.simulation.forcefield import ions as ion_data
from autodisco.simulation.forcefield import topology
from autodisco.simulation.toml_model import read_toml, validated

Amount = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Architecture = Literal["homopolymer", "alternating", "random", "block"]
TOLERANCE = 1e-6


class _Table(Table):
    model_config = ConfigDict(ignored_types=(cached_property,))


class Unit(_Table):
    """A repeat unit of a copolymer and its share of the units (mole fraction).

    `smiles` is kept in one spelling, with the cut and the direction that were written.
    """

    smiles: str
    fraction: Fraction

    @field_validator("smiles")
    @classmethod
    def _is_a_unit(cls, smiles: str) -> str:
        try:
            return join_blocks(parsed(smiles).written)
        except InvalidRepeatUnit as error:
            raise ValueError(str(error)) from error

    @property
    def unit(self) -> RepeatUnit:
        """The unit, which is known to be valid."""
        return parsed(self.smiles)


class Polymer(_Table):
    """A homopolymer (`smiles`) or a copolymer (`units`), and its share of the mass of all polymers.

    The units of a copolymer are joined as they are written. An alternating copolymer is the homopolymer of its units in
    a row. In a block copolymer each chain holds one block of every kind. A random one is a random order of the units
    over all chains of the box, which hold the numbers asked for; `sequence_seed` fixes it for all builds.
    """

    smiles: str | None = None
    units: tuple[Unit, ...] = ()
    architecture: Architecture = "homopolymer"
    mass_fraction: Fraction = 1.0
    sequence_seed: Annotated[int, Field(ge=0)] | None = None

    @field_validator("smiles")
    @classmethod
    def _is_a_unit(cls, smiles: str | None) -> str | None:
        return None if smiles is None else parsed(smiles).given

    @model_validator(mode="after")
    def _is_one_of_the_architectures(self) -> "Polymer":
        if self.architecture == "homopolymer":
            if self.smiles is None or self.units:
                raise ValueError("a homopolymer needs smiles, and no units; for a copolymer give architecture too")
        elif self.smiles is not None or len(self.units) < 2:
            raise ValueError(f"architecture {self.architecture} needs two units or more, and no smiles")
        elif abs(sum(unit.fraction for unit in self.units) - 1) > TOLERANCE:
            raise ValueError(f"the fractions of the units add up to {sum(u.fraction for u in self.units):g}, not to 1")
        if self.architecture == "alternating" and len({unit.fraction for unit in self.units}) > 1:
            equal = 1 / len(self.units)
            raise ValueError(f"the units of an alternating copolymer have equal fractions, here {equal:.4g} each")
        if self.sequence_seed is not None and self.architecture != "random":
            raise ValueError("sequence_seed is for architecture random; leave it out")
        return self

    @cached_property
    def homopolymer(self) -> RepeatUnit | None:
        """The repeat unit of a polymer with one kind of unit; None for random and block copolymers."""
        if self.smiles is not None:
            return parsed(self.smiles)
        if self.architecture == "alternating":
            return parsed(join_blocks(tuple(block for unit in self.units for block in unit.unit.written)))
        return None

    @cached_property
    def kinds(self) -> tuple[tuple[RepeatUnit, float], ...]:
        """The kinds of units in the chain with their mole fractions."""
        if self.homopolymer:
            return ((self.homopolymer, 1.0),)
        return tuple((unit.unit, unit.fraction) for unit in self.units)

    @property
    def title(self) -> str:
        """For people."""
        if self.homopolymer:
            return self.homopolymer.smiles
        inside = ", ".join(f"{unit.fraction:g} {unit.smiles}" for unit in self.units)
        return f"{self.architecture}({inside})"

    def identity(self) -> dict[str, Any]:
        """What makes it this polymer, whatever way it is written."""
        if self.homopolymer:
            return {"polymer": self.homopolymer.key}
        words = [(unit.unit.written, unit.fraction) for unit in self.units]
        words = canonical_units(words) if self.architecture == "random" else words
        units = [[list(word), fraction] for word, fraction in words]
        kept = {"architecture": self.architecture, "units": units}
        return kept if self.sequence_seed is None else kept | {"sequence_seed": self.sequence_seed}


class Solvent(_Table):
    """A neutral molecule and its amount: one of a mass fraction of polymers and solvents together, or molecules per
    formula unit of salt."""

    smiles: str
    mass_fraction: Fraction | None = None
    mole_ratio: Amount | None = None

    @field_validator("smiles")
    @classmethod
    def _is_neutral(cls, smiles: str) -> str:
        return str(Chem.MolToSmiles(Chem.RemoveHs(neutral_molecule(smiles))))

    @model_validator(mode="after")
    def _has_one_amount(self) -> "Solvent":
        if (self.mass_fraction is None) == (self.mole_ratio is None):
            raise ValueError("a solvent has either mass_fraction or mole_ratio, not both")
        return self


class SaltShare(_Table):
    """A salt and its share of the formula units, relative to that of the other salts."""

    name: str
    mole_ratio: Amount = 1.0


class Formulation(_Table):
    """Components with their shares; the protocol says how much of all there is.

    The order of polymers, solvents, salts and ions has no meaning: the first three are kept in falling order of their
    shares, then of their names, ions by name. Homopolymers are kept as canonical repeat units.

    Attributes
    ----------
    polymers, solvents : at least one of them; without a polymer the mass fractions of the solvents add up to 1
    salts : None for the salt of the protocol, empty for no salt
    molality : mol of all salts per kg of polymers and solvents; None for that of the protocol
    ions : those that the program does not have; in a file, the paths of their files
    """

    polymers: tuple[Polymer, ...]
    solvents: tuple[Solvent, ...] = ()
    ions: tuple[ion_data.Ion, ...] = ()
    salts: tuple[SaltShare, ...] | None = None
    molality: Molality | None = None

    @field_validator("polymers")
    @classmethod
    def _polymers_in_order(cls, polymers: tuple[Polymer, ...]) -> tuple[Polymer, ...]:
        alike = [
            Polymer(smiles=polymer.homopolymer.smiles, mass_fraction=polymer.mass_fraction)
            if polymer.homopolymer
            else polymer
            for polymer in polymers
        ]
        return tuple(sorted(alike, key=lambda polymer: (-polymer.mass_fraction, polymer.title)))

    @field_validator("solvents")
    @classmethod
    def _solvents_in_order(cls, solvents: tuple[Solvent, ...]) -> tuple[Solvent, ...]:
        return tuple(sorted(solvents, key=lambda one: (-(one.mass_fraction or 0), -(one.mole_ratio or 0), one.smiles)))

    @field_validator("salts")
    @classmethod
    def _salts_in_order(cls, salts: tuple[SaltShare, ...] | None) -> tuple[SaltShare, ...] | None:
        return None if salts is None else tuple(sorted(salts, key=lambda salt: (-salt.mole_ratio, salt.name)))

    @field_validator("ions")
    @classmethod
    def _ions_in_order(cls, ions: tuple[ion_data.Ion, ...]) -> tuple[ion_data.Ion, ...]:
        return tuple(sorted(ions, key=lambda ion: ion.name))

    @model_validator(mode="after")
    def _adds_up(self) -> "Formulation":
        whole = self.polymers or self.solvents
        total = sum(part.mass_fraction or 0.0 for part in whole)
        if abs(total - 1) > TOLERANCE:
            noun = "polymers" if self.polymers else "solvents, without a polymer,"
            raise ValueError(f"the mass fractions of the {noun} add up to {total:g}, not to 1")
        if self.polymers and sum(solvent.mass_fraction or 0.0 for solvent in self.solvents) >= 1:
            raise ValueError("the mass fractions of the solvents leave no polymer; their sum has to be below 1")
        titles = [part.title for part in self.polymers] + [solvent.smiles for solvent in self.solvents]
        if doubled := {title for title in titles if titles.count(title) > 1}:
            raise ValueError(f"{doubled.pop()} is named twice; name it once, with its whole share")
        names = [salt.name for salt in self.salts or ()]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"salt {doubled.pop()} is named twice; name it once")
        if self.salts == () and (self.molality is not None or any(s.mole_ratio for s in self.solvents)):
            raise ValueError(
                "molality and mole_ratio of solvents need a salt; name one in [[salts]], or leave them out"
            )
        try:
            ion_data.known(self.ions)
            used = {ion.name for name in names for ion in ion_data.salt(name, self.ions).ions}
        except InputError as error:
            raise ValueError(str(error)) from error
        if unused := [ion.name for ion in self.ions if ion.name not in used]:
            raise ValueError(f"ion '{unused[0]}' is part of no salt of the formulation; name its salt, or leave it out")
        return self

    @cached_property
    def homopolymer(self) -> RepeatUnit | None:
        """The repeat unit of a lone homopolymer with the salt of the protocol; None for anything else."""
        alone = len(self.polymers) == 1 and not self.solvents and self.salts is None and self.molality is None
        return self.polymers[0].homopolymer if alone else None

    @cached_property
    def key(self) -> str:
        """Stable hexadecimal key, 16 characters; that of the polymer for a lone homopolymer."""
        if self.homopolymer:
            return self.homopolymer.key
        parts = [polymer.identity() | {"mass": polymer.mass_fraction} for polymer in self.polymers]
        content = {
            "polymers": sorted(parts, key=json.dumps),
            "solvents": sorted(solvent.model_dump_json() for solvent in self.solvents),
            "salts": None if self.salts is None else sorted(salt.model_dump_json() for salt in self.salts),
            "ions": sorted(ion.model_dump_json() for ion in self.ions),
            "molality": self.molality,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """For people: polymers, solvents and salts with their shares."""
        if len(self.polymers) == 1:
            parts = [self.polymers[0].title]
        elif not self.polymers and len(self.solvents) == 1:
            return self._with_salts(self.solvents[0].smiles)
        else:
            parts = [f"{polymer.mass_fraction:.3g} {polymer.title}" for polymer in self.polymers]
        for solvent in self.solvents:
            share = f"{solvent.mass_fraction:.3g}" if solvent.mass_fraction else f"{solvent.mole_ratio:g} per salt"
            parts.append(f"{solvent.smiles} ({share})")
        return self._with_salts(" + ".join(parts))

    def _with_salts(self, text: str) -> str:
        if self.salts is None:
            return text
        ratios = "" if len(self.salts) < 2 else ":".join(f"{salt.mole_ratio:g}" for salt in self.salts)
        salts = " + ".join(salt.name for salt in self.salts) or "no salt"
        return f"{text}; {salts}{f' ({ratios})' if ratios else ''}"

    def content(self) -> dict[str, Any]:
        """Everything that decides values, as plain JSON, without what is as by default."""
        return self.model_dump(mode="json", exclude_defaults=True)


def of(subject: "RepeatUnit | Material | Formulation") -> Formulation:
    """A formulation as it is, or that of a lone homopolymer, or of a material with the salt of the protocol."""
    if isinstance(subject, Formulation):
        return subject
    if isinstance(subject, RepeatUnit):
        return Formulation(polymers=(Polymer(smiles=subject.given),))
    if unit := subject.homopolymer:
        return of(unit)
    if subject.architecture == "random":
        units = tuple(Unit(smiles=unit.given, fraction=x) for unit, x in subject.parts if isinstance(unit, RepeatUnit))
        return Formulation(polymers=(Polymer(architecture="random", units=units),))
    polymers = [(unit.smiles, share) for unit, share in subject.parts if isinstance(unit, RepeatUnit)]
    solvents = [(one.smiles, share) for one, share in subject.parts if not isinstance(one, RepeatUnit)]
    total = sum(share for _, share in polymers)
    return Formulation(
        polymers=tuple(Polymer(smiles=smiles, mass_fraction=share / total) for smiles, share in polymers),
        solvents=tuple(Solvent(smiles=smiles, mass_fraction=share) for smiles, share in solvents),
    )


def read(path: Path) -> Formulation:
    """The formulation in a TOML file; paths of ions are relative to it. Raises InputError with file, key and value."""
    content = read_toml(path, "formulation")
    return validated(ion_data.with_ions(content, path, "ions"), Formulation, path)


def parsed(smiles: str) -> RepeatUnit:
    """The repeat unit. Raises ValueError with the reason."""
    try:
        return parse(smiles)
    except InvalidRepeatUnit as error:
        raise ValueError(str(error)) from error


def neutral_molecule(smiles: str) -> Chem.Mol:
    """A molecule with explicit hydrogens. Raises ValueError for a text that is no neutral molecule."""
    mol = topology.single_molecule(smiles)
    if mol is None or Chem.GetFormalCharge(mol) or any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise ValueError(f"{smiles!r} is not the SMILES of one neutral molecule, such as COCCOC")
    return mol


def from_dict(content: Mapping[str, Any]) -> Formulation:
    """What `Formulation.content` gave."""
    return Formulation.model_validate(content)
