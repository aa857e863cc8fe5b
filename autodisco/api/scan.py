"""One polymer or formulation at every combination of molalities and temperatures, with fits, a table and a plot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from autodisco.api.builds import BuildOptions, Builds, Watch, Watcher, name_of, subject_of, watched
from autodisco.api.table import Table
from autodisco.errors import InputError
from autodisco.files import plain
from autodisco.limits import MOLALITY, TEMPERATURE_K
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.analysis.conditions import Condition, OverSalt, OverTemperature
    from autodisco.simulation.batch import Subject


@dataclass(frozen=True)
class How:
    """How the builds of a scan run."""

    protocol: str
    replicas: int
    builds: Builds


@dataclass(frozen=True)
class Scan:
    """Conductivities of a polymer over molality and temperature.

    Attributes
    ----------
    rows : the conditions of this scan: molality (mol/kg), temperature (K), conductivity (S/cm) with its error,
        ``replicas_s_per_cm``, ``failures``, ``folder``
    content : what ``scan.json`` holds: ``values`` are the rows, and those of earlier scans with the same settings
    warnings : about boxes with few ions, conditions that are not resolved, and those of the builds
    folder : of table, fits and plot
    """

    rows: list[dict[str, Any]]
    content: dict[str, Any]
    warnings: list[str]
    folder: Path

    @property
    def has_values(self) -> bool:
        """Whether a build of this scan gave a value."""
        return any(row["n_replicas"] for row in self.rows)

    @property
    def is_drawn(self) -> bool:
        """Whether there is a plot: some condition has a conductivity above zero."""
        return any(one.resolved for one in self.conditions)

    @property
    def conditions(self) -> list[Condition]:
        """All conditions, those of earlier scans with the same settings, too."""
        from autodisco.simulation.scan_results import condition_of

        return [condition_of(row) for row in self.content["values"]]

    @property
    def over_molality(self) -> list[OverSalt]:
        """Fits over molality at each temperature."""
        from autodisco.analysis import conditions as fits

        return fits.over_salt(self.conditions)

    @property
    def over_temperature(self) -> list[OverTemperature]:
        """Fits over temperature at each molality."""
        from autodisco.analysis import conditions as fits

        return fits.over_temperature(self.conditions)

    @property
    def table(self) -> Table:
        """A row for each condition."""
        return Table(self.conditions)

    @property
    def title(self) -> str:
        """Polymer, protocol and force field."""
        from autodisco.simulation.scan_results import title_of

        return title_of(self.content)

    def to_dict(self) -> dict[str, Any]:
        """As ``autodisco scan --json`` prints it."""
        return self.content


def scan(
    what: str | Path | Subject,
    molality: Sequence[float] = (),
    temperature_k: Sequence[float] = (),
    protocol: str = "quick",
    replicas: int = 3,
    *,
    name: str = "",
    progress: Callable[[str], None] = lambda line: None,
    watch: Watch | None = None,
    **options: Unpack[BuildOptions],
) -> Scan:
    """Simulate every combination with several builds, and fit the conductivity. Finished builds are not run again.

    Parameters
    ----------
    what, protocol, replicas, progress, watch, options : as `autodisco.simulate` takes them
    molality : mol of salt per kg of polymer and solvent; by default that of the polymer in the protocol
    temperature_k : K; by default that of the protocol
    name : how the polymer is called in tables; by default as it was given

    Raises
    ------
    InputError
        As `autodisco.simulate`, for a subject without salt, for values out of range, and where this would overwrite
        results of another kind.
    """
    from autodisco.simulation import protocols, scan

    loaded, subject = protocols.load(protocol), subject_of(what)
    salts = scan.at_molalities(subject, within("molality", molality, MOLALITY), protocol)
    kelvins = within("temperature", temperature_k, TEMPERATURE_K) or [loaded.temperature_k]
    how = How(protocol, replicas, Builds(**options).resolved())
    return scanned(name or name_of(subject), subject, salts, kelvins, how, progress, watch)


def scanned(
    name: str,
    subject: Subject,
    salts: Mapping[float, Subject],
    kelvins: Sequence[float],
    how: How,
    progress: Callable[[str], None],
    watch: Watch | None,
) -> Scan:
    """Simulate every condition, by molality (mol/kg) and temperature (K), and write table, fits and plot.

    Raises InputError, before anything is simulated, where this would overwrite results of another kind.
    """
    from autodisco.simulation import protocols, scan, scan_results

    base, builds = scan.base_of(how.protocol), how.builds
    protocol = protocols.load(base).name
    folder = builds.place(subject, f"scan-{protocol}")
    earlier = scan_results.earlier_rows(folder, base)
    n = len(salts) * len(kelvins)
    progress(
        f"{name}: {counted(n, 'condition')}, {counted(n * how.replicas, 'build')} with "
        f"{builds.told(protocols.load(how.protocol).name)}; finished builds are kept in {builds.folder}"
    )
    rows = []
    for kelvin in kelvins:
        with watched(watch, progress, {one.key: f"{name} {m:g} mol/kg {kelvin:g} K" for m, one in salts.items()}) as on:
            rows += _rows(kelvin, salts, how, on)
    every = scan_results.with_earlier(rows, earlier)
    if added := len(every) - len(rows):
        progress(f"{counted(added, 'condition')} of earlier scans with the same settings are in table and fits, too")
    told = {
        "monomer_smiles": name, "key": subject.key, "protocol": protocol, "force_field": builds.force_field,
        "engine": builds.engine, "seed": builds.seed,
    }  # fmt: skip
    content = plain(scan_results.content(told, base, every, folder))
    scan_results.write(folder, content)
    return Scan(rows, content, scan.warnings_of(rows, how.protocol), folder)


def _rows(kelvin: float, salts: Mapping[float, Subject], how: How, shown: Watcher) -> list[dict[str, Any]]:
    """A row of each molality at one temperature, as ``scan.json`` holds it."""
    from autodisco.simulation import protocols, scan
    from autodisco.simulation.batch import failures, values

    protocol = scan.protocol_at(how.protocol, kelvin)
    outcomes = how.builds.run(salts.values(), protocol, how.replicas, shown)
    rows = []
    for m, one in salts.items():
        found = scan.condition(m, kelvin, scan.ion_pairs(one, protocol), outcomes[one.key])
        more = {
            "replicas_s_per_cm": found.conductivities,
            "failures": failures(outcomes[one.key]),
            "warnings": list(dict.fromkeys(text for build in values(outcomes[one.key]) for text in build["warnings"])),
            "folder": how.builds.place(one, protocols.load(protocol).name),
        }
        rows.append(plain(found.to_dict() | more))
    return rows


def within(what: str, values: Sequence[float], limits: tuple[float, float]) -> list[float]:
    """The values in rising order, each once. Raises InputError for one outside of the limits."""
    least, most = limits
    wrong = next((value for value in values if not least <= value <= most), None)
    if wrong is not None:
        raise InputError(f"{what} {wrong:g} is outside {least:g} to {most:g}")
    return sorted(set(values))
