"""A campaign of any length in a store, to see how its readers fare: what they cost, and how they look.

    python bench/filled_campaign.py DIR [--polymers 2000] [--iterations 500] [--judge builds] [--seed 1]
    python bench/filled_campaign.py DIR --time [monitor ...]
    python bench/filled_campaign.py DIR --live 600

The first form writes a campaign folder at DIR/filled, through the store as a daemon would fill it: draws with verdicts,
replicas of `quick` with every quantity of the table, failures, models, training sets, judgements of the saturation
rule and the journal. Repeat units are those of the program's grammar; all values are made up. Without ``--judge
builds`` it holds the estimates of a posterior, too. The last iteration is at work: some replicas run, others wait.

The second form times the commands that read it, each in a process of its own, and the parts of them that are called
again and again (in CPU-seconds). The third form is a process that seems to run the campaign, so that a monitor has
something to show.
"""

import argparse
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from daemon_load import ended, properties
from rich.console import Console

from autodisco.campaign import load
from autodisco.campaign.saturation import Counts, Drawn, judge
from autodisco.campaign.setup import set_up
from autodisco.decide import objective_of
from autodisco.files import write_json
from autodisco.monitor import Painter, Watch, following
from autodisco.monitor.live import FOOTER_S
from autodisco.polymer import RepeatUnit, parse, scores, stability_flags
from autodisco.polymer.grammar import units_from_grammar
from autodisco.store import Candidate, Estimate, Forecast, Owner, Store, TrainingEntry

PROTOCOL, NAME = "quick", "filled"
CAMPAIGN = """\
name = "filled"
[seeds]
grammar = 0
[simulation]
protocol = "quick"
replicas = {replicas}
workers = 4
[generator]
batch_size = {batch}
[budget]
iterations = {budget}
hours = 1000
"""
REPLICAS, DRAWS, RUNNING = 2, 50, 4
WALL_S, FAILING = 120.0, 0.08
PAIRS, LOOKS, WARM_STEPS = 10, 5, 20
FAILURES = (
    ("build-overlap", "no arrangement of 1 chains of 30 units, 4 LiTFSI without overlaps in 3 tries", 0.5),
    ("timeout", "no result after 900 s", 0.25),
    ("parameters-missing", "no parameters for the angle c=, s, n=", 0.15),
    ("nan", "energy was not a number in step npt-compress", 0.1),
)
"""Code, what was seen, and share among failures."""

COMMANDS = ("status", "status --why", "monitor --once", "log", "log -n 0", "explain", "report", "export", "list")


