"""A campaign as a service of the user: it starts with the machine and comes back when it is killed or has failed by a
fault that may pass.

With systemd it is a user unit; elsewhere a line for crontab does the same.
"""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from autodisco.campaign.control import live_owner
from autodisco.errors import AutodiscoError, InputError, OwnedError
from autodisco.files import write_atomic
from autodisco.store import STALE_S, Store

UNIT = """\
[Unit]
Description=autodisco campaign {name}
Documentation={page}
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory={folder}
ExecStart={command}
NotifyAccess=main
WatchdogSec={watchdog}
TimeoutAbortSec=60
Restart=on-failure
RestartSec=30
RestartSteps=8
RestartMaxDelaySec=3600
RestartPreventExitStatus={not_again}
SuccessExitStatus=75
KillMode=mixed
TimeoutStopSec=300

[Install]
WantedBy=default.target
"""
"""Pauses between starts grow to an hour (systemd before 254 ignores that and waits 30 s each time)."""

WATCHDOG_S = 1.5 * STALE_S
"""A service without a sign of life for so long (seconds) is killed and started again."""

FOR_CRON = ("PATH", "PYTHONPATH", "AUTODISCO_SLOTS", "AUTODISCO_OPENMM_PLATFORM")
"""Variables of the environment that a line of a crontab takes along where they are set."""

NOT_AGAIN = 70
"""Exit code of a service whose campaign needs a person: it is not started again."""


@dataclass(frozen=True)
class Service:
    """The unit of a campaign: its name, its file, and what systemd says about it (None where there is no systemd)."""

    unit: str
    file: Path
    installed: bool
    active: str | None
    lingers: bool | None


def unit_file(folder: Path) -> Path:
    """Where the unit of a campaign lies: two campaigns of one name in different places have different units."""
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    return base / "systemd" / "user" / f"autodisco-{folder.resolve().name}-{place}.service"


def install(folder: Path) -> Service:
    """Write the unit, enable and start it; without systemd, nothing is written.

    Raises OwnedError where another process runs the campaign, AutodiscoError where systemd refuses.
    """
    with Store.open_readonly(folder) as store:
        if owner := live_owner(store):
            raise OwnedError(f"{folder}: run by {owner}; stop it first (autodisco stop), then install and resume")
    if has_systemd():
        file = unit_file(folder)
        write_atomic(file, unit(folder))
        _systemctl("daemon-reload")
        _systemctl("enable", "--now", file.name)
    return status(folder)


def uninstall(folder: Path) -> Service:
    """Stop and disable the unit and remove it; the campaign itself stays and can be resumed."""
    file = unit_file(folder)
    if file.exists():
        if has_systemd():
            _systemctl("disable", "--now", file.name)
        file.unlink()
        if has_systemd():
            _systemctl("daemon-reload")
    return status(folder)


def status(folder: Path) -> Service:
    """Whether there is a unit, what it does, and whether the user's services outlive the login."""
    file = unit_file(folder)
    if not has_systemd():
        return Service(file.name, file, file.exists(), None, None)
    active = _said("systemctl", "--user", "is-active", file.name)
    linger = _said("loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value")
    return Service(file.name, file, file.exists(), active or "unknown", linger == "yes")


def has_systemd() -> bool:
    """Whether this user has a systemd to talk to."""
    if not shutil.which("systemctl"):
        return False
    done = subprocess.run(["systemctl", "--user", "is-system-running"], capture_output=True, text=True)
    return done.stdout.strip() in ("running", "degraded", "starting", "initializing", "maintenance")


def unit(folder: Path) -> str:
    """The unit file of a campaign."""
    absolute = folder.absolute()
    if "\n" in str(absolute):
        raise InputError(f"{absolute!s:.60}: a unit cannot hold the path of a folder with a line break in its name")
    return UNIT.format(
        name=_literal(folder.name),
        folder=_literal(str(absolute)),
        page=_literal((absolute / "campaign.toml").as_uri()),
        command=" ".join(map(_word, _command(absolute))),
        not_again=NOT_AGAIN,
        watchdog=f"{WATCHDOG_S:.0f}",
    )


def _literal(text: str) -> str:
    """Text in a unit file, where a percent sign begins a specifier."""
    return text.replace("%", "%%")


def _word(text: str) -> str:
    """One word of a command in a unit file (systemd.service(5), "Command lines")."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return _literal(escaped if re.fullmatch(r"[\w@%+=:,./$-]+", escaped) else f'"{escaped}"')


def crontab_line(folder: Path) -> str:
    """The line for `crontab -e` on a machine without systemd: it looks every ten minutes whether the process is there
    and not hung (`watchdog`). Cron has none of the variables of this shell; the line sets those of `FOR_CRON`."""
    here = {name: os.environ[name] for name in FOR_CRON if os.environ.get(name)}
    folders = os.environ.get("PATH", os.defpath).split(":")
    here["PATH"] = ":".join(dict.fromkeys(folders))  # each once: cron takes a thousand characters
    variables = [f"{name}={value}" for name, value in here.items()]
    command = " ".join(map(shlex.quote, ["env", *variables, *_command(folder.absolute()), "--watch"]))
    place = shlex.quote(str(folder.absolute()))
    return f"*/10 * * * * cd {place} && {command}".replace("%", r"\%")


def in_crontab(folder: Path) -> bool:
    """Whether a line of the crontab of this user names the campaign."""
    return bool(shutil.which("crontab")) and f"{folder.absolute()} --service" in _said("crontab", "-l")


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "autodisco.campaign", str(folder), "--service"]


def _systemctl(*arguments: str) -> None:
    done = subprocess.run(["systemctl", "--user", *arguments], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise AutodiscoError(f"systemctl --user {' '.join(arguments)}: {said[-1] if said else 'it failed'}")


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()
