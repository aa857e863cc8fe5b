"""The robot of the documentation answers a campaign from a table, while both are killed at random."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autodisco.decide import ranking
from autodisco.errors import NoCampaign
from autodisco.store import END_STATES, Store
from tests.campaign.asked import write_asking, write_table
from tests.campaign.storm import PATIENCE_S, begin, family, kill

ROBOT = Path(__file__).parents[2] / "docs" / "examples" / "robot.py"


def start_robot(folder: Path) -> subprocess.Popen:
    """The robot in a process group of its own, in the folder of the campaign file."""
    words = [sys.executable, str(ROBOT), "small", str(folder / "table.csv"), "robot-1"]
    with open(folder / "robot.txt", "ab") as log:
        return subprocess.Popen(words, cwd=folder, stdout=log, stderr=log, start_new_session=True)


def state(folder: Path) -> str:
    try:
        with Store.open_readonly(folder) as store:
            return store.get("state") or ""
    except NoCampaign:
        return ""


@pytest.mark.slow
@pytest.mark.fault("told values: SIGKILL of daemon, asker, teller")
def test_the_robot_finds_the_best_of_a_known_table_while_it_and_the_daemon_are_killed(tmp_path, record_property):
    best = write_table(tmp_path / "table.csv")
    file, chance = write_asking(tmp_path, iterations=6), random.Random(8)
    folder, end = tmp_path / "runs" / "small", time.monotonic() + PATIENCE_S
    daemon, robot, kills = begin(file, tmp_path / "runs"), None, 0
    try:
        while state(folder) not in END_STATES:
            assert time.monotonic() < end, (tmp_path / "log.txt").read_text()[-2000:]
            if daemon.poll() is not None:
                assert daemon.returncode in (0, -signal.SIGKILL), (tmp_path / "log.txt").read_text()[-2000:]
                daemon = begin(file, tmp_path / "runs")
            if robot is None or robot.poll() is not None:
                robot = start_robot(tmp_path)  # it ends with an error before the campaign is there
            time.sleep(chance.uniform(0.5, 6.0 if kills < 30 else 60.0))
            victim = chance.choice([daemon, robot])
            kill(family(victim.pid))
            victim.wait()
            kills += 1
    finally:
        for process in filter(None, (daemon, robot)):
            kill(family(process.pid))
            process.wait()
    record_property("injections", kills)
    with Store.open_readonly(folder) as store:
        (first, *_), replicas = ranking(store), store.replicas()
        told = {row.key: row.properties["told_by"] for row in replicas if row.properties}
    assert first.key == best
    assert set(told.values()) == {"robot-1"}
    assert len({(row.key, row.replica) for row in replicas}) == len(replicas)
    answered = [file.stem for file in (folder / "asked" / "told").glob("[!.]*.json")]
    assert len(answered) <= len(replicas)
