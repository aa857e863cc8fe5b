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

KILLS, LEAST_KILLS = 12, 4  # it may end before all of them
GROWTH = 1.25  # of the pauses between two kills, so that it comes to its end
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
    file, chance = write_asking(tmp_path, iterations=3), random.Random(8)
    folder, begun = tmp_path / "runs" / "small", time.monotonic()
    daemon, kills = begin(file, tmp_path / "runs"), 0
    while not state(folder):
        time.sleep(0.1)
    longest_s = 0.3 * (time.monotonic() - begun)  # of the time that a start takes on this machine, busy as it is
    robot = start_robot(tmp_path)
    try:
        while state(folder) not in END_STATES:
            assert time.monotonic() - begun < PATIENCE_S, (tmp_path / "log.txt").read_text()[-2000:]
            time.sleep(chance.uniform(0.1, 1.0) * longest_s if kills < KILLS else 1.0)
            if kills < KILLS and state(folder) not in END_STATES:
                victim = chance.choice([daemon, robot])
                kill(family(victim.pid))
                victim.wait()
                kills, longest_s = kills + 1, GROWTH * longest_s
            if daemon.poll() is not None:
                assert daemon.returncode in (0, -signal.SIGKILL), (tmp_path / "log.txt").read_text()[-2000:]
                daemon = begin(file, tmp_path / "runs")
            if robot.poll() is not None:
                assert robot.returncode in (0, -signal.SIGKILL), (tmp_path / "robot.txt").read_text()[-2000:]
                robot = start_robot(tmp_path)
    finally:
        for process in (daemon, robot):
            kill(family(process.pid))
            process.wait()
    assert kills >= LEAST_KILLS
    record_property("injections", kills)
    with Store.open_readonly(folder) as store:
        (first, *_), replicas = ranking(store), store.replicas()
        told = {row.key: row.properties["told_by"] for row in replicas if row.properties}
    assert first.key == best
    assert set(told.values()) == {"robot-1"}
    assert len({(row.key, row.replica) for row in replicas}) == len(replicas)
    answered = [file.stem for file in (folder / "asked" / "told").glob("[!.]*.json")]
    assert len(answered) <= len(replicas)
