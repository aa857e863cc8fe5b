"""A campaign as a service of the user: it starts with the machine and comes back when it is killed.

With systemd it is a user unit; elsewhere a line for crontab does the same, but for coming back when it is killed.
"""

import getpass
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from autodisco.campaign.control import live_owner
from autodisco.errors import AutodiscoError, OwnedError
from autodisco.files import write_atomic
from autodisco.store import Store

UNIT = """\
[Unit]
Description=autodisco campaign {name}
Documentation=file://{folder}/campaign.toml
StartLimitIntervalSec=3600
StartLimitBurst=5

[Service]
Type=exec
WorkingDirectory={folder}
ExecStart={command}
Restart=on-abnormal
RestartSec=30
SuccessExitStatus=75
KillMode=mixed
TimeoutStopSec=300

[Install]
WantedBy=default.target
"""


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
    """Write the unit, enable and start it.

    Raises OwnedError where another process runs the campaign, AutodiscoError where systemd refuses.
    """
    with Store.open_readonly(folder) as store:
        if owner := live_owner(store):
            raise OwnedError(f"{folder}: run by {owner}; stop it first (autodisco stop), then install and resume")
    file = unit_file(folder)
    write_atomic(file, unit(folder))
    if has_systemd():
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
    linger = _said("loginctl", "show-user", getpass.getuser(), "--property=Linger", "--value")
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
    command = " ".join(f'"{word}"' if " " in word else word for word in _command(absolute))
    # a percent sign begins a specifier
    return UNIT.format(name=folder.name, folder=str(absolute).replace("%", "%%"), command=command.replace("%", "%%"))


def crontab_line(folder: Path) -> str:
    """The line for `crontab -e` on a machine without systemd."""
    command = " ".join(map(shlex.quote, _command(folder.absolute()))).replace("%", r"\%")
    return f"@reboot cd {shlex.quote(str(folder.absolute()))} && {command}"


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "autodisco.campaign", str(folder), "--service"]


def _systemctl(*arguments: str) -> None:
    done = subprocess.run(["systemctl", "--user", *arguments], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise AutodiscoError(f"systemctl --user {' '.join(arguments)}: {said[-1] if said else 'it failed'}")


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()
