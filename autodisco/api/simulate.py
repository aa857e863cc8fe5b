"""Molecular dynamics of one polymer or formulation, with independent builds, at one temperature or several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from autodisco.api.builds import BuildOptions, Builds, Watch, name_of, subject_of, watched
from autodisco.api.table import Table
from autodisco.errors import InputError
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.analysis.temperatures import Arrhenius, Vtf
    from autodisco.simulation import ReplicaOutcome
    from autodisco.simulation.batch import Subject
    from autodisco.simulation.protocols import Protocol


@dataclass(frozen=True)
class Simulation:
    """What independent builds of a polymer gave.

    Attributes
    ----------
    monomer_smiles : repeat unit as given, or title of a formulation
    key : of the polymer or formulation
    protocol, purpose : name of the protocol, and what its values are good for
    force_field, engine
    properties : means over the builds by quantity, units in the names, standard errors beside them (``_sem``); None
        without any value
    replicas : properties of each build that has a value
    warnings : of all builds, each once
    failures : ``replica``, ``code`` and ``detail`` of each build without a value
    cpu_s : CPU time of all builds, s
    folder : of the builds; each has a folder with its number, which `autodisco.analyze` reads
    """

    monomer_smiles: str
    key: str
    protocol: str
    purpose: str
    force_field: str
    engine: str
    properties: dict[str, Any] | None
    replicas: list[dict[str, Any]]
    warnings: list[str]
    failures: list[dict[str, Any]]
    cpu_s: float
    folder: Path

    @property
    def n_replicas(self) -> int:
        """Number of builds with a value."""
        return len(self.replicas)

    @property
    def table(self) -> Table:
        """The numbers among the properties with their errors and units, a row each."""
        return Table.of_properties(self.properties or {})

    @property
    def headline(self) -> str:
        """The conductivity by which polymers are ranked, in a sentence; empty without ions or any value."""
        from autodisco.analysis.quantities import quantity
        from autodisco.simulation.scan import NOT_RESOLVED
        from autodisco.text import significant

        name, found = "conductivity_s_per_cm", self.properties or {}
        if found.get(name) is None:
            return ""
        entry, value, error = quantity(name), found[name], found.get(f"{name}_sem")
        what = f"{entry.label} at {found['temperature_k']:g} K, mean of {counted(self.n_replicas, 'build')}"
        if not value:
            return f"{what}: {NOT_RESOLVED}; take a longer protocol or more builds"
        number = significant(value * entry.factor)
        if error is None:
            return f"{what}: {number} {entry.shown_unit} (its error needs two builds or more)"
        return f"{what}: {number} ± {significant(error * entry.factor)} {entry.shown_unit}"

    def to_dict(self) -> dict[str, Any]:
        """As ``autodisco simulate --json`` prints it."""
        return {**vars(self), "n_replicas": self.n_replicas, "folder": str(self.folder)}


def simulate(
    what: str | Path | Subject,
    protocol: str = "quick",
    replicas: int = 2,
    *,
    temperature_k: float | None = None,
    progress: Callable[[str], None] = lambda line: None,
    watch: Watch | None = None,
    **options: Unpack[BuildOptions],
) -> Simulation:
    """Simulate a polymer electrolyte. Finished builds in the folder are not run again; more replicas extend the set.

    Parameters
    ----------
    what : a repeat unit, the text of a material (``*OCC*.*CC*|blend|0.3``), the path of a formulation file (``.toml``),
        or a formulation
    protocol : a name, such as ``quick`` or ``overnight``, or the path of a TOML file
    replicas : number of independent builds
    temperature_k : K, in place of that of the protocol
    progress : called with a line when the work begins and when a build ends
    watch : makes what is told of every build, in place of the lines at their ends (`autodisco.api.builds.Watch`)
    options : `autodisco.api.builds.BuildOptions`, such as ``engine``, ``seed``, ``workers``, ``folder``

    Raises
    ------
    InputError
        For a polymer, protocol, force field, engine or executor that cannot be used.
    AutodiscoError
        If the program of the engine is missing. A build that fails is in `Simulation.failures`.

    Examples
    --------
    >>> import autodisco
    >>> peo = autodisco.simulate("*OCC*", "smoke", replicas=1)
    >>> peo.n_replicas, peo.failures
    (1, [])
    """
    from autodisco.simulation import protocols

    subject = subject_of(what)
    if temperature_k is None and "@" not in protocol and (several := protocols.load(protocol).temperatures):
        raise InputError(f"protocol {protocol} has {counted(len(several), 'temperature')}; choose with temperature_k")
    protocol = protocol if temperature_k is None else f"{protocol}@{temperature_k:g}"
    loaded, builds, name = protocols.load(protocol), Builds(**options).resolved(), name_of(subject)
    progress(f"{name}: {counted(replicas, 'build')} with {builds.told(loaded.name)}")
    with watched(watch, progress, {subject.key: name}) as shown:
        outcomes = builds.run([subject], protocol, replicas, shown)[subject.key]
    return _simulation(subject, loaded, builds, outcomes)


def _simulation(
    subject: Subject, protocol: Protocol, builds: Builds, outcomes: Mapping[int, ReplicaOutcome]
) -> Simulation:
    """What the outcomes of builds give."""
    from autodisco.analysis import combine
    from autodisco.simulation.batch import failures, values

    properties = values(outcomes)
    return Simulation(
        monomer_smiles=name_of(subject),
        key=subject.key,
        protocol=protocol.name,
        purpose=protocol.purpose,
        force_field=builds.force_field,
        engine=builds.engine,
        properties=combine(properties) if properties else None,
        replicas=properties,
        warnings=list(dict.fromkeys(text for row in properties for text in row["warnings"])),
        failures=failures(outcomes),
        cpu_s=sum(outcome.cpu_s for outcome in outcomes.values()),
        folder=builds.place(subject, protocol.name),
    )


@dataclass(frozen=True)
class OverTemperature:
    """Conductivities of a polymer at several temperatures.

    Attributes
    ----------
    values : temperature (K), conductivity (S/cm) and its standard error of each simulation with a value
    arrhenius, vtf : fits; None where there are too few values above zero
    plot : the file with the plot; None without a fit
    """

    values: list[dict[str, float | None]]
    arrhenius: Arrhenius | None
    vtf: Vtf | None
    plot: Path | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with units in the names."""
        return {
            "values": self.values,
            "arrhenius": self.arrhenius.to_dict() if self.arrhenius else None,
            "vtf": asdict(self.vtf) if self.vtf else None,
            "plot": str(self.plot) if self.plot else None,
        }


def over_temperature(results: Sequence[Simulation]) -> OverTemperature:
    """Fit the conductivities of simulations of one polymer at several temperatures, and plot them beside the builds."""
    from autodisco.analysis import temperatures

    names = ("temperature_k", "conductivity_s_per_cm", "conductivity_s_per_cm_sem")
    found = [{name: one.properties[name] for name in names} for one in results if one.properties]
    kept = [[row[name] for row in found if (row["conductivity_s_per_cm"] or 0.0) > 0] for name in names]
    kelvins, conductivities, errors = kept
    if len(set(kelvins)) < 2:
        return OverTemperature(found, None, None, None)
    file, first = results[0].folder.parents[1] / "temperatures.png", results[0]
    title = f"{first.monomer_smiles} ({first.protocol.partition('@')[0]}, {first.force_field})"
    temperatures.plot(kelvins, conductivities, errors, title, file)
    line = temperatures.arrhenius(kelvins, conductivities, errors)
    return OverTemperature(found, line, temperatures.vtf(kelvins, conductivities), file)