def main() -> None:
    """Write the campaign, or time its readers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--polymers", type=int, default=2000)
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--judge", choices=("posterior", "builds"), default="posterior")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time", nargs="*", metavar="WHAT", help="time the readers instead")
    parser.add_argument("--live", type=float, metavar="SECONDS", help="seem to run it for so long")
    given = parser.parse_args()
    if given.live:
        live(given.folder / NAME, given.live)
        return
    if given.time is not None:
        time_commands(given.folder, given.time)
        time_parts(given.folder / NAME)
        time_footer(given.folder / NAME)
        return
    begin = time.process_time()
    fill(given.folder, given.polymers, given.iterations, given.judge == "posterior", given.seed)
    size = (given.folder / NAME / "state.db").stat().st_size / 1e6
    print(f"{given.folder / NAME}: {size:.0f} MB in {time.process_time() - begin:.1f} s")


def fill(runs: Path, polymers: int, iterations: int, judged: bool = True, seed: int = 1) -> Path:
    """A campaign in iteration `iterations` that has found so many polymers; returns its folder."""
    runs.mkdir(parents=True, exist_ok=True)
    batch = max(1, polymers // iterations)
    file = runs / f"{NAME}.toml"
    file.write_text(CAMPAIGN.format(replicas=REPLICAS, batch=batch, budget=2 * iterations))
    campaign = load(file, runs)
    filler = Filler(np.random.default_rng(seed), iterations, batch, judged)
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        filler.begin(store, parse(campaign.settings.acquire.reference))
        units = filler.units(polymers)
        for n in range(1, iterations + 1):
            with store.transaction():
                filler.iteration(store, n, units[(n - 1) * batch : n * batch if n < iterations else None])
        with store.transaction():
            filler.end(store)
    return campaign.folder


class Filler:
    """Writes iterations one after the other; the generator gets better, and repeats itself more and more."""

    def __init__(self, rng: np.random.Generator, iterations: int, batch: int, judged: bool):
        self.rng, self.iterations, self.batch, self.judged = rng, iterations, batch, judged
        self.rows: list[TrainingEntry] = []
        self.values: dict[str, float] = {}
        self.known: list[RepeatUnit] = []
        self.first: Drawn | None = None
        self.begins = self._begins(iterations, WALL_S * REPLICAS * batch / 4 + 60.0)

    def _begins(self, iterations: int, mean_s: float) -> list[float]:
        """When each iteration began, the last one half an iteration ago, and when one after it would begin."""
        took = mean_s * self.rng.lognormal(0, 0.2, iterations)
        begins = np.concatenate([[0.0], np.cumsum(took)])
        return list((begins - begins[-2] - 0.5 * took[-1] + time.time()).tolist())

    def units(self, number: int) -> list[RepeatUnit]:
        """Different repeat units, the reference not among them."""
        found: dict[str, RepeatUnit] = {}
        known = {unit.key for unit in self.known}
        while len(found) < number:
            for unit in map(parse, units_from_grammar(2 * number, self.rng)):
                if unit.key not in known:
                    found.setdefault(unit.key, unit)
        return list(found.values())[:number]

    def begin(self, store: Store, reference: RepeatUnit) -> None:
        """The reference with its builds, and model 0."""
        store.set(started=self.begins[0], workers=4, loaded=True, reference_key=reference.key)
        store.add_polymer(reference.key, reference.smiles, reference.given, "seed", 0, "poly(ethylene oxide)")
        for replica in range(8):
            self._done(store, reference.key, replica, 0, 0.02 * float(self.rng.lognormal(0, 0.6)))
        self._learn(store, reference, "reference")
        self._model(store, 0)
        self.known.append(reference)

    def iteration(self, store: Store, n: int, units: Sequence[RepeatUnit]) -> None:
        """One iteration with its new polymers; the last one stays at work."""
        last, share = n == self.iterations, n / self.iterations
        began, end = self.begins[n - 1 : n + 1]
        store.set(state="simulate", iteration=n, active_s=began - self.begins[0])
        store.begin_iteration(n)
        drawn = self._draws(store, n, units, share)
        for place, unit in enumerate(units):
            flags = [flag.to_dict() for flag in stability_flags(unit)]
            scored = scores(unit)
            store.add_polymer(unit.key, unit.smiles, unit.given, "generated", n, flags=flags, scores=scored)
            sigma = float(10 ** self.rng.normal(-2.6 + 0.6 * share, 0.5))
            for replica in range(REPLICAS):
                if last and place >= len(units) // 2:
                    self._open(store, unit, replica, n)
                else:
                    self._replica(store, unit, replica, n, sigma)
            if not last and unit.key in self.values:
                self._learn(store, unit, "high" if self.values[unit.key] > 0.02 else "low")
        self.known += units
        if not last:
            judgement = judge(n, self.first or drawn, drawn, load_rule(store))
            self.first = self.first or drawn
            store.end_iteration(n, {"draws": DRAWS}, judgement.to_dict())
            store.note("simulated", f"iteration {n}", {"done": 2 * len(units)}, "acquire", "every replica has a value")
            self._model(store, n)
            store.note("end", f"iteration {n}", judgement.to_dict(), "go-on", "the rate is not above the threshold")
        store.write("UPDATE iterations SET started = ?, ended = ? WHERE n = ?",
                    began, None if last else end, n)  # fmt: skip
        store.write("UPDATE journal SET time = ? WHERE iteration = ?", end, n)

    def end(self, store: Store) -> None:
        """The process that runs it (the calling one), and what the judge says."""
        owner = Owner.this_process()
        store.set(heartbeat=time.time(), owner=vars(owner), name=NAME)
        if self.judged:
            self._judge(store)

    def _draws(self, store: Store, n: int, units: Sequence[RepeatUnit], share: float) -> Drawn:
        """Draws of which ever more are known, and the new ones."""
        rows, known = [], 0
        for place in range(DRAWS - len(units)):
            chance = self.rng.random()
            if chance < 0.15:
                rows.append(Candidate(n, place, "*CC(O", None, "invalid", "ring or branch left open"))
            elif chance < 0.25 + 0.55 * share:
                unit = self.known[int(self.rng.integers(len(self.known)))]
                text = f"{unit.given} (iteration {max(0, n - 1)})"
                rows.append(Candidate(n, place, unit.given, unit.key, "duplicate-symmetry", text))
                known += 1
            else:
                rows.append(Candidate(n, place, "*CCNN*", f"rejected-{n}-{place}", "rejected", "N-N bond"))
        for unit in units:
            rows.append(Candidate(n, len(rows), unit.given, unit.key, "new", "nothing was found against it"))
        store.add_candidates(rows)
        counts = Counts(known, sum(row.key is not None for row in rows))
        return Drawn(counts, counts, 300.0 + 4.0 * n, False)

    def _replica(self, store: Store, unit: RepeatUnit, replica: int, n: int, sigma: float) -> None:
        if self.rng.random() > FAILING:
            value = sigma * float(self.rng.lognormal(0, 0.6))
            self.values.setdefault(unit.key, value)
            self._done(store, unit.key, replica, n, value)
            return
        code, detail, _ = FAILURES[int(self.rng.choice(len(FAILURES), p=[row[2] for row in FAILURES]))]
        store.plan_replica(unit.key, PROTOCOL, replica, n)
        wall = self._wall(n)
        columns = {"status": "failed", "attempt": 2, "failure_code": code, "detail": detail, "seed": 1}
        store.update_replica(unit.key, PROTOCOL, replica, **columns, **wall)
        seen = {"code": code, "detail": detail, "attempt": 2, "wall_s": wall["wall_s"]}
        name = f"{unit.given} replica {replica}"
        store.note("retry", name, {**seen, "attempt": 1}, "start again: another build", f"attempt 1 failed: {code}")
        store.note("give up", name, seen, "count the replica as failed", "no attempts are left")

    def _done(self, store: Store, key: str, replica: int, n: int, value: float) -> None:
        store.plan_replica(key, PROTOCOL, replica, n)
        found = properties(self.rng)
        found |= {"conductivity_s_per_cm": value, "temperature_k": 500.0, "censored": None}
        store.update_replica(key, PROTOCOL, replica, **(ended(found) | self._wall(n)))

    def _wall(self, n: int) -> dict[str, float]:
        wall = WALL_S * float(self.rng.lognormal(0, 0.3))
        began, end = self.begins[max(0, n - 1) : max(0, n - 1) + 2]
        begin = began + float(self.rng.random()) * max(0.0, end - began - wall)
        return {"wall_s": wall, "cpu_s": 0.97 * wall, "started": begin, "ended": begin + wall}

    def _open(self, store: Store, unit: RepeatUnit, replica: int, n: int) -> None:
        """A replica that runs, or waits if enough do."""
        store.plan_replica(unit.key, PROTOCOL, replica, n)
        (running,) = store.rows("SELECT count(*) AS n FROM replicas WHERE status = 'running'")
        if running["n"] < RUNNING:
            now, fraction = time.time(), float(self.rng.random())
            store.update_replica(unit.key, PROTOCOL, replica, status="running", started=now - 100 * fraction)
            progress = {"step_name": "production", "fraction": fraction, "updated": now}
            write_json(store.replica_folder(unit.key, PROTOCOL, replica) / "progress.json", progress)

    def _learn(self, store: Store, unit: RepeatUnit, label: str) -> None:
        label = "high" if label == "reference" else label
        self.rows.append(TrainingEntry(unit.given, unit.key, label, 1.0, "simulated: in the top 20%"))
        store.note("acquire", unit.given, {"weight": 1.0, "label": label}, f"train as {label}", "in the top 20%")

    def _model(self, store: Store, n: int) -> None:
        store.write_training(n, self.rows)
        names = ("validity", "uniqueness", "novelty", "synthesizability", "similarity", "diversity")
        metrics = {name: float(self.rng.uniform(0.6, 0.95)) for name in names}
        metrics["valid_unique_novel"] = metrics["validity"] * metrics["uniqueness"] * metrics["novelty"]
        store.add_model(n, f"models/{n}.safetensors", metrics, float(self.rng.uniform(15, 25)))
        store.note("trained", f"model {n}", metrics, "draw from it next", f"it saw {len(self.rows)} repeat units")

    def _judge(self, store: Store) -> None:
        """Estimates and forecasts as a posterior would give them."""
        scale, reference = objective_of(store).scale, store.get("reference_key")
        valued = [reference, *self.values]
        rows, forecasts = [], []
        for key in valued:
            value = self.values.get(key, 0.02)
            place, sd = scale.place(value) - 0.6, float(self.rng.uniform(0.15, 0.3))
            mean = -2.9 + 0.6 * (place + 2.9)
            better = float(1 / (1 + np.exp(-(mean + 2.9) / (0.55 * sd))))
            moved = {"mean": -2.9, "quick": mean + 2.9 - 0.1, "structure": 0.1}
            said = {PROTOCOL: (mean + 0.6, sd, 0.26, 2)}
            chance = float(min(1.0, max(0.0, self.rng.normal(mean + 2.4, 0.1))))
            p_better = None if key == reference else better
            apart = 0.0 if key == reference else 1.2 * sd
            rows.append(Estimate(key, self.iterations, mean, sd, p_better, chance, moved, said, apart))
            if key != reference:
                came, off = scale.place(value), float(self.rng.normal(0, 0.35))
                forecasts.append(Forecast(key, PROTOCOL, 1, came - off, 0.3, 0.2, 1.0, came, 2))
        store.write_estimates(rows)
        polymers = store.polymers_by_key(valued)
        store.add_forecasts(replace(row, iteration=max(1, polymers[row.key].iteration)) for row in forecasts)
        sources = [{"name": PROTOCOL, "labels": len(valued)}]
        store.set(judgement={"iteration": self.iterations, "target": "htp-md", "words": "posterior at 353 K, reference "
                             "protocol", "sources": sources, "best": 10, "widened": 1.0, "widened_by_forecasts": 1.0,
                             "far_off": []})  # fmt: skip


def load_rule(store: Store) -> Any:
    """The settings of the saturation rule."""
    from autodisco.campaign.settings import Saturation

    return Saturation.model_validate(store.get("settings")["saturation"])


def live(folder: Path, seconds: float) -> None:
    """Own the campaign and give signs of life: replicas run on and on, and a model trains."""
    end = time.time() + seconds
    with Store.open(folder) as store:
        store.set(owner=vars(Owner.this_process()))
        while (now := time.time()) < end:
            done = int(now) % 600 * 10
            store.set(
                heartbeat=now, activity=f"training model 500: {done} of 6000", training_left_s=0.1 * (6000 - done)
            )
            for place, row in enumerate(row for row in store.open_replicas() if row.status == "running"):
                progress = {"step_name": "production", "fraction": (now / 300 + 0.23 * place) % 1.0, "updated": now}
                write_json(store.replica_folder(row.key, row.protocol, row.replica) / "progress.json", progress)
            time.sleep(1.0)


def time_commands(runs: Path, wanted: Sequence[str]) -> None:
    """CPU-seconds and seconds of each command, the start of Python included; the least of three."""
    environment = {**os.environ, "AUTODISCO_RUNS": str(runs), "COLUMNS": "120"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    with Store.open_readonly(runs / NAME) as store:
        polymer = store.polymers("generated")[-1].given
    for command in COMMANDS:
        if wanted and command.split()[0] not in wanted:
            continue
        more = {"explain": [polymer, NAME], "list": []}.get(command, [NAME])
        more += ["--out", str(runs / "exported")] if command == "export" else []
        head, *options = command.split()
        taken = []
        for _ in range(1 if command in ("report", "export") else 3):
            before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            line = [sys.executable, "-m", "autodisco", head, *more, *options]
            subprocess.run(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            taken.append((cpu, time.perf_counter() - begin))
        print(f"{command:<16} {min(taken)[0]:6.2f} s of CPU {min(taken)[1]:6.2f} s")
    page = runs / NAME / "report" / "index.html"
    if page.is_file():
        print(f"page of the report: {page.stat().st_size / 1e6:.1f} MB")


def time_parts(folder: Path) -> None:
    """CPU-milliseconds of a redraw of the monitor, mean of 20."""
    with Store.open_readonly(folder) as store, open(os.devnull, "w") as out:
        watch = Watch(store)
        for width, height in ((60, 20), (120, 40), (200, 60)):
            console = Console(width=width, height=height, file=out, force_terminal=True)
            time_part(f"redraw {width}x{height}", partial(redraw, watch, Painter(console), width, height))


def time_footer(folder: Path, seconds: float = 30.0) -> None:
    """The share of a core that the footer of `run` takes, and how much it slows the training that it watches."""
    with footer(folder):
        time.sleep(5.0)  # its first lines import
        cpu, begin = time.process_time(), time.perf_counter()
        time.sleep(seconds)
        share = (time.process_time() - cpu) / (time.perf_counter() - begin)
    print(f"footer of run    {100 * share:6.2f} % of a core")
    turns = training_turns(folder)
    alone, shown = turns[::2], turns[1::2]
    print(f"of the CPU time of a training: {100 * np.mean([turn.footer for turn in shown]):.2f} %")
    for name in ("steps_per_s", "steps_per_cpu_s"):
        slower = np.array([1 - getattr(b, name) / getattr(a, name) for a, b in zip(alone, shown, strict=True)])
        half = np.quantile(slower, (0.25, 0.5, 0.75))
        error = 1.25 * np.std(slower) / len(slower) ** 0.5  # of a median
        print(f"{name} are fewer by {100 * half[1]:.1f} ± {100 * error:.1f} % "
              f"({len(slower)} pairs, half of them {100 * half[0]:.1f} to {100 * half[2]:.1f} %)")  # fmt: skip


@contextmanager
def footer(folder: Path) -> Iterator[Path]:
    """The footer, written nowhere; gives the file that holds the CPU time of its thread."""
    with open(os.devnull, "w") as out:
        console = Console(width=120, height=40, file=out, force_terminal=True)
        with following(folder, console):
            (thread,) = [one for one in threading.enumerate() if one.name == "footer"]
            yield Path(f"/proc/self/task/{thread.native_id}/schedstat")


class Turn(NamedTuple):
    """A part of a training: its speed, and the share of its CPU time that the footer took."""

    steps_per_s: float
    steps_per_cpu_s: float
    footer: float


def training_turns(folder: Path) -> list[Turn]:
    """The quickstart's training without the footer and with it, in turns."""
    from autodisco.generator import TrainingRow, fit, generator_settings

    with Store.open_readonly(folder) as store:
        rows = [TrainingRow(row.smiles, row.label, row.weight) for row in store.training(store.get("iteration") - 1)]
    settings = generator_settings(size="gpt-nano", iterations=10**6, balance=0.5, device="cpu")
    turns: list[Turn] = []
    shown, of_footer = ExitStack(), Path(os.devnull)
    begun: tuple[float, ...] | None = None
    changed = 0.0

    def progress(step: int, *_: object) -> None:
        nonlocal begun, changed, of_footer
        footer_s = 1e-9 * int((of_footer.read_text().split() or ["0"])[0])
        now = (step, time.perf_counter(), time.process_time(), footer_s)
        if step <= WARM_STEPS or begun is None:
            changed = now[1] if step <= WARM_STEPS else changed
            begun = now if now[1] - changed > FOOTER_S / 2 else None  # from there, a look in each interval
        elif now[1] - begun[1] > LOOKS * FOOTER_S:
            steps, wall, cpu, footer_s = (b - a for a, b in zip(begun, now, strict=True))
            turns.append(Turn(steps / wall, steps / cpu, footer_s / cpu))
            if len(turns) == 2 * PAIRS:
                raise StopIteration
            shown.close()
            of_footer = shown.enter_context(footer(folder)) if len(turns) % 2 else Path(os.devnull)
            begun, changed = None, time.perf_counter()

    with shown, suppress(StopIteration):
        fit(rows, settings, seed=1, progress=progress)
    return turns


def redraw(watch: Watch, paint: Painter, width: int, height: int) -> None:
    """Read and draw."""
    paint(watch.lines(width, height))


def time_part(name: str, draw: Callable[[], object]) -> None:
    """Print how long a part takes."""
    draw()
    begin = time.process_time()
    for _ in range(20):
        draw()
    print(f"{name:<16} {50 * (time.process_time() - begin):6.1f} ms of CPU")


if __name__ == "__main__":
    main()
