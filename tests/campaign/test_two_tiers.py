"""A whole campaign with two tiers on real molecular dynamics, killed in the middle of a build at the second one."""

import io
import os
import signal
import time

import pytest

from autodisco.campaign.export import tables
from autodisco.campaign.verify import unrecorded_replicas, verify
from autodisco.decide import ranking, status
from autodisco.monitor import picture
from autodisco.report import write_report
from autodisco.store import Store, tier_progress
from tests.campaign.conftest import write_campaign
from tests.campaign.storm import PATIENCE_S, begin, family, outcomes, result
from tests.campaign.test_tiers import LONG

ONE = 'protocol = "smoke"\nreplicas = 1\nreference_replicas = 1\n'
TWO = """
[[tier]]
protocol = "smoke"
replicas = 1
reference_replicas = 1
[[tier]]
protocol = "long.toml"
replicas = 2
reference_replicas = 1
builds_below = 2
"""


def write(folder, workers, **changes):
    (folder / "long.toml").write_text(LONG)
    file = write_campaign(folder, seeds="", selection="batch-ucb", pool=4, batch=2, **changes)
    text = file.read_text()
    assert ONE in text
    file.write_text(text.replace(ONE, f"workers = {workers}\n") + TWO)
    return file


def long_rows(folder, *states):
    try:
        with Store.open_readonly(folder) as store:
            return [row for row in store.replicas(protocol="long") if not states or row.status in states]
    except Exception:  # not there yet
        return []


def killed_in_a_long_build(file, runs):
    """Run a campaign to its end, after it was killed with all its processes in the middle of a build of `long`."""
    folder, process = runs / "small", begin(file, runs)
    while not any(list(folder.glob(f"simulations/*/{row.key}/long/{row.replica}/**/progress.json"))
                  for row in long_rows(folder, "running")):  # fmt: skip
        assert process.poll() is None, (file.parent / "log.txt").read_text()[-2000:]
        time.sleep(0.05)
    for member in family(process.pid):
        os.kill(member, signal.SIGKILL)
    process.wait()
    before = outcomes(folder)
    assert long_rows(folder, "running")
    assert begin(file, runs).wait(PATIENCE_S) == 0, (file.parent / "log.txt").read_text()[-2000:]
    assert {path: stamp for path, stamp in outcomes(folder).items() if path in before} == before
    return folder


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    return killed_in_a_long_build(write(folder, workers=2), folder / "runs")


def test_a_build_that_was_killed_is_neither_lost_nor_doubled(killed):
    with Store.open_readonly(killed) as store:
        rows = store.replicas(protocol="long")
        assert rows
        assert {(row.status, row.attempt) for row in rows} == {("done", 0)}
        promoted = [row for row in store.journal() if row.event == "promote"]
        assert len(promoted) == len(rows) == len(list(killed.glob("simulations/*/*/long/*/outcome.json")))
        assert verify(store) == []
        assert unrecorded_replicas(store) == 0
        assert store.get("state") == "exhausted"


def test_values_of_both_tiers_count_each_as_its_own_source(killed):
    with Store.open_readonly(killed) as store:
        assert {row["name"]: row["labels"] for row in store.get("judgement")["sources"]}["long"] > 0
        for row in ranking(store):
            assert {one.protocol for one in row.tiers} <= {"smoke", "long"}
            assert row.protocol == row.tiers[-1].protocol
        smoke, long = tier_progress(store)
        assert (smoke.failed, long.running, long.waiting) == (0, 0, 0)
        assert smoke.mean_cpu_s > 0
        assert long.mean_cpu_s > 0
        (note,) = [row for row in store.journal() if row.event == "tiers"]
        assert note.seen["CPU-seconds of smoke"] > 0


def test_every_screen_names_the_tiers(killed, tmp_path):
    from rich.console import Console

    console = Console(width=140, record=True, file=io.StringIO())
    console.print(picture(killed, 140, 40))
    text = console.export_text()
    assert "smoke 3" in text
    assert "· long" in text
    with Store.open_readonly(killed) as store:
        assert [tier.protocol for tier in status(store).tiers] == ["smoke", "long"]
        page = write_report(store, tmp_path).read_text()
        first = next(tables(store)["polymers"])
    assert "<h2>Tiers</h2>" in page
    assert "long: σ" in page
    assert "smoke_conductivity_s_per_cm" in first
    assert "smoke_conductivity_s_per_cm" in (tmp_path / "ranking.csv").read_text().splitlines()[0]


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_with_one_worker_a_killed_campaign_ends_like_one_left_alone(tmp_path):
    results = []
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
        file = write(tmp_path / name, workers=1, iterations=2)
        if name == "whole":
            assert begin(file, tmp_path / name / "runs").wait(PATIENCE_S) == 0
            folder = tmp_path / name / "runs" / "small"
        else:
            folder = killed_in_a_long_build(file, tmp_path / name / "runs")
        results.append(result(folder))
    whole, killed = results
    for name in whole:
        assert killed[name] == whole[name], name
