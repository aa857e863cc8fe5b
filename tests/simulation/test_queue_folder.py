"""The queue folder: every task has one file, and one of many processes gets it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from autodisco.simulation.executors.nodes import Nodes
from autodisco.simulation.executors.pilots import is_gone
from autodisco.simulation.executors.queue_folder import Entry, QueueFolder, as_part
from autodisco.simulation.executors.scheduler import BatchJob


@pytest.fixture
def queue(tmp_path) -> QueueFolder:
    folder = QueueFolder(tmp_path / "queue")
    folder.create()
    return folder


@pytest.mark.parametrize(
    "entry",
    [Entry("a-1"), Entry("a-1", 2), Entry("a-1", 0, "c", "7_0"), Entry("a-1", 1, "c", "7_0", "lost-pilot")],
    ids=["waits", "waits after losses", "claimed", "done"],
)
def test_the_name_of_a_file_says_all_of_its_task(entry):
    assert Entry.read(entry.place.partition("/")[2]) == entry


@pytest.mark.parametrize("name", [".a.0.json.1f", "a.json", "a.x.json", "a.0.c.json", ".nfs000", "a.0.txt"])
def test_other_files_are_no_tasks(name):
    assert Entry.read(name) is None


def test_each_of_many_tasks_is_taken_by_one_of_many_pilots(queue):
    for number in range(300):
        queue.put(f"{number:03}", {"number": number})

    def take_all(pilot: int) -> list[str]:
        mine, folder = [], QueueFolder(queue.root)
        while entry := folder.take(f"claim{pilot}-{len(mine)}", f"{pilot}_0"):
            mine.append(entry.id)
            assert folder.read(entry) == {"number": int(entry.id)}
        return mine

    with ThreadPoolExecutor(8) as pilots:
        taken = [id_ for ids in pilots.map(take_all, range(8)) for id_ in ids]
    assert sorted(taken) == [f"{number:03}" for number in range(300)]
    assert len(queue.listing().claimed) == 300


def test_the_task_that_has_waited_longest_is_taken_first(queue):
    for id_ in ("2", "1", "3"):
        queue.put(id_, {})
    assert [queue.take("c", "p_0").id for _ in range(3)] == ["1", "2", "3"]
    assert queue.take("c", "p_0") is None


def test_a_claim_that_was_taken_back_can_neither_be_finished_nor_given_back(queue):
    queue.put("a", {})
    old = queue.take("old", "1_0")
    assert queue.give_back(old, lost=True).losses == 1
    new = queue.take("new", "2_0")
    assert queue.move(old, how="ok") is None
    assert queue.give_back(old) is None
    assert queue.move(new, how="ok").place == "done/a.1.new.2_0.ok.json"


def test_a_rename_whose_answer_was_lost_counts_as_done(queue):
    queue.put("a", {})
    entry = queue.take("c", "1_0")
    assert queue.move(entry, how="ok") == queue.move(entry, how="ok")


def test_names_of_jobs_become_parts_of_file_names():
    assert as_part("123.server[4]") == "123-server-4-"


RUNNING, QUEUED, ENDED = (BatchJob("7", state) for state in ("running", "queued", "ended"))


@pytest.mark.parametrize(
    ("pilot", "job", "beats", "gone"),
    [
        ("7_0", RUNNING, {"7_0": {"job": "7"}}, False),
        ("7_0", RUNNING, {}, False),
        ("7_0", ENDED, {"7_0": {"job": "7"}}, True),
        ("7_0", None, {"7_0": {"job": "7"}}, True),
        ("7_0", QUEUED, {"7_0": {"job": "7"}}, True),
        ("7_0", RUNNING, {"7_0": {"job": "7"}, "7_1": {"job": "7"}}, True),
        ("7_1", RUNNING, {"7_0": {"job": "7"}, "7_1": {"job": "7"}}, False),
        ("process9_0", None, {"process9_0": {"job": ""}}, False),
    ],
    ids=[
        "runs",
        "has said nothing yet",
        "ended",
        "forgotten",
        "requeued",
        "started again",
        "its second start",
        "by hand",
    ],
)
def test_a_pilot_is_gone_when_its_job_has_ended_or_was_started_again(pilot, job, beats, gone):
    assert is_gone(pilot, beats, {"7": job} if job else {}) == gone


def results(nodes: Nodes, *ends: tuple[str, str]):
    return [nodes.ended(Entry(str(n), 0, "c", "p_0", how), node) for n, (node, how) in enumerate(ends)][-1]


def test_a_node_is_left_out_after_three_failures_running_if_others_succeed_meanwhile(queue):
    note = results(Nodes(queue), ("a", "unknown"), ("b", "ok"), ("a", "stalled"), ("a", "engine-crash"))
    assert note.event == "node left out"
    assert queue.left_out() == ["a"]


def test_a_node_is_left_out_as_soon_as_others_succeed(queue):
    nodes = Nodes(queue)
    assert results(nodes, *[("a", "unknown")] * 3) is None
    assert results(nodes, ("b", "ok")).subject == "a"


@pytest.mark.parametrize(
    "ends",
    [
        [("a", "unknown")] * 3,
        [("b", "ok"), *[("a", "unknown")] * 3],
        [("a", "unknown"), ("b", "ok"), ("a", "unknown"), ("a", "ok"), ("a", "unknown")],
        [("a", "unknown"), ("b", "ok"), ("a", "unknown"), ("a", "density-off")],
    ],
    ids=["nobody succeeds", "nobody succeeds meanwhile", "a result in between", "a failure of the polymer"],
)
def test_a_node_stays_otherwise(queue, ends):
    assert results(Nodes(queue), *ends) is None
    assert queue.left_out() == []
