"""The process that calculates: it reads one task as JSON from stdin and writes the energies as JSON to stdout.

It is a process of its own because a Fortran library can end the process, or calculate without an end. It imports the
quantum-chemistry programs, NumPy and SciPy only.

Sources: GFN2-xTB, Bannwarth, Ehlert and Grimme, J. Chem. Theory Comput. 2019, 15, 1652; the solvent model ALPB, Ehlert,
Stahn, Spicher and Grimme, J. Chem. Theory Comput. 2021, 17, 4250.
"""

import json
import resource
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodisco.arrays import Floats

BOHR_A, HARTREE_EV = 0.529177210903, 27.211386245988
STEPS = 400
"""Energies that a relaxation may ask for."""

FORCE = 1e-3
"""Largest component of the gradient (hartree/bohr) of a relaxed structure; the level `normal` of the program xtb."""

DAMPING, SLOW_DAMPING, CYCLES = 0.4, 0.08, 500
"""Damping of the charges between cycles of self-consistency: the default of tblite, and one for states that do not
converge with it; cycles at most."""

STATES = {"oxidised": 1, "reduced": -1}
"""Charge of each state relative to the species as it is."""

FUNCTIONAL, BASIS = "b3lyp", "6-31+g(d,p)"
DIELECTRIC = {"acetonitrile": 35.688}


class NoEnergy(Exception):
    """A state without an energy; the text says why."""


class TightBinding:
    """GFN2-xTB for one species in one charge state."""

    def __init__(self, numbers: Sequence[int], charge: int, unpaired: int, solvent: str | None):
        self.numbers, self.charge, self.unpaired, self.solvent = np.array(numbers), charge, unpaired, solvent
        self.calculator: Any = None
        self.last: Any = None

    def energy(self, positions: Floats) -> tuple[float, Floats]:
        """Energy (eV) and its gradient (atoms, 3) (eV/Å) at positions in Å. Raises NoEnergy without self-consistency.

        It begins with the charges of the last structure; where that fails, with new ones, then with slow mixing.
        """
        from tblite.exceptions import TBLiteRuntimeError, TBLiteValueError

        reason = ""
        for damping in (None, DAMPING, SLOW_DAMPING):
            try:
                if self.calculator is None or damping is not None:
                    self._begin(positions, damping or DAMPING)
                else:
                    self.calculator.update(positions / BOHR_A)
                self.last = self.calculator.singlepoint(self.last)
                break
            except (TBLiteRuntimeError, TBLiteValueError) as error:
                reason, self.calculator = str(error).strip().splitlines()[0], None
        if self.calculator is None:
            raise NoEnergy(reason)
        energy, gradient = float(self.last["energy"]), np.asarray(self.last["gradient"])
        if not (np.isfinite(energy) and np.isfinite(gradient).all()):
            raise NoEnergy("the energy is not a number")
        return energy * HARTREE_EV, gradient * (HARTREE_EV / BOHR_A)

    def _begin(self, positions: Floats, damping: float) -> None:
        from tblite.interface import Calculator

        self.calculator = Calculator(
            "GFN2-xTB", self.numbers, positions / BOHR_A, charge=self.charge, uhf=self.unpaired
        )
        self.calculator.set("verbosity", 0)
        self.calculator.set("mixer-damping", damping)
        self.calculator.set("max-iter", CYCLES)
        if self.solvent is not None:
            self.calculator.add("alpb-solvation", self.solvent)
        self.last = None


def relaxed(method: TightBinding, start: Floats) -> tuple[float, Floats, bool]:
    """Energy (eV) and positions (Å) of the minimum next to `start`, and whether it was reached in `STEPS` energies."""
    from scipy.optimize import minimize

    def flat(x: Floats) -> tuple[float, Floats]:
        energy, gradient = method.energy(x.reshape(-1, 3))
        return energy, gradient.ravel()

    force = FORCE * HARTREE_EV / BOHR_A
    found = minimize(
        flat, start.ravel(), jac=True, method="L-BFGS-B", options={"gtol": force, "maxfun": STEPS, "maxiter": STEPS}
    )
    return float(found.fun), found.x.reshape(-1, 3), bool(np.abs(found.jac).max() <= 2 * force)


