"""The unit that makes a campaign start with the machine."""

import dataclasses
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time

import pytest

from autodisco.campaign import service
from autodisco.campaign.states import advance
from autodisco.errors import InputError, OwnedError
from autodisco.store import Owner, Store


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd checks the unit")
@pytest.mark.parametrize("name", ["a folder with 100 %", 'a "quoted" one', "$HOME \\ it's", "plain"])
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path, name):
    folder = tmp_path / name / "small"
    folder.mkdir(parents=True)
    file = tmp_path / "autodisco-small.service"
    file.write_text(service.unit(folder))
    words = ["systemd-analyze", "verify", "--user", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)})
    newer = ("RestartSteps", "RestartMaxDelaySec")  # than some systemd, which then says that it ignores them
    complaints = [line for line in done.stderr.splitlines() if not any(key in line for key in newer)]
    assert (done.returncode, complaints) == (0, [])


@pytest.mark.parametrize("name", ["a folder with 100 %", 'a "quoted" one', "$HOME \\ it's", "plain"])
def test_the_command_of_the_unit_names_the_folder_as_it_is(tmp_path, name):
    """Systemd accepts quotation marks that it understands as something else."""
    line = next(row for row in service.unit(tmp_path / name).splitlines() if row.startswith("ExecStart="))
    assert not re.search(r"(?<![$])[$]([$]{2})*(?![$])", line), "a single $ begins a variable"
    words = shlex.split(line.removeprefix("ExecStart=").replace("%%", "%").replace("$$", "$"))
    assert words[-2:] == [str(tmp_path / name), "--service"]


def test_a_folder_whose_name_has_a_line_break_gets_no_unit(tmp_path):
    with pytest.raises(InputError, match="line break"):
        service.unit(tmp_path / "one\ntwo")


def test_the_commands_of_unit_and_crontab_leave_alone_what_was_paused(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "small"
    shutil.copytree(finished[0].folder, folder)
    with Store.open(folder) as store:
        store.set(state="generate")
        advance(store, "pause")
    line = service.crontab_line(folder)
    assert line.startswith("*/10 * * * * cd ")
    done = subprocess.run(line.removeprefix("*/10 * * * * "), shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    with Store.open_readonly(folder) as store:
        assert store.get("state") == "paused"
    assert f"ExecStart={sys.executable} -m autodisco.campaign {folder} --service" in service.unit(folder)


def test_two_campaigns_of_one_name_have_two_units(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    first, second, third = (service.unit_file(tmp_path / place / "small") for place in ("a", "b", "a-b"))
    assert len({first, second, third}) == 3
    assert first.parent == tmp_path / "config" / "systemd" / "user"


def test_without_systemd_no_unit_is_written_and_the_crontab_line_told(finished, tmp_path, call, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("AUTODISCO_SLOTS", "/somewhere/slots of mine")
    monkeypatch.setenv("PATH", "/opt/engines/bin:/usr/bin:/opt/engines/bin:/bin")
    monkeypatch.setattr(service, "has_systemd", lambda: False)
    folder = finished[0].folder
    said = call("service", "install", folder)
    assert said.code == 0
    assert said.out.startswith("*/10 * * * * cd ")
    words = shlex.split(said.out)
    assert "AUTODISCO_SLOTS=/somewhere/slots of mine" in words
    assert "PATH=/opt/engines/bin:/usr/bin:/bin" in words
    assert "no systemd runs for this user" in said.err
    assert not service.unit_file(folder).exists()
    assert not call("service", "status", folder, "--json").json["installed"]
    assert "nothing to do" in call("service", "uninstall", folder).err
    assert "no service; autodisco service install" in call("service", "status", folder).out
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "crontab").write_text(f"#!/bin/sh\ncat <<'END'\n{said.out}END\n")
    (programs / "crontab").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    assert call("service", "status", folder).out.startswith("cron: a line of the crontab")
    assert "crontab stays" in call("service", "uninstall", folder).err


def as_service(folder):
    words = [sys.executable, "-m", "autodisco.campaign", str(folder), "--service"]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("state", ["paused", "exhausted"])
def test_a_service_leaves_alone_what_a_person_paused_or_what_has_ended(finished, tmp_path, state):
    folder = tmp_path / "small"
    shutil.copytree(finished[0].folder, folder)
    with Store.open(folder) as store:
        store.set(state=state, resume_at="generate")
    assert as_service(folder).wait(60) == 0
    with Store.open_readonly(folder) as store:
        assert store.get("state") == state
        assert store.get("owner") is None


@pytest.mark.parametrize(
    ("request_", "state"), [("pause", "paused"), pytest.param("stop", "stopped", marks=pytest.mark.slow)]
)
def test_a_service_obeys_what_was_asked_just_before_the_machine_went_down(finished, tmp_path, request_, state):
    folder = tmp_path / "small"
    shutil.copytree(finished[0].folder, folder)
    with Store.open(folder) as store:
        store.set(
            state="generate",
            ended=None,
            heartbeat=1.0,
            owner={"host": socket.gethostname(), "boot": "before", "pid": 1, "start": 1},
        )
        store.request(request_)
    process = as_service(folder)
    try:
        with Store.open_readonly(folder) as store:
            deadline = time.monotonic() + 60
            while store.get("state") != state and time.monotonic() < deadline:
                time.sleep(0.1)
            assert store.get("state") == state
            assert {"takeover", "start"} <= {row.event for row in store.journal()}
        if request_ == "pause":  # the process stays
            process.terminate()
        assert process.wait(60) == 75
    finally:
        process.kill()


def test_what_a_daemon_says_is_json_line_by_line(finished, tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(finished[0].folder, folder)
    done = subprocess.run([sys.executable, "-m", "autodisco.campaign", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0
    lines = [json.loads(line) for line in (folder / "daemon.log").read_text().splitlines()]
    assert [line["level"] for line in lines] == ["info", "info"]
    assert lines[0]["message"].startswith("exhausted: ")
    assert lines[1]["message"].startswith("report: ")


def test_a_service_that_failed_by_a_fault_that_may_pass_is_started_again_and_one_that_needs_a_person_is_not(
    finished, tmp_path
):
    """The unit restarts on failure, save for one exit code."""
    folder = tmp_path / "small"
    shutil.copytree(finished[0].folder, folder)
    unit = service.unit(folder)
    assert "Restart=on-failure\n" in unit
    assert f"RestartPreventExitStatus={service.NOT_AGAIN}\n" in unit
    with Store.open(folder) as store:
        settings = store.get("settings")
        settings["generate"]["batch_size"] = "many"
        store.set(settings=settings, state="generate", ended=None)
    assert as_service(folder).wait(60) == service.NOT_AGAIN
    settings["generate"]["batch_size"] = 1
    with Store.open(folder) as store:
        store.set(settings=settings)
        store.set(owner={**dataclasses.asdict(Owner.this_process()), "namespace": "pid:[1]"}, heartbeat=time.time())
    code = as_service(folder).wait(60)
    assert code == OwnedError.exit_code
    assert code != service.NOT_AGAIN


@pytest.mark.fault("a disk that goes, and comes back")
def test_a_service_whose_disk_is_not_mounted_is_started_again(tmp_path):
    """Its folder is then an empty one, or missing."""
    folder = tmp_path / "small"
    folder.mkdir()
    assert as_service(folder).wait(60) not in (0, service.NOT_AGAIN)
