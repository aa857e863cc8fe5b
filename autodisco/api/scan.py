"""One polymer or formulation at every combination of molalities and temperatures, with fits, a table and a plot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from autodisco.api.builds import BuildOptions, Builds, Watch, Watcher, name_of, subject_of, watched
from autodisco.api.table import Table
from autodisco.errors import InputError
from autodisco.files import plain, write_atomic, write_json
from autodisco.limits import MOLALITY, TEMPERATURE_K
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.analysis.conditions import Condition, OverSalt, OverTemperature
    from autodisco.simulation.batch import Subject

FILES = ("scan.json", "scan.csv", "scan.png")


@dataclass(frozen=True)
class Scan:
    """Conductivities of a polymer over molality and temperature.

    Attributes
    ----------
    monomer_smiles, key : repeat unit as given, or title of a formulation
    protocol, force_field, engine, seed : of all builds
    conditions : what the builds of each condition tell
    values : by condition as JSON holds it: molality (mol/kg) and temperature (K), conductivity (S/cm) with its error,
        ``replicas_s_per_cm``, ``failures``, ``folder``
    over_molality, over_temperature : fits at each temperature, and at each molality
    warnings : about boxes with few ion pairs
    folder : of `FILES`: table, fits and plot
    """

    monomer_smiles: str
    key: str
    protocol: str
    force_field: str
    engine: str
    seed: int
    conditions: list[Condition]
    values: list[dict[str, Any]]
    over_molality: list[OverSalt]
    over_temperature: list[OverTemperature]
    warnings: list[str]
    folder: Path

    @property
    def table(self) -> Table:
        """A row for each condition, as in ``scan.csv``."""
        return Table(self.conditions)

    @property
    def title(self) -> str:
        """Polymer, protocol and force field."""
        return f"{self.monomer_smiles} ({self.protocol}, {self.force_field})"

    def write(self) -> None:
        """Write `FILES` into the folder."""
        from autodisco.analysis import conditions as fits

        as_json, as_csv, as_png = (self.folder / name for name in FILES)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(as_json, self.to_dict())
        write_atomic(as_csv, fits.as_csv(self.conditions))
        write_atomic(as_png, fits.plot(self.conditions, self.title))

    def to_dict(self) -> dict[str, Any]:
        """As ``autodisco scan --json`` prints it."""
        names = ("monomer_smiles", "key", "protocol", "force_field", "engine", "seed", "values")
        found: dict[str, Any] = plain(
            {name: getattr(self, name) for name in names}
            | {
                "fits_over_molality": self.over_molality,
                "fits_over_temperature": self.over_temperature,
                "files": [self.folder / name for name in FILES],
            }
        )
        return found


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
        As `autodisco.simulate`, for a subject without salt, and for values out of range.
    """
    from autodisco.analysis import conditions as fits
    from autodisco.simulation import protocols, scan

    loaded, subject = protocols.load(protocol), subject_of(what)
    name = name or name_of(subject)
    salts: dict[float, Subject] = {
        m: scan.with_molality(subject, m) for m in _within("molality", molality, MOLALITY)
    } or {scan.own_molality(subject, protocol): subject}
    kelvins = _within("temperature", temperature_k, TEMPERATURE_K) or [loaded.temperature_k]
    builds, n = Builds(**options).resolved(), len(salts) * len(kelvins)
    progress(
        f"{name}: {counted(n, 'condition')}, {counted(n * replicas, 'build')} with {builds.told(loaded.name)}; "
        f"finished builds are kept in {builds.folder}"
    )
    found: list[tuple[Condition, dict[str, Any]]] = []
    for kelvin in kelvins:
        names = {one.key: f"{name} {m:g} mol/kg {kelvin:g} K" for m, one in salts.items()}
        with watched(watch, progress, names) as shown:
            found += _at(kelvin, salts, protocol, replicas, builds, shown)
    conditions = [condition for condition, _ in found]
    done = Scan(
        name, subject.key, loaded.name, builds.force_field, builds.engine, builds.seed, conditions,
        [row for _, row in found], fits.over_salt(conditions), fits.over_temperature(conditions),
        scan.few_pairs(conditions, protocol), Path(builds.folder) / subject.key / f"scan-{loaded.name}",
    )  # fmt: skip
    done.write()
    return done


def _at(
    kelvin: float, salts: Mapping[float, Subject], protocol: str, replicas: int, builds: Builds, shown: Watcher
) -> list[tuple[Condition, dict[str, Any]]]:
    """Condition and record of each molality at one temperature."""
    from autodisco.simulation import protocols, scan
    from autodisco.simulation.batch import failures

    protocol = scan.protocol_at(protocol, kelvin)
    outcomes = builds.run(salts.values(), protocol, replicas, shown)
    results = []
    for m, one in salts.items():
        found = scan.condition(m, kelvin, scan.ion_pairs(one, protocol), outcomes[one.key])
        more = {
            "replicas_s_per_cm": found.conductivities,
            "failures": failures(outcomes[one.key]),
            "folder": builds.place(one, protocols.load(protocol).name),
        }
        results.append((found, found.to_dict() | more))
    return results


def _within(what: str, values: Sequence[float], limits: tuple[float, float]) -> list[float]:
    """The values in rising order, each once. Raises InputError for one outside of the limits."""
    least, most = limits
    wrong = next((value for value in values if not least <= value <= most), None)
    if wrong is not None:
        raise InputError(f"{what} {wrong:g} is outside {least:g} to {most:g}")
    return sorted(set(values))
