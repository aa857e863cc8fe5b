"""Ions and salts as data: one TOML file per ion, and salts named by their ions.

The files of this package are in `data/ions/`; a user adds others by path. Parameters stand in a file as they were
published; the file names the conventions, and `ion_terms` converts them. Charges are whole; protocols scale them.
"""

import difflib
import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from rdkit import Chem

from autodisco.errors import InputError
from autodisco.section import Table
from autodisco.simulation.forcefield import topology
from autodisco.simulation.toml_model import read_model

SHIPPED = Path(__file__).parent / "data" / "ions"

Values = tuple[float, ...]
Index = Annotated[int, Field(ge=0)]
Distance = Annotated[float, Field(gt=0, le=20)]
CHARGE_TOLERANCE = 1e-6  # e


class AtomType(Table):
    """Charge (e) and Lennard-Jones parameters of the atoms of one type, in the conventions of the ion."""

    charge: float
    epsilon: Annotated[float, Field(ge=0)]
    size: Annotated[float, Field(gt=0)]


class Ion(Table):
    """One ion: its atoms, every parameter, and what an analysis has to know.

    Attributes
    ----------
    name : as it stands in the name of a salt
    smiles : elements, bonds and formal charge; atoms count from 0 in its order, hydrogens last
    charge : formal charge in e
    source : where the parameters were published
    estimated : which parameters were not published for this ion, and how they were made; empty if none
    energy_unit : of `epsilon` and of all force constants
    lennard_jones : ``9-6`` with `size` at the minimum, or ``12-6`` with `size` where the energy is 0; both in Å
    harmonic : ``K`` for K (x - x0)², ``k/2`` for k/2 (x - x0)²
    torsion : ``fourier`` for V1, φ1, V2, φ2, V3, φ3 of Σ Vn (1 - cos(nφ - φn)), ``opls`` for V1, V2, V3 of
        Σ Vn/2 (1 ± cos nφ)
    charges_scaled_by : published charges are divided by it
    contact_a : of cations, Å; a cation and an anion touch when a coordinating atom is nearer
    shell_a : of cations, Å; atoms nearer than this are neighbours
    centre : the atom that stands for the position of the ion
    coordinating : atoms that touch the ions of the other sign
    atoms : type of each atom
    positions : (n, 3) in Å, for rigid placement
    types : parameters by type
    bonds, angles : equilibrium (Å or degrees) and force constant by the types along them, such as ``O-S-O``
    torsions : by the types along them; ``*`` is any type
    out_of_plane : force constant (of rad⁻²) of the mean Wilson angle, by the type of an atom with three neighbours
    """

    name: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$")]
    smiles: str
    charge: int
    source: Annotated[str, Field(min_length=10)]
    estimated: str = ""
    energy_unit: Literal["kcal/mol", "kJ/mol"] = "kcal/mol"
    lennard_jones: Literal["9-6", "12-6"]
    harmonic: Literal["K", "k/2"] = "K"
    torsion: Literal["fourier", "opls"] = "fourier"
    charges_scaled_by: Annotated[float, Field(gt=0, le=1)] = 1.0
    contact_a: Distance | None = None
    shell_a: Distance | None = None
    centre: Index
    coordinating: Annotated[tuple[Index, ...], Field(min_length=1)]
    atoms: Annotated[tuple[str, ...], Field(min_length=1)]
    positions: tuple[tuple[float, float, float], ...]
    types: dict[str, AtomType]
    bonds: dict[str, tuple[float, float]] = Field({})
    angles: dict[str, tuple[float, float]] = Field({})
    torsions: dict[str, Values] = Field({})
    out_of_plane: dict[str, float] = Field({})

    @model_validator(mode="after")
    def _is_complete(self) -> "Ion":
        mol = self.molecule
        n = mol.GetNumAtoms()
        if Chem.GetFormalCharge(mol) != self.charge or not self.charge:
            raise ValueError(f"smiles has the charge {Chem.GetFormalCharge(mol):+d}, but charge is {self.charge:+d}")
        if not len(self.atoms) == len(self.positions) == n:
            raise ValueError(f"smiles has {n} atoms, but atoms {len(self.atoms)} and positions {len(self.positions)}")
        if not {self.centre, *self.coordinating} <= set(range(n)):
            raise ValueError(f"centre and coordinating must be between 0 and {n - 1}")
        if self.charge > 0 and (self.contact_a is None or self.shell_a is None):
            raise ValueError("a cation needs contact_a and shell_a (docs/extending.md)")
        if unknown := [name for name in self.atoms if name not in self.types]:
            raise ValueError(f"type '{unknown[0]}' of atoms is not in types")
        total = sum(self.types[name].charge for name in self.atoms) / self.charges_scaled_by
        if abs(total - self.charge) > CHARGE_TOLERANCE:
            raise ValueError(f"the charges of the atoms add up to {total:.6f} e, not to {self.charge:+d}")
        self._check_names()
        width = 6 if self.torsion == "fourier" else 3
        if wrong := [name for name, row in self.torsions.items() if len(row) != width]:
            raise ValueError(f"torsions.{wrong[0]}: {width} numbers expected with torsion = '{self.torsion}'")
        self._check_terms(mol)
        return self

    def _check_names(self) -> None:
        """Raise ValueError for a type in a table that no atom has: a typing error leaves parameters without effect."""
        used = sorted(set(self.atoms))
        if hyphened := [name for name in used if "-" in name]:
            raise ValueError(f"atoms: type '{hyphened[0]}' holds a hyphen, which stands between two types")
        for table in ("types", "bonds", "angles", "torsions", "out_of_plane"):
            for key in getattr(self, table):
                words = key.split("-")
                if table == "torsions" and words[0] == words[-1] == "*":
                    words = words[1:-1]
                if unknown := [word for word in words if word not in used]:
                    close = difflib.get_close_matches(unknown[0], used, n=1)
                    hint = f" (did you mean '{close[0]}'?)" if close else f"; types: {', '.join(used)}"
                    raise ValueError(f"{table}.{key}: no atom has the type '{unknown[0]}'{hint}")

    def _check_terms(self, mol: Chem.Mol) -> None:
        for bond in topology.bonds(mol):
            self.row("bonds", bond)
        for angle in topology.angles(mol):
            self.row("angles", angle)
        for dihedral in topology.dihedrals(mol):
            self.row("torsions", dihedral)

    def row(self, table: Literal["bonds", "angles", "torsions"], atoms: Iterable[int]) -> Values:
        """Parameters of a term from a table. Raises ValueError if the table has no row for it."""
        types = [self.atoms[i] for i in atoms]
        rows: dict[str, Any] = getattr(self, table)
        for chain in (types, types[::-1]):
            for key in ("-".join(chain), "-".join(["*", *chain[1:-1], "*"])):
                if key in rows:
                    return tuple(rows[key])
        raise ValueError(f"{table} has no row for {'-'.join(types)}")

    @property
    def molecule(self) -> Chem.Mol:
        """The ion with explicit hydrogens. Raises ValueError for a SMILES that cannot be read."""
        return _molecule(self.smiles)


