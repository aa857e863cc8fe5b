"""What the daemon and the readers of a large campaign cost: CPU-seconds and memory, at any number of polymers.

    python bench/daemon_load.py fill FOLDER [--polymers 10000] [--replicas 2]
    python bench/daemon_load.py read FOLDER
    python bench/daemon_load.py judge FOLDER [--labels 500 1000 2000]
    python bench/daemon_load.py tasks FOLDER [--number 2000]
    python bench/daemon_load.py wait FOLDER [--number 10000] [--seconds 30]

`fill` writes a real campaign folder through the store: units of the program's grammar, replicas of `quick` with every
quantity of the table. `read` times what reads the whole of it, each in a process of its own. `judge` times a fit of the
posterior to so many polymers. `tasks` makes tasks of replicas. `wait` lets 1,000 replicas run and so many wait.
"""

import argparse
import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from autodisco.analysis.combination import AT_LEAST, SEM
from autodisco.analysis.quantities import quantities
from autodisco.campaign import load
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.setup import set_up
from autodisco.polymer import parse, scores
from autodisco.polymer.grammar import units_from_grammar
from autodisco.simulation.executors import Executor, Sighting
from autodisco.simulation.task import ReplicaTask
from autodisco.store import Store

PROTOCOL = "quick"
CAMPAIGN = """\
name = "load"
[seeds]
grammar = 0
[simulation]
protocol = "quick"
replicas = {replicas}
least_free_disk_gb = 0
least_free_memory_gb = 0
"""
AT_ONCE = 500
RUNNING = 1000


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("fill", "read", "one", "judge", "tasks", "wait"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--polymers", type=int, default=10_000)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--labels", type=int, nargs="*", default=[500, 1000, 2000])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--what", default="ranking")
    given = parser.parse_args()
    if given.part == "fill":
        fill(given.folder, given.polymers, given.replicas)
    elif given.part == "read":
        for what in READS:
            subprocess.run([sys.executable, __file__, "one", given.folder, "--what", what], check=True)
    elif given.part == "one":
        one(given.folder, given.what)
    elif given.part == "judge":
        for number in given.labels:
            judge(given.folder, number)
    elif given.part == "tasks":
        tasks(given.folder, given.number)
    else:
        wait(given.folder, given.number, given.seconds)


