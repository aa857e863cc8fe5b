"""What may happen to a campaign on a cluster: no replica is lost, and none is counted twice. On a real Slurm."""

import os
import signal
import time

import pytest

from autodisco.campaign import pause, stop
from autodisco.files import read_json
from autodisco.simulation.executors.queue_folder import QueueFolder
from autodisco.store import Store

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
CONTAINER = "unshare --fork --pid --mount-proc"


@pytest.mark.fault("cluster: daemon killed")
def test_a_daemon_that_was_killed_finds_its_thirty_running_replicas_again(clustered):
    clustered.write(polymers=16, pilots=4, slots=8, steps=40)
    daemon = clustered.start()
    before = clustered.until_running(30)
    os.killpg(daemon.pid, signal.SIGKILL)
    daemon.wait()
    clustered.finish(clustered.start())
    begun = [line.run for line in clustered.lines("begins")]
    assert len(begun) == len(set(begun)) == 33  # 32 and the reference: none was started again
    assert {line.run for line in before} <= set(begun)


@pytest.mark.fault("cluster: pilot or replica killed")
@pytest.mark.parametrize("what", ["pilot", "replica"])
def test_a_killed_pilot_or_replica_goes_on_from_its_checkpoint(clustered, what):
    daemon, running = clustered.begin_with_checkpoints()
    if what == "pilot":
        clustered.kill_pilot(sorted(clustered.pilots())[0])
    else:
        os.kill(running[0].pid, signal.SIGKILL)
    clustered.finish(daemon)
    again = [line for line in clustered.lines("begins") if line.begun > 0]
    assert len(again) >= (4 if what == "pilot" else 1)
    assert ("lost pilot" in clustered.journal()) == (what == "pilot")


@pytest.mark.fault("cluster: node down or lost")
def test_replicas_of_a_node_that_goes_down_are_run_again(clustered):
    daemon, running = clustered.begin_with_checkpoints()
    node = running[0].node
    clustered.slurm.run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    clustered.finish(daemon)
    assert sum(line.begun > 0 for line in clustered.lines("begins")) >= 4


@pytest.mark.fault("cluster: node down or lost")
def test_what_the_old_copy_on_a_lost_node_finishes_does_not_count(clustered):
    clustered.write(steps=150)
    daemon = clustered.start()
    before = clustered.until_running(4)
    node = before[0].node
    ((_, pilot),) = clustered.pilots().items()
    pilot.suspend()  # it is not to learn that its claims were taken back
    clustered.slurm.lose_node(node)
    after = clustered.until(
        lambda: [line for line in clustered.running() if line.node != node], "replicas run elsewhere"
    )
    both = {line.replica for line in after} & {line.replica for line in clustered.running() if line.node == node}
    assert both, "the old copy had ended before the new one began"
    pilot.resume()
    clustered.finish(daemon)
    counted = {f"run-{read_json(home / 'job.json')['claim']}" for home in clustered.homes()}
    assert not counted & {line.run for line in before if line.replica in both}


@pytest.mark.fault("cluster: walltime, preemption, scancel")
def test_preempted_pilots_give_their_replicas_back(clustered):
    clustered.write(partition="spare")
    daemon = clustered.start()
    node = clustered.until_running(4)[0].node
    others = [f"--exclude={','.join(name for name in clustered.slurm.names if name != node)}", "--exclusive"]
    clustered.slurm.run("sbatch", "--partition=main", *others, "--output=/dev/null", "--wrap=sleep 5")
    clustered.until(lambda: len(clustered.lines("begins")) >= 9, "all four begin again")
    clustered.finish(daemon)
    assert "lost pilot" not in clustered.journal()


@pytest.mark.fault("cluster: walltime, preemption, scancel")
def test_a_cancelled_pilot_gives_its_replicas_back_and_another_one_is_submitted(clustered):
    daemon, _ = clustered.begin_with_checkpoints()
    (job,) = clustered.slurm.jobs("RUNNING")
    clustered.slurm.run("scancel", job)
    clustered.until(lambda: set(clustered.slurm.jobs("RUNNING", "PENDING")) - {job}, "another pilot is submitted")
    clustered.finish(daemon)
    assert "lost pilot" not in clustered.journal()
    assert sum(line.begun > 0 for line in clustered.lines("begins")) >= 4