@functools.cache
def _molecule(smiles: str) -> Chem.Mol:
    mol = topology.single_molecule(smiles)
    if mol is None:
        raise ValueError(f"{smiles!r} is not the SMILES of one ion, such as F[P-](F)(F)(F)(F)F")
    return mol


@dataclass(frozen=True)
class Salt:
    """A neutral salt: how many of which cation and anion make one formula unit."""

    cation: Ion
    anion: Ion

    @property
    def cations(self) -> int:
        """Cations per formula unit."""
        return -self.anion.charge // math.gcd(self.cation.charge, self.anion.charge)

    @property
    def anions(self) -> int:
        """Anions per formula unit."""
        return self.cation.charge // math.gcd(self.cation.charge, self.anion.charge)

    @property
    def ions(self) -> tuple[Ion, ...]:
        """The ions of one formula unit in the order in which they are placed, anions first."""
        return (self.anion,) * self.anions + (self.cation,) * self.cations

    @property
    def name(self) -> str:
        """Such as ``LiTFSI`` or ``Mg(TFSI)2``."""

        def counted(ion: Ion, n: int) -> str:
            return ion.name if n == 1 else f"({ion.name}){n}" if len(ion.atoms) > 1 else f"{ion.name}{n}"

        return counted(self.cation, self.cations) + counted(self.anion, self.anions)


@functools.cache
def shipped() -> dict[str, Ion]:
    """The ions of this package by name."""
    return {path.stem: read(path) for path in sorted(SHIPPED.glob("*.toml"))}


def read(path: Path) -> Ion:
    """The ion in a TOML file. Raises InputError with file, key and what is allowed."""
    return read_model(path, Ion, "ion")


def with_ions(content: dict[str, Any], path: Path, key: str) -> dict[str, Any]:
    """The content of the file at `path`, with the ion files that it lists under `ions` read.

    Their paths are relative to that file; `key` names the list in messages. Raises InputError.
    """
    files = content.get("ions")
    if files is None:
        return content
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
        raise InputError(f"{path}: {key}: a list of the paths of ion files expected")
    try:
        ions = [read(path.parent / file) for file in files]
    except InputError as error:
        raise InputError(f"{path}: {key}: {error}") from error
    for file, ion in zip(files, ions, strict=True):
        if shipped().get(ion.name, ion) != ion:
            raise InputError(
                f"{path}: {key}: {file}: autodisco has another ion '{ion.name}' already; choose another name"
            )
    return {**content, "ions": ions}


def known(more: Iterable[Ion] = ()) -> dict[str, Ion]:
    """The ions of this package and others, by name. Raises InputError if two have the same name."""
    found = dict(shipped())
    for ion in more:
        if ion.name in found and found[ion.name] != ion:
            raise InputError(f"ion '{ion.name}' is defined twice, with different content; choose another name")
        found[ion.name] = ion
    return found


def salt(name: str, more: Iterable[Ion] = ()) -> Salt:
    """The salt `name`, made of the ions of this package and of `more`. Raises InputError if there is none."""
    ions = known(more).values()
    cations, anions = [ion for ion in ions if ion.charge > 0], [ion for ion in ions if ion.charge < 0]
    salts = {found.name: found for found in (Salt(cation, anion) for cation in cations for anion in anions)}
    if name in salts:
        return salts[name]
    any_case = {found.casefold(): found for found in salts}
    close = difflib.get_close_matches(name.casefold(), any_case, n=1)
    hint = f" (did you mean '{any_case[close[0]]}'?)" if close else ""
    names = [", ".join(ion.name for ion in kind) for kind in (cations, anions)]
    raise InputError(
        f"salt '{name}' does not exist{hint}; cations: {names[0]}; anions: {names[1]}; others need an ion file"
    )