def campaign_in(folder: Path, replicas: int = 2) -> Campaign:
    """The campaign of a folder, begun or not."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "load.toml"
    if not file.is_file():
        file.write_text(CAMPAIGN.format(replicas=replicas))
    return load(file, folder / "runs")


def fill(folder: Path, polymers: int, replicas: int) -> None:
    """A campaign with so many simulated polymers."""
    campaign, rng = campaign_in(folder, replicas), np.random.default_rng(1)
    begin = time.process_time()
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        store.begin_iteration(1)
        store.set(state="simulate", iteration=1, loaded=True)
        reference = parse(campaign.settings.acquire.reference)
        units = {reference.key: reference}
        while len(units) < polymers:
            for smiles in units_from_grammar(polymers, rng):
                unit = parse(smiles)
                units.setdefault(unit.key, unit)
        chosen = list(units.values())[:polymers]
        for first in range(0, len(chosen), AT_ONCE):
            with store.transaction():
                for unit in chosen[first : first + AT_ONCE]:
                    source = "seed" if unit is reference else "generated"
                    store.add_polymer(unit.key, unit.smiles, unit.given, source, 1, scores=scores(unit))
                    for replica in range(replicas):
                        store.plan_replica(unit.key, PROTOCOL, replica, 1)
                        store.update_replica(unit.key, PROTOCOL, replica, **ended(properties(rng)))
    size = (campaign.folder / "state.db").stat().st_size / 1e6
    print(f"{polymers} polymers with {replicas} replicas in {time.process_time() - begin:.1f} s, {size:.0f} MB")


def properties(rng: np.random.Generator) -> dict[str, object]:
    """A record with every number of the table of quantities, as `quick` gives one."""
    found: dict[str, object] = {}
    sigma = float(10 ** rng.normal(-2.5, 0.5))
    for quantity in quantities():
        for key in quantity.keys:
            found[key] = sigma * float(rng.lognormal(0, 0.3))
    found = {key: None if key.endswith(AT_LEAST) else value for key, value in found.items()}
    counts = {f"{i},{j}": float(rng.random()) for i in range(3) for j in range(3)}
    found |= {"cluster_population": counts, f"cluster_population{SEM}": counts}
    by_species = [name for name in found if name.startswith(("species_", "fit_"))]
    found |= {name: {"Li": 4.0, "TFSI": 4.0} for name in by_species}
    found["fit_window"] = {"Li": "diffusive lags", "TFSI": "diffusive lags"}
    texts = {"mode": "default", "monomer_smiles": "*CCO*", "protocol": PROTOCOL, "force_field": "pcff+"}
    lists = {"warnings": ["cations are sub-diffusive"], "estimated_terms": [], "force_field_flags": []}
    return found | texts | lists | {"temperature_k": 500.0, "frames": 61, "length_ns": 0.03}


def ended(found: dict[str, object]) -> dict[str, object]:
    """Columns of a replica that has this value."""
    now = time.time()
    return {
        "status": "done", "properties": found, "seed": 1, "wall_s": 60.0, "cpu_s": 58.0, "atoms": 520,
        "estimated_terms": 0, "started": now - 60.0, "ended": now,
    }  # fmt: skip


def one(folder: Path, what: str) -> None:
    """Time one reader, with the memory that it needed beyond the imports."""
    campaign = campaign_in(folder)
    call = READS[what]
    with Store.open_readonly(campaign.folder) as store:
        store.facts()
        before = peak_mb()
        begin = time.process_time()
        call(store)
        took = time.process_time() - begin
    print(f"{what:<12} {took:7.2f} s  {peak_mb() - before:6.0f} MB more than {before:.0f}")


def peak_mb() -> float:
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _ranking(store: Store) -> None:
    from autodisco.decide import ranking

    ranking(store)


def _status(store: Store) -> None:
    from autodisco.decide import status

    status(store)


def _page(store: Store) -> None:
    from autodisco.report.content import gather
    from autodisco.report.summary import lines

    lines(gather(store))


def _report(store: Store) -> None:
    from autodisco.report.write import write_report

    with tempfile.TemporaryDirectory() as folder:
        write_report(store, Path(folder))


def _export(store: Store) -> None:
    from autodisco.campaign.export import export_tables

    with tempfile.TemporaryDirectory() as folder:
        export_tables(store, Path(folder), formats=["csv", "parquet"])


def _collect(store: Store) -> None:
    from autodisco.decide.objective import CONDUCTIVITY
    from autodisco.decide.sources import collect

    collect(store, CONDUCTIVITY, True)


READS: dict[str, Callable[[Store], None]] = {
    "ranking": _ranking,
    "status": _status,
    "collect": _collect,
    "summary": _page,
    "report": _report,
    "export": _export,
}


def judge(folder: Path, number: int) -> None:
    """Fit the posterior to so many of the labels, and ask it about all of them."""
    from autodisco.decide.objective import CONDUCTIVITY
    from autodisco.decide.sources import collect
    from autodisco.surrogate import LEVEL, Posterior, PriorMean

    with Store.open_readonly(campaign_in(folder).folder) as store:
        found = collect(store, CONDUCTIVITY, True)
    labels = found.labels[:number]
    before, begin = peak_mb(), time.process_time()
    fitted = Posterior.fit(
        labels, tuple(found.sources.values()), found.target, prior_mean=PriorMean.shipped(), seed=1, level=LEVEL
    )
    middle = time.process_time()
    fitted.predict([label.smiles for label in labels])
    took = middle - begin, time.process_time() - middle
    print(f"{len(labels)} labels: fit {took[0]:.1f} s, predict {took[1]:.1f} s, {peak_mb() - before:.0f} MB")


def tasks(folder: Path, number: int) -> None:
    """Make tasks of waiting replicas."""
    from autodisco.campaign.tasks import Tasks

    campaign = campaign_in(folder)
    with Store.open(campaign.folder) as store:
        rows = store.replicas(protocol=PROTOCOL)[:number]
        begin = time.process_time()
        made = Tasks(campaign, store)
        for row in rows:
            made.of(row)
        took = time.process_time() - begin
    print(f"{len(rows)} tasks in {took:.2f} s: {1e3 * took / len(rows):.2f} ms each")


class Endless(Executor):
    """Replicas that run and do not end, on other machines."""

    survives = True
    here = False
    watches = True
    poll_s = 1.0

    def submit(self, task: ReplicaTask, claim: str) -> str:
        return f"{task.key}-{task.replica}"

    def poll(self, handles: Collection[str]) -> dict[str, Sighting]:
        return dict.fromkeys(handles, Sighting("running"))

    def cancel(self, handle: str) -> None:
        pass


def wait(folder: Path, number: int, seconds: float) -> None:
    """The share of a core that the daemon takes while 1,000 replicas run and others wait."""
    from autodisco.campaign.replicas import settle
    from autodisco.campaign.states import Interrupted

    begun = campaign_in(folder)
    executor = begun.settings.executor.model_copy(update={"kind": f"{Path(__file__).absolute()}:Endless"})
    simulation = begun.settings.simulation.model_copy(update={"workers": RUNNING})
    settings = begun.settings.model_copy(update={"executor": executor, "simulation": simulation})
    moments: list[tuple[float, float, float]] = []

    def leave() -> str:
        moments.append((time.perf_counter(), time.process_time(), peak_mb()))
        return "signal" if len(moments) > 1 and moments[-1][0] > moments[1][0] + seconds else ""

    campaign = Campaign(settings, begun.folder, leave)
    with Store.open(campaign.folder) as store:
        last = 1 + max(row.replica for row in store.replica_states())
        keys = [row.key for row in store.polymers("generated")]
        with store.transaction():
            for place in range(number + RUNNING):
                store.plan_replica(keys[place % len(keys)], PROTOCOL, last + place // len(keys), 1)
        with contextlib.suppress(Interrupted):
            settle(campaign, store)
        with store.transaction():
            store.write("DELETE FROM replicas WHERE status IN ('waiting', 'running')")
    begin, (first, cpu, _), (end, cpu_end, memory) = moments[0], moments[1], moments[-1]
    print(
        f"{RUNNING} started in {first - begin[0]:.0f} s ({cpu - begin[1]:.1f} s of CPU); then "
        f"{100 * (cpu_end - cpu) / (end - first):.1f} % of a core with {number} waiting, {memory:.0f} MB at most"
    )


if __name__ == "__main__":
    main()
