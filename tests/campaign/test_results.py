"""Results that are there at one look are taken in together; one that met a full disk costs the others nothing."""

import dataclasses
import time

import pytest

from autodisco.campaign import load
from autodisco.campaign.recovery import may_pass
from autodisco.campaign.replicas import settle
from autodisco.campaign.setup import set_up
from autodisco.campaign.tasks import Tasks
from autodisco.campaign.verify import verify
from autodisco.errors import EngineAbsent, StorageError
from autodisco.files import sha256, write_json
from autodisco.simulation import ReplicaOutcome, cache, claims
from autodisco.simulation.executors import job
from autodisco.simulation.task import NOT_NOW
from autodisco.store import Store, run_folder
from tests.campaign.conftest import write_campaign

ENDED = """
from autodisco.simulation.executors import Executor, Sighting


class Ended(Executor):
    survives, here = True, HERE

    def submit(self, task, claim):
        raise AssertionError("it ended before")

    def poll(self, handles):
        return {handle: Sighting("ended", "it ended") for handle in handles}

    def cancel(self, handle):
        pass
"""


@pytest.fixture
def ended(tmp_path):
    """A campaign whose replicas have these outcomes, in the folders of their runs."""

    def made(*outcomes, here=True, engine="auto"):
        (tmp_path / "ended.py").write_text(ENDED.replace("HERE", str(here)))
        file = write_campaign(tmp_path, seeds="")
        file.write_text(file.read_text() + '[executor]\nkind = "ended.py:Ended"\n')
        campaign = load(file, tmp_path / "runs")
        store = Store.create(campaign.folder)
        set_up(campaign, store)
        store.begin_iteration(1)
        store.set(iteration=1)
        for n, outcome in enumerate(outcomes):
            key = f"{n:016x}"
            store.add_polymer(key, "*OCC*", "*OCC*", "generated", 1)
            store.plan_replica(key, "smoke", 0, 1)
            (row,) = store.replicas(key=key)
            task = Tasks(campaign, store).of(row)
            run = run_folder(task.folder, f"claim{n}")
            job.write_job(task, f"claim{n}")
            (run / "report.txt").write_text(f"report of {n}")
            ran = dataclasses.replace(task, engine="lammps" if engine == "auto" else engine)
            write_json(run / "task.json", cache.identity(ran))
            write_json(run / "outcome.json", dataclasses.asdict(outcome))
            kind = campaign.settings.executor.kind
            names = {"executor": kind, "handle": str(n), "claim": f"claim{n}", "started": time.time()}
            store.update_replica(key, "smoke", 0, status="running", **names)
        return campaign, store

    return made


def value(number: float, **changes) -> ReplicaOutcome:
    properties = {"conductivity_s_per_cm": number}
    return ReplicaOutcome(True, properties, None, "", 9.0, 8.0, **changes)


@pytest.mark.parametrize("code", sorted(NOT_NOW))
def test_a_machine_that_can_run_nothing_now_costs_the_other_results_of_the_same_look_nothing(ended, code):
    campaign, store = ended(value(1.0), ReplicaOutcome.failed(code, "what it said", 1.0), value(2.0))
    with store:
        with pytest.raises((StorageError, EngineAbsent), match=rf"\*OCC\* replica 0: {code}: what it said") as raised:
            settle(campaign, store)
        assert may_pass(raised.value)
        assert [row.status for row in store.replicas()] == ["done", "waiting", "done"]
        assert [row.claim for row in store.replicas()] == [None] * 3
        assert [row.wall_s for row in store.replicas()] == [9.0, None, 9.0]


def test_results_of_one_look_are_one_transaction(ended, monkeypatch):
    campaign, store = ended(value(1.0), value(2.0))
    real, noted = Store.update_replica, []

    def killed(self, *names, **columns):
        noted.append(columns.get("status"))
        if noted.count("done") == 2:
            raise KeyboardInterrupt
        real(self, *names, **columns)

    with store:
        with monkeypatch.context() as patch:
            patch.setattr(Store, "update_replica", killed)
            with pytest.raises(KeyboardInterrupt):
                settle(campaign, store)
        assert [row.status for row in store.replicas()] == ["running", "running"]
        settle(campaign, store)  # the results are in the folders of the replicas by now
        assert [row.properties["conductivity_s_per_cm"] for row in store.replicas()] == [1.0, 2.0]


def test_the_hashes_are_those_that_the_worker_computed(ended):
    campaign, store = ended(value(1.0, hashes={"report.txt": "0" * 64}), value(2.0))
    with store:
        settle(campaign, store)
        hashes = {row.path: row.sha256 for row in store.files() if row.path.endswith("report.txt")}
        report = f"simulations/00/{1:016x}/0/report.txt"
        assert hashes == {
            f"simulations/00/{0:016x}/0/report.txt": "0" * 64,
            report: sha256(store.folder / report),
        }
        changed = [problem for problem in verify(store) if "report.txt" in problem]
        assert changed == [f"simulations/00/{0:016x}/0/report.txt: its content has changed"]


@pytest.mark.parametrize(("engine", "fits"), [("openmm", True), ("lammps", True), ("another", False)])
def test_elsewhere_the_engine_auto_is_chosen_where_a_replica_runs(ended, engine, fits):
    campaign, store = ended(value(1.0), here=False, engine=engine)
    with store:
        (row,) = store.replicas()
        task = Tasks(campaign, store).of(row)
        assert (store.get("engine"), task.engine) == ("auto", "auto")
        assert (claims.finished(task, "claim0") is not None) == fits
        assert claims.finished(dataclasses.replace(task, engine="further"), "claim0") is None
        for name in ("openmm", "lammps"):
            one = dataclasses.replace(task, engine=name)
            assert (claims.finished(one, "claim0") is not None) == (name == engine)