def states(numbers: Sequence[int], starts: Sequence[Floats], charge: int, solvent: str | None) -> dict[str, Any]:
    """Energies (eV) of a species, oxidised and reduced, at the minimum of the species and each at its own minimum.

    Of several starting structures the one with the lowest energy is relaxed. A state that fails has its reason under
    ``failed``; without an energy of the species itself NoEnergy is raised.
    """
    start = min(starts, key=lambda one: _energy(numbers, charge, solvent, one)) if len(starts) > 1 else starts[0]
    energy, minimum, reached = relaxed(TightBinding(numbers, charge, 0, solvent), start)
    found: dict[str, Any] = {"neutral": _state(energy, minimum, reached), "failed": {}}
    for name, change in STATES.items():
        try:
            vertical = TightBinding(numbers, charge + change, 1, solvent).energy(minimum)[0]
            found[name] = {
                "vertical": vertical,
                **_state(*relaxed(TightBinding(numbers, charge + change, 1, solvent), minimum)),
            }
        except NoEnergy as why:
            found["failed"][name] = str(why)
    return found


def _energy(numbers: Sequence[int], charge: int, solvent: str | None, positions: Floats) -> float:
    """Energy (eV) of a starting structure; infinite without self-consistency."""
    try:
        return TightBinding(numbers, charge, 0, solvent).energy(positions)[0]
    except NoEnergy:
        return np.inf


def _state(energy: float, positions: Floats, reached: bool) -> dict[str, Any]:
    return {"relaxed": energy, "positions": np.round(positions, 4).tolist(), "reached": reached}


def density_functional(
    numbers: Sequence[int], structures: dict[str, Any], charge: int, solvent: str | None
) -> dict[str, Any]:
    """What `states` gives, by DFT (`FUNCTIONAL`, `BASIS`, IEF-PCM) at the structures of GFN2-xTB."""
    at = {name: np.array(positions) for name, positions in structures.items()}
    found: dict[str, Any] = {
        "neutral": _state(_dft_energy(numbers, at["neutral"], charge, 0, solvent), at["neutral"], True),
        "failed": {},
    }
    for name, change in STATES.items():
        if name not in at:
            found["failed"][name] = "no structure from GFN2-xTB"
            continue
        try:
            found[name] = {
                "vertical": _dft_energy(numbers, at["neutral"], charge + change, 1, solvent),
                **_state(_dft_energy(numbers, at[name], charge + change, 1, solvent), at[name], True),
            }
        except NoEnergy as why:
            found["failed"][name] = str(why)
    return found


def _dft_energy(numbers: Sequence[int], positions: Floats, charge: int, unpaired: int, solvent: str | None) -> float:
    """Energy (eV) by DFT. Raises NoEnergy without self-consistency."""
    from pyscf import dft, gto, lib

    lib.num_threads(1)
    atoms = list(zip(map(int, numbers), positions.tolist(), strict=True))
    mol = gto.M(atom=atoms, basis=BASIS, charge=charge, spin=unpaired, verbose=0)
    method = dft.UKS(mol) if unpaired else dft.RKS(mol)
    method.xc = FUNCTIONAL
    if solvent is not None:
        method = method.PCM()
        method.with_solvent.method = "IEF-PCM"
        method.with_solvent.eps = DIELECTRIC[solvent]
    energy = method.kernel()
    if not method.converged:
        method = method.newton()
        energy = method.kernel()
    if not method.converged:
        raise NoEnergy("self-consistency was not reached")
    return float(energy) * HARTREE_EV


def main() -> None:
    """Read a task, write its energies; a failure is one line in place of them.

    The argument is the limit of processor time in seconds.
    """
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    task = json.load(sys.stdin)
    try:
        if task["method"] == "DFT":
            found = density_functional(task["numbers"], task["structures"], task["charge"], task["solvent"])
        else:
            starts = [np.array(start) for start in task["starts"]]
            found = states(task["numbers"], starts, task["charge"], task["solvent"])
    except NoEnergy as why:
        found = {"error": str(why)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
