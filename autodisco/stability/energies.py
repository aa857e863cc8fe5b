"""Energies of a species and of its oxidised and reduced states, from a process of their own and from a cache.

The key of a result in the cache is the hash of all that determines it: atoms, starting structures, method, solvent and
version of the program. The cache holds energies and not volts, so that a new calibration needs no new calculation.
"""

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.errors import AutodiscoError, WindowAccident, WindowFailure
from autodisco.files import cache_of_user, write_json
from autodisco.process import ending_with
from autodisco.stability.species import Species

SOLVENT = "acetonitrile"
"""Solvent of the calibration and of all other calculations, by its name in ALPB. Its dielectric constant is 36."""

TIMEOUT_S, PATIENCE = 300.0, 20
"""Limit of processor time for a species, so that a busy machine gives the same values; the wall clock may show so many
times more."""

RECIPE = 1
"""Raised when the calculation itself changes."""

PACKAGES = {"GFN2-xTB": ("tblite", "stability"), "DFT": ("pyscf", "dft")}
"""Package and extra of each method."""

BROKEN = 1.35
"""A bond is broken if it is longer than in the species itself by this factor."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class State:
    """An oxidised or reduced species: energies (eV) at the minimum of the species itself and at its own minimum."""

    vertical: float
    relaxed: float
    positions: tuple[tuple[float, float, float], ...] = field(repr=False)


@dataclass(frozen=True)
class Energies:
    """Energies (eV) of a species at its minimum, and of its oxidised and reduced states; None for a state that failed.

    `failed` holds the reason by the name of the state, `unrelaxed` the states that did not reach their minimum.
    """

    neutral: float
    positions: tuple[tuple[float, float, float], ...] = field(repr=False)
    oxidised: State | None
    reduced: State | None
    failed: dict[str, str]
    unrelaxed: tuple[str, ...] = ()

    def ionisation(self, vertical: bool = False) -> float | None:
        """Energy (eV) to take an electron away."""
        if self.oxidised is None:
            return None
        return (self.oxidised.vertical if vertical else self.oxidised.relaxed) - self.neutral

    def affinity(self, vertical: bool = False) -> float | None:
        """Energy (eV) that is gained with an additional electron."""
        if self.reduced is None:
            return None
        return self.neutral - (self.reduced.vertical if vertical else self.reduced.relaxed)


def energies(
    species: Species,
    solvent: str | None = SOLVENT,
    method: str = "GFN2-xTB",
    cache: Path | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Energies:
    """Energies of a species; `cache` is a folder, by default that of the user.

    Raises WindowFailure where the method gives no energy, WindowAccident where the process ends without an answer or
    takes longer than `timeout_s` (seconds of processor time), and AutodiscoError with the command that installs a
    package that is missing. The cache holds energies, and that there are none; accidents are not cached.
    """
    task = _task(species, solvent, method)
    place = _place(task, cache or user_cache())
    found = _read(place)
    if found is None:
        if method == "DFT":  # at the structures of GFN2-xTB
            xtb = energies(species, solvent, cache=cache, timeout_s=timeout_s)
            task["structures"] = {
                "neutral": xtb.positions,
                **{name: state.positions for name in ("oxidised", "reduced") if (state := getattr(xtb, name))},
            }
        found = _calculated(task, timeout_s)
        write_json(place, found)
    if "error" in found:
        raise WindowFailure(f"{method}: {found['error']}")
    return _energies(found)


def broken_bonds(species: Species, energies: Energies, state: str) -> list[tuple[int, int]]:
    """Bonds of a species that break in its state ``oxidised`` or ``reduced``, or on its own way from the starting
    structure to its minimum (``neutral``), as pairs of atoms counted from 0."""
    minimum, start = np.array(energies.positions), np.array(species.starts[0])
    other: State | None = None if state == "neutral" else getattr(energies, state)
    if other is None and state != "neutral":
        return []
    before, after = (start, minimum) if other is None else (minimum, np.array(other.positions))

    def length(positions: Any, bond: tuple[int, int]) -> float:
        return float(np.linalg.norm(positions[bond[0]] - positions[bond[1]]))

    return [bond for bond in species.bonds if length(after, bond) > BROKEN * length(before, bond)]


def user_cache() -> Path:
    """The folder of results of this user: ``$XDG_CACHE_HOME/autodisco/stability``."""
    return cache_of_user("stability")


def _task(species: Species, solvent: str | None, method: str) -> dict[str, Any]:
    package, extra = PACKAGES[method]
    try:
        program = f"{package} {version(package)}"
    except PackageNotFoundError:
        raise AutodiscoError(f"{method} needs a package: pip install 'autodisco[{extra}]'") from None
    return {
        "recipe": RECIPE,
        "method": method,
        "program": program,
        "solvent": solvent,
        "numbers": species.numbers,
        "charge": species.charge,
        "starts": [np.round(start, 3).tolist() for start in species.starts],
    }


def _place(task: dict[str, Any], folder: Path) -> Path:
    key = hashlib.sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()[:32]
    return folder / key[:2] / f"{key}.json"


def _read(place: Path) -> dict[str, Any] | None:
    """An answer of the cache; None where there is none or it cannot be read."""
    try:
        found = json.loads(place.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and ("neutral" in found or "error" in found) else None


def _calculated(task: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    """The answer to a task from a process of its own. Raises WindowAccident without one."""
    program = task["program"].split()[0]
    limit = str(math.ceil(timeout_s))
    command = ending_with(os.getpid(), [sys.executable, "-m", "autodisco.stability.worker", limit])
    try:
        done = subprocess.run(
            command, input=json.dumps(task), capture_output=True, text=True, timeout=timeout_s * PATIENCE, check=False,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise WindowAccident(f"{program} took longer than {timeout_s:g} s") from None
    if done.returncode == -signal.SIGXCPU:
        raise WindowAccident(f"{program} took longer than {timeout_s:g} s")
    if done.returncode < 0:
        raise WindowAccident(f"{program} was ended by signal {-done.returncode}")
    try:
        found = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise WindowAccident(f"{program} gave no result: {last}") from None
    return dict(found)


def _energies(found: dict[str, Any]) -> Energies:
    def state(name: str) -> State | None:
        one = found.get(name)
        return one and State(one["vertical"], one["relaxed"], tuple(map(tuple, one["positions"])))

    neutral = found["neutral"]
    return Energies(
        neutral["relaxed"],
        tuple(map(tuple, neutral["positions"])),
        state("oxidised"),
        state("reduced"),
        found["failed"],
        tuple(name for name in ("neutral", "oxidised", "reduced") if name in found and not found[name]["reached"]),
    )
