"""GPUs of one machine, with programs in place of those of NVIDIA: what the processes of replicas are told."""

import fcntl
import gc
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from autodisco.errors import InputError
from autodisco.simulation import LocalExecutor, ReplicaTask
from autodisco.simulation.executors import cards, load_executor, slots

LISTED = """\
GPU 0: NVIDIA H100 (UUID: GPU-aaaa)
GPU 1: NVIDIA H100 (UUID: GPU-bbbb)
  MIG 3g.40gb     Device  0: (UUID: MIG-b1)
  MIG 4g.40gb     Device  1: (UUID: MIG-b2)
"""
SMI = f"#!/bin/sh\ncat <<'END'\n{LISTED}END\n"
CONTROL = """\
#!/bin/sh
echo "$* $(test -t 0 || cat) $CUDA_VISIBLE_DEVICES $CUDA_MPS_PIPE_DIRECTORY" >> "$(dirname "$0")/control.log"
exit CODE
"""
ENGINE = """
from autodisco.simulation.engines.engine import Engine


class OnCards(Engine):
    def check(self): ...
    def write(self, folder, system, protocol, seed, timestep_scale=1.0): ...
    def start(self, folder, plan, tell): ...
    def run_leg(self, leg): ...
    def has_gpu(self):
        return True


class OnCores(OnCards):
    def has_gpu(self):
        return False
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Programs of NVIDIA's driver in a folder of their own, with the texts that they are; returns the folder."""
    monkeypatch.delenv(cards.DEVICES, raising=False)
    monkeypatch.delenv(cards.PIPES, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def write(**texts):
        for name, text in texts.items():
            file = folder / name.replace("_", "-")
            file.write_text(text)
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return folder

    return write


@pytest.fixture
def begin(tmp_path):
    """Starts replicas with an executor; gives the variables of their processes. They are ended after the test."""
    started = []

    def one(executor, name="0"):
        task = ReplicaTask("key", "*OCC*", 0, 5, "smoke", "pcff+", tmp_path / "replicas" / name, 120.0)
        handle = executor.submit(task, "claim")
        started.append((executor, handle))
        while not (variables := Path(f"/proc/{handle}/environ").read_text()):  # it is about to begin
            time.sleep(0.01)
        return handle, dict(pair.partition("=")[::2] for pair in variables.split("\0"))

    def end():
        while started:
            executor, handle = started.pop()
            executor.cancel(handle)

    one.end = end
    yield one
    end()


def devices(begin, executor, number):
    return [begin(executor, str(n))[1].get(cards.DEVICES) for n in range(number)]


@pytest.mark.parametrize(
    ("gpus", "given"),
    [
        ([0, 1], ["0", "1", "0", "1"]),
        (["GPU-aaaa", "MIG-b1", "MIG-b2"], ["GPU-aaaa", "MIG-b1", "MIG-b2", "GPU-aaaa"]),
    ],
)
def test_each_replica_gets_one_card_in_turn(programs, begin, gpus, given):
    programs()
    assert devices(begin, LocalExecutor(4, 1, gpus), 4) == given


def test_a_card_that_is_free_again_is_given_to_the_next_replica(programs, begin):
    programs()
    executor = LocalExecutor(gpus=["a", "b", "c"])
    assert executor.workers == 3
    handles = [begin(executor, str(n))[0] for n in range(3)]
    os.kill(int(handles[1]), signal.SIGKILL)
    while executor.poll([handles[1]])[handles[1]].state == "running":
        pass
    assert begin(executor, "next")[1][cards.DEVICES] == "b"


def test_campaigns_that_share_cards_get_different_ones(programs, begin, monkeypatch, tmp_path):
    """Also where one names them by number and the other one by name."""
    programs(nvidia_smi=SMI)
    monkeypatch.setenv(slots.FOLDER, str(tmp_path / "slots"))
    monkeypatch.setattr("autodisco.simulation.executors.part.core_names", lambda _: ["core-0", "core-1", "core-2"])
    executors = [LocalExecutor(gpus=gpus) for gpus in ([0, 1], ["GPU-aaaa", "GPU-bbbb"])]
    for executor, name, card in zip(executors, "ab", ["0", "GPU-bbbb"], strict=True):
        executor.serve(name, tmp_path)
        executor.share()
        assert executor.reserve()
        assert begin(executor, name)[1][cards.DEVICES] == card
    assert not executors[1].reserve()
    assert executors[1].waits_for == "campaign a uses 1 of 3 cores and 1 of the places on GPUs"
    begin.end()
    executors[1]._part._slots._asked = 0.0  # it may ask again now
    assert executors[1].reserve()


@pytest.mark.parametrize(
    ("variable", "known"),
    [
        (None, ["GPU-aaaa", "MIG-b1", "MIG-b2"]),
        ("2,5", ["2", "5"]),
        ("GPU-aaaa", ["GPU-aaaa"]),
        ("MIG-b1,-1,3", ["MIG-b1"]),
        ("NoDevFiles", []),
        ("", []),
    ],
)
def test_the_cards_are_those_that_may_be_used(programs, monkeypatch, variable, known):
    programs(nvidia_smi=SMI)
    if variable is not None:
        monkeypatch.setenv(cards.DEVICES, variable)
    assert cards.found() == known


def test_without_the_program_that_lists_cards_none_is_known(programs):
    programs(nvidia_smi="#!/bin/sh\necho no driver; exit 9\n")
    assert cards.found() == []


def test_local_takes_all_cards_where_the_engine_uses_them(programs, tmp_path, monkeypatch):
    programs(nvidia_smi=SMI)
    (tmp_path / "engines.py").write_text(ENGINE)
    on_cards, on_cores = (f"{tmp_path}/engines.py:{name}" for name in ("OnCards", "OnCores"))
    assert load_executor("local", engine=on_cards).workers == 3
    assert load_executor("local", options={"replicas_per_gpu": 4}, engine=on_cards).workers == 12
    assert load_executor("local", 5, options={"replicas_per_gpu": 4}, engine=on_cards).workers == 5
    assert load_executor("local", options={"gpus": [1]}, engine=on_cards).workers == 1
    filling = LocalExecutor(gpus=[]).workers
    assert load_executor("local", engine=on_cores).workers == filling
    assert load_executor("local", options={"gpus": []}, engine=on_cards).workers == filling


def test_several_replicas_of_a_card_share_it_with_mps_which_ends_with_the_executor(programs, begin, tmp_path):
    folder = programs(nvidia_cuda_mps_control=CONTROL.replace("CODE", "0"))
    left, held = (tmp_path / f"{cards.PREFIX}{name}" for name in ("left", "held"))
    for one in (left, held):
        one.mkdir()
        (one / cards.OWNER).touch()
    other = os.open(held / cards.OWNER, os.O_RDWR)  # of a process that lives, maybe in another container
    fcntl.flock(other, fcntl.LOCK_EX)
    executor = LocalExecutor(0, 1, [3, "MIG-b1"], 2)
    found = [begin(executor, str(n))[1] for n in range(4)]
    assert [one[cards.DEVICES] for one in found] == ["0", "MIG-b1", "0", "MIG-b1"]
    pipes = [one[cards.PIPES] for one in found]
    assert pipes[:2] == pipes[2:]
    assert pipes[0] != pipes[1]
    assert all(Path(pipe).is_dir() and Path(pipe).stat().st_mode & 0o077 == 0 for pipe in pipes)
    log = folder / "control.log"
    assert log.read_text().splitlines() == [
        f" quit  {left}",  # of a process that was killed
        f"-d  3 {pipes[0]}",
        f"-d  MIG-b1 {pipes[1]}",
    ]
    assert not left.exists()
    assert held.exists()
    begin.end()
    del executor
    gc.collect()
    assert sorted(line for line in log.read_text().splitlines()[3:]) == sorted(f" quit  {pipe}" for pipe in pipes[:2])
    assert not any(Path(pipe).exists() for pipe in pipes)


@pytest.mark.parametrize("why", ["one replica a card", "MPS does not start", "another one runs"])
def test_cards_are_shared_without_mps(programs, begin, monkeypatch, capfd, why):
    programs(nvidia_cuda_mps_control=CONTROL.replace("CODE", "1" if why == "MPS does not start" else "0"))
    if why == "another one runs":
        monkeypatch.setenv(cards.PIPES, "/tmp/of-the-site")
    executor = LocalExecutor(0, 1, [3], 1 if why == "one replica a card" else 2)
    variables = begin(executor)[1]
    assert variables[cards.DEVICES] == "3"
    assert variables.get(cards.PIPES) == ("/tmp/of-the-site" if why == "another one runs" else None)
    assert ("MPS does not start on GPU 3" in capfd.readouterr().err) == (why == "MPS does not start")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"gpus": "0"}, "executor.options.gpus = '0': allowed is a list of numbers or names"),
        ({"gpus": [0.5]}, "a list of numbers or names"),
        ({"gpus": [0, "0"]}, "a GPU is named twice"),
        (
            {"gpus": [0], "replicas_per_gpu": 0},
            "executor.options.replicas_per_gpu = 0: allowed is a whole number",
        ),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, complaint):
    with pytest.raises(InputError, match=complaint):
        load_executor("local", options=options)
