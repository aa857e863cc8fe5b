"""A polymer or formulation simulated at several conditions, with progress on stderr and its results in a folder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.cli.output import message, plain
from autodisco.errors import InputError
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.simulation.batch import Subject

MOST_VALUES = 100


@dataclass(frozen=True)
class How:
    """How the builds of a scan run; the fields are those of `simulate_batch`."""

    protocol: str
    force_field: str
    replicas: int
    root: Path
    seed: int
    workers: int
    timeout_s: float
    engine: str
    threads: int = 1
    executor: str = "local"

    def folder(self, subject: Subject, name: str) -> Path:
        """Folder of the builds of a subject, or of other results, with a protocol of this name."""
        from autodisco.simulation.batch import builds_folder

        return builds_folder(self.root, subject, name, self.seed, self.engine, self.force_field)


@dataclass(frozen=True)
class Scanned:
    """Results of a scan: its own rows, and in `content` those of earlier scans in the same folder, too."""

    rows: list[dict[str, Any]]
    content: dict[str, Any]
    folder: Path


def scanned(
    what: str, subject: Subject, by_molality: Mapping[float, Subject], temperatures_k: Sequence[float], how: How
) -> Scanned:
    """Simulate every condition, and write table, fits and plot.

    Raises InputError, before anything is simulated, where this would overwrite results of another kind.
    """
    from autodisco.simulation import protocols, scan, scan_results

    base = scan.base_of(how.protocol)
    name = protocols.load(base).name
    folder = how.folder(subject, f"scan-{name}")
    earlier = scan_results.earlier_rows(folder, base)
    n = len(by_molality) * len(temperatures_k)
    message(
        f"{what}: {counted(n, 'condition')}, {counted(n * how.replicas, 'build')} with protocol "
        f"{protocols.load(how.protocol).name}, force field {how.force_field}, engine {how.engine}; finished builds are "
        f"kept in {how.root}"
    )
    rows = _simulated(what, by_molality, temperatures_k, how)
    every = scan_results.with_earlier(rows, earlier)
    if added := len(every) - len(rows):
        message(f"{counted(added, 'condition')} of earlier scans with the same settings are in table and fits, too")
    told = {
        "monomer_smiles": what, "key": subject.key, "protocol": name, "force_field": how.force_field,
        "engine": how.engine, "seed": how.seed,
    }  # fmt: skip
    found = plain(scan_results.content(told, base, every, folder))
    scan_results.write(folder, found)
    return Scanned(rows, found, folder)


def _simulated(
    what: str, by_molality: Mapping[float, Subject], temperatures_k: Sequence[float], how: How
) -> list[dict[str, Any]]:
    """A row of each condition, as `scan.json` holds it."""
    from autodisco.cli.single import ReplicaProgress
    from autodisco.simulation import protocols, scan
    from autodisco.simulation.batch import failures, simulate_batch

    rows = []
    for kelvin in temperatures_k:
        name = scan.protocol_at(how.protocol, kelvin)
        shown_as = {one.key: f"{what} {m:g} mol/kg {kelvin:g} K" for m, one in by_molality.items()}
        with ReplicaProgress(shown_as) as shown:
            outcomes = simulate_batch(
                by_molality.values(), name, how.force_field, how.replicas, how.root, how.seed, how.workers,
                how.timeout_s, how.engine, how.threads, shown.begin, shown.end, shown.refresh, how.executor,
                shown.submitted,
            )  # fmt: skip
        for m, one in by_molality.items():
            found = scan.condition(m, kelvin, scan.ion_pairs(one, name), outcomes[one.key])
            place = how.folder(one, protocols.load(name).name)
            more = {"replicas_s_per_cm": found.conductivities, "failures": failures(outcomes[one.key]), "folder": place}
            rows.append(plain(found.to_dict() | more))
    return rows


def series(flag: str, text: str | None, limits: tuple[float, float]) -> list[float]:
    """The numbers of ``1,2,3`` or ``FROM:TO:STEP``, rising, each once; none without a text.

    Raises InputError, naming the flag and its value.
    """
    if text is None:
        return []
    try:
        parts = [float(part) for part in text.replace(":", ",").split(",")]
        if ":" in text:
            start, stop, step = parts
            if text.count(":") != 2 or not step > 0 or not start <= stop or (stop - start) / step > MOST_VALUES:
                raise ValueError
            parts = [round(start + k * step, 9) for k in range(math.floor((stop - start) / step + 1e-9) + 1)]
    except ValueError:
        raise InputError(
            f"{flag} {text}: allowed are numbers with commas, or FROM:TO:STEP with at most 100 steps"
        ) from None
    least, most = limits
    wrong = next((part for part in parts if not least <= part <= most), None)
    if wrong is not None:
        raise InputError(f"{flag} {text}: {wrong:g} is outside {least:g} to {most:g}")
    return sorted(set(parts))