@pytest.mark.fault("cluster: walltime, preemption, scancel")
def test_a_pilot_hands_over_before_its_time_is_up(clustered):
    clustered.write(steps=36, walltime=1, warning=25)
    daemon = clustered.start()
    clustered.finish(daemon)
    assert any(line.begun > 0 for line in clustered.lines("begins"))
    assert "lost pilot" not in clustered.journal()


@pytest.mark.fault("cluster: walltime, preemption, scancel")
def test_a_pilot_with_a_process_namespace_of_its_own_hands_over_too(clustered):
    """As in a container: the pilot is process 1 there, and its numbers of processes mean nothing on the node."""
    clustered.write(steps=36, walltime=1, warning=25, container=CONTAINER)
    daemon = clustered.start()
    clustered.finish(daemon)
    lines = clustered.lines("begins")
    assert any(line.begun > 0 for line in lines)
    assert all(line.pid < 1000 for line in lines), "processes were numbered as on the node"
    assert "lost pilot" not in clustered.journal()


@pytest.mark.fault("cluster: batch system silent, refusing, holding")
def test_a_controller_that_is_away_changes_nothing_for_running_replicas(clustered):
    clustered.write(steps=150)
    daemon = clustered.start()
    clustered.until_running(4)
    clustered.slurm.stop_controller()
    try:
        clustered.until(lambda: "batch system silent" in clustered.journal(), "the silence is noticed")
        assert "silent" in clustered.fact("trouble")
        time.sleep(60)
        assert len(clustered.running()) >= 4
    finally:
        clustered.slurm.start_controller()
    clustered.until(lambda: "batch system answers" in clustered.journal(), "the batch system answers")
    clustered.finish(daemon)
    assert "lost pilot" not in clustered.journal()
    assert all(line.begun == 0 for line in clustered.lines("begins"))


@pytest.mark.fault("cluster: batch system silent, refusing, holding")
def test_a_job_that_was_held_because_its_launch_failed_is_released(clustered):
    clustered.write(steps=5)
    for node in clustered.slurm.names:
        clustered.slurm.break_launch(node)
    daemon = clustered.start()
    clustered.until(lambda: clustered.slurm.jobs(), "a job is there")
    clustered.until(lambda: "held" in clustered.slurm.run("squeue", "--noheader", "--format=%r"), "it is held")
    clustered.slurm.mend_launches()
    clustered.finish(daemon)
    assert "job released" in clustered.journal()


@pytest.mark.fault("cluster: batch system silent, refusing, holding")
def test_a_refused_submission_is_tried_again(clustered):
    clustered.write(steps=5)
    clustered.slurm.run("scontrol", "update", "partitionname=main", "state=drain")
    try:
        daemon = clustered.start()
        clustered.until(lambda: "submission refused" in clustered.journal(), "a refusal")
        assert "no pilot can be started" in clustered.fact("trouble")
    finally:
        clustered.slurm.run("scontrol", "update", "partitionname=main", "state=up")
    clustered.finish(daemon)
    assert clustered.fact("trouble") == ""


@pytest.mark.fault("cluster: leave, pause, stop")
def test_leaving_touches_nothing_that_runs(clustered):
    clustered.write(steps=60)
    daemon = clustered.start()
    before = clustered.until_running(4)
    daemon.terminate()
    assert daemon.wait(60) == 75
    assert {line.run for line in clustered.running()} == {line.run for line in before}
    clustered.finish(clustered.start())
    assert all(line.begun == 0 for line in clustered.lines("begins"))


@pytest.mark.fault("cluster: leave, pause, stop")
def test_a_pause_lets_replicas_end_and_starts_nothing_more(clustered):
    clustered.write(polymers=4)
    daemon = clustered.start()
    before = clustered.until_running(4)
    pause(clustered.folder)
    clustered.until(lambda: clustered.fact("state") == "paused", "it is paused")
    clustered.until(lambda: not clustered.running(), "those that run come to their end")
    assert {line.run for line in before} <= {line.run for line in clustered.lines("ends")}
    assert clustered.tasks().waiting
    with Store.open(clustered.folder) as store:
        store.request("resume")
    clustered.finish(daemon)
    assert all(line.begun == 0 for line in clustered.lines("begins"))


