"""What the columns of exported tables hold: a description and a unit each, for CSV, Parquet, JSON and RO-Crate.

Quantities are described by the table of quantities, values of objectives by their objective, all others here. Units
of these are what their names say.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from autodisco.analysis.column_units import QUDT, QUDT_UNITS, UCUM, unit_of_column
from autodisco.analysis.combination import AT_LEAST, KNOWN, SEM
from autodisco.analysis.quantities import base_name, known, quantity, unit_of
from autodisco.decide import Objective
from autodisco.decide.ranking import AGAINST

PLAIN = {
    "key": "key of the polymer: the same for every spelling of it",
    "smiles": "repeat unit with two *, or text of a material; canonical for a polymer, as drawn for a candidate",
    "monomer_smiles": "repeat unit with two *, or text of a material",
    "psmiles": "repeat unit as PSMILES; empty for other materials",
    "bigsmiles": "BigSMILES; the weights of a random copolymer are its shares; empty for mixtures",
    "given": "repeat unit as it first came",
    "name": "common name, or that of the seed file",
    "source": "where the polymer came from: seed, dataset, grammar or generated",
    "iteration": "iteration of the campaign in which the row came",
    "flags": "rules of stability that the polymer breaks",
    "force_field_flags": "groups for which the force field is weak",
    "rank": "place in the ranking; empty without a value",
    "protocol": "protocol of the simulation, or origin of the value",
    "force_field": "force field",
    "engine": "program that ran the dynamics",
    "molality_mol_per_kg": "amount of salt per mass of polymer and solvent",
    "measured": "values of tables of measured values that were added, with error, conditions and source",
    "n_replicas": "builds with a value",
    "p_better": "probability to be better than the reference",
    "verdict": "reference, better, worse, tie or excluded; of a candidate what became of it",
    "sa_score": "synthetic accessibility, 1 (easy) to 10 (hard); Ertl and Schuffenhauer 2009",
    "heavy_atoms": "atoms of the repeat unit without hydrogen",
    "molar_mass_g_per_mol": "molar mass of the repeat unit",
    "backbone_atoms": "atoms on the shortest path between the ends",
    "oxygen_carbon_ratio": "oxygen atoms per carbon atom",
    "heteroatom_fraction": "share of the heavy atoms that are not carbon",
    "carbon_fraction": "share of the heavy atoms that are carbon",
    "rotatable_fraction": "share of the bonds of the backbone that rotate",
    "coordinating_spacing": "mean number of bonds from one N, O, S or P of the backbone to the next",
    "coordinating_gap": "largest number of such bonds",
    "p_front": "probability that no other polymer with a value dominates it",
    "on_front": "whether none dominates it by what is expected",
    "draw": "number of the draw in its iteration",
    "reason": "why the verdict was given",
    "replica": "number of the build, from 0",
    "status": "waiting, running, done or failed",
    "attempt": "number of the attempt, from 0",
    "seed": "seed of the build and the velocities",
    "failure_code": "failure code; empty for a value",
    "detail": "details of the failure",
    "wall_s": "elapsed time of all runs",
    "cpu_s": "processor time of all runs",
    "atoms": "atoms in the box",
    "started": "when it began, since 1970-01-01 UTC",
    "ended": "when it ended, since 1970-01-01 UTC",
    "executor": "executor of a running replica",
    "handle": "name by which the executor knows it",
    "claim": "claim whose result counts",
    "id": "number of the event",
    "time": "when it happened, since 1970-01-01 UTC",
    "state": "state of the campaign",
    "event": "kind of the event",
    "subject": "what the event is about",
    "seen": "what was seen, as JSON",
    "decided": "what was decided",
    "why": "why",
}
"""Description of columns that are no quantities."""

EXPECTED = {"expected": "expected", "low": "lower end of the interval of 90 %", "high": "upper end of the interval"}
BEFORE = ("property_", "score_")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : head of the column and key in JSON
    description : what it holds
    unit : as the program prints it; empty for pure numbers and text
    """

    name: str
    description: str
    unit: str = ""

    @property
    def ucum(self) -> str | None:
        """Code of the unit in UCUM; None for a pure number, text, or a unit that UCUM lacks."""
        return UCUM.get(self.unit)

    @property
    def qudt(self) -> str | None:
        """Address of the unit in QUDT, or None."""
        return QUDT + QUDT_UNITS[self.unit] if self.unit in QUDT_UNITS else None


def column(name: str, objectives: tuple[Objective, ...] = ()) -> Column:
    """The description of a column of a campaign with these objectives; a name that nothing describes stands for
    itself."""
    for described in _of_objectives(objectives):
        if name == described.name:
            return described
        if name.endswith(f"_{described.name}"):  # of a lower tier
            tier = name.removesuffix(f"_{described.name}")
            return replace(described, name=name, description=f"{described.description}, protocol {tier}")
    if name in PLAIN:
        return Column(name, PLAIN[name], unit_of_column(name))
    if known(base_name(name)):
        return Column(name, _of_quantity(name), unit_of(name))
    for before in BEFORE:
        if name.startswith(before):
            return replace(column(name.removeprefix(before), objectives), name=name)
    if name.endswith("_n_replicas"):
        return Column(name, f"builds with a value, protocol {name.removesuffix('_n_replicas')}")
    return Column(name, name.replace("_", " "), unit_of_column(name))


def _of_objectives(objectives: tuple[Objective, ...]) -> Iterator[Column]:
    for name, words in zip(AGAINST, ("", ", lower end of the interval of 90 %", ", upper end"), strict=True):
        linear = bool(objectives) and objectives[0].scale.floor is None
        what = "difference to the reference" if linear else "ratio to the reference (floor of the scale added to both)"
        yield Column(name, f"{what}, shared errors cancel{words}", objectives[0].unit if linear else "")
    for one in objectives:
        names = one.columns
        yield Column(one.column, one.label, one.unit)
        yield Column(one.sem_column, f"{one.label}, standard error", one.unit)
        for key, words in EXPECTED.items():
            field = names["expected" if key == "expected" else f"expected_{key}"]
            ending = "expected" if key == "expected" else f"expected_{key}"
            yield Column(field, f"{one.label}, {words}", one.unit)
            yield Column(f"{one.column}_{ending}", f"{one.label}, {words}", one.unit)


def _of_quantity(name: str) -> str:
    base = base_name(name)
    label = quantity(base).label
    endings = {SEM: "standard error", AT_LEAST: "lower bound", KNOWN: "number of replicas that know it"}
    return next((f"{label}, {words}" for end, words in endings.items() if name == f"{base}{end}"), label)