@pytest.mark.fault("cluster: leave, pause, stop")
def test_a_stop_cancels_all_pilots_and_loses_nothing(clustered):
    daemon, _ = clustered.begin_with_checkpoints()
    stop(clustered.folder)
    assert daemon.wait(120) == 75
    assert not clustered.slurm.jobs("RUNNING", "PENDING")
    tasks = clustered.tasks()
    assert not tasks.waiting
    assert not tasks.claimed
    assert not clustered.running()
    assert {row.status for row in clustered.rows()} <= {"waiting", "done"}
    clustered.finish(clustered.start())
    assert any(line.begun > 0 for line in clustered.lines("begins"))


@pytest.mark.fault("cluster: two daemons")
def test_a_second_daemon_is_refused_and_changes_nothing(clustered):
    clustered.write()
    daemon = clustered.start()
    clustered.until_running(4)
    assert clustered.start().wait(120) == 1  # the owner lives: OwnedError
    assert "which is alive" in clustered.said()
    clustered.finish(daemon)
    assert all(line.begun == 0 for line in clustered.lines("begins"))


@pytest.mark.fault("cluster: a replica that ends pilots, a node that fails replicas")
def test_a_replica_that_ends_three_pilots_is_given_up(clustered):
    clustered.write(steps=1000, polymers=1, replicas=1, slots=1)
    daemon = clustered.start()
    for number in range(3):
        clustered.until(lambda n=number: len(clustered.lines("begins")) > n and clustered.running(), "it runs")
        clustered.kill_pilot(sorted(clustered.pilots())[-1])
        clustered.until(lambda: not clustered.running(), "it has ended")
    clustered.until(lambda: any(row.failure_code == "lost-pilot" for row in clustered.rows()), "it is given up")
    daemon.kill()


@pytest.mark.fault("cluster: a replica that ends pilots, a node that fails replicas")
def test_a_node_on_which_everything_fails_is_left_out(clustered):
    clustered.broken.mkdir()
    node = clustered.slurm.names[0]
    clustered.write(steps=6, polymers=14, pilots=2, slots=16)  # one pilot fills a node
    clustered.start()
    clustered.until(lambda: clustered.lines("ends"), "the reference has a value")
    (clustered.broken / node).touch()
    clustered.until(lambda: clustered.queue.left_out() == [node], "the node is left out")
    clustered.until(lambda: "node left out" in clustered.journal(), "the journal says so")
    clustered.until(lambda: all(said["node"] != node for said in clustered.queue.beats().values()), "its pilot leaves")


@pytest.mark.fault("cluster: shared disk away")
@pytest.mark.parametrize("asked", [pause, stop])
def test_a_pause_or_a_stop_while_the_shared_disk_is_away_is_made_up_for(clustered, tmp_path, asked):
    disk = tmp_path / "disk"
    disk.mkdir()
    clustered.queue = QueueFolder(disk / "small" / "queue")
    clustered.write(polymers=4, folder=disk, steps=60)
    daemon = clustered.start()
    running = clustered.until_running(4)
    clustered.until(lambda: all(map(clustered.has_checkpoint, running)), "checkpoints are written")
    os.rename(disk, tmp_path / "away")
    asked(clustered.folder)
    state = "paused" if asked is pause else "stopped"
    clustered.until(lambda: clustered.fact("state") == state, f"it is {state}")
    assert clustered.journal().count(f"not {state}") == 1
    assert clustered.slurm.jobs("RUNNING")
    os.rename(tmp_path / "away", disk)
    if asked is stop:
        assert daemon.wait(60) == 75
        assert stop(clustered.folder) == "small: stopped, and now its pilots know it"
        assert not clustered.slurm.jobs("RUNNING", "PENDING")
        daemon = clustered.start()
    else:
        clustered.until(lambda: "made up" in clustered.journal(), "it is made up for")
        assert clustered.queue.held
        with Store.open(clustered.folder) as store:
            store.request("resume")
    clustered.finish(daemon)
    assert any(line.begun > 0 for line in clustered.lines("begins"))
