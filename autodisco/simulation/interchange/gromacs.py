"""A box for GROMACS: coordinates, topology and settings, for force fields whose forms GROMACS has.

These are harmonic bonds and angles, cosines of torsions, and 12-6 potentials with geometric or arithmetic mixing
(GROMACS reference manual, "Interaction function and force fields"). Class II force fields have cross terms and 9-6
potentials, which GROMACS lacks; it has read no tables for potentials of non-bonded pairs since version 2020.
"""

import math
from pathlib import Path

import numpy as np

from autodisco.files import write_atomic
from autodisco.simulation.forms import ARITHMETIC, GEOMETRIC, HARMONIC_ANGLE, HARMONIC_BOND, LJ126, Form, PairRule
from autodisco.simulation.interchange.box import Box
from autodisco.simulation.interchange.structure import atom_names
from autodisco.simulation.molecule import Molecule, System, Terms
from autodisco.simulation.units import KJ_PER_KCAL

NM = 0.1  # of an Å
COMBINATIONS = {ARITHMETIC.name: 2, GEOMETRIC.name: 3}
MDP = """\
; written by autodisco; {title}
integrator = {integrator}
nsteps = {nsteps}
dt = {dt}
cutoff-scheme = Verlet
coulombtype = PME
rcoulomb = {cutoff}
vdwtype = Cut-off
vdw-modifier = None
rvdw = {cutoff}
DispCorr = EnerPres
constraints = none
"""
COUPLING = """\
tcoupl = v-rescale
tc-grps = System
tau-t = 0.1
ref-t = {kelvin}
gen-vel = yes
gen-temp = {kelvin}
gen-seed = {seed}
"""
PRESSURE = """\
pcoupl = C-rescale
tau-p = 2
ref-p = 1.01325
compressibility = 4.5e-5
"""


def obstacle(box: Box) -> str | None:
    """Why GROMACS cannot express the force field of a box, as a sentence; None if it can."""
    system, rule = box.system, box.system.pair_rule
    if rule is None:
        return "the force field has no pair potential, which GROMACS needs"
    lacks = [form.name for form in system.forms if _function(form) is None]
    if rule.form.name != LJ126.name:
        lacks.append(f"the {rule.form.name} potential")
    elif rule.mixing.name not in COMBINATIONS:
        lacks.append(f"{rule.mixing.name} mixing")
    if lacks:
        return f"GROMACS cannot express this force field: it lacks {', '.join(lacks)}; write lammps or openmm instead"
    near = (*rule.van_der_waals[:2], *rule.coulomb[:2])
    return "GROMACS leaves out pairs one and two bonds apart, and this force field counts them" if any(near) else None


def write(box: Box, folder: Path) -> list[Path]:
    """Write ``system.gro``, ``system.top``, an ``.itp`` for each kind of molecule, ``min.mdp`` and ``md.mdp``."""
    system, protocol = box.system, box.protocol
    rule = system.pair_rule
    assert rule is not None  # `obstacle` says so otherwise
    names = _names(system.molecules)
    types = _atom_types(system)
    masses = system.simulated_masses(protocol.system.hydrogen_mass)
    contents = {"system.gro": _gro(system, str(box.origin["monomer_smiles"])), "system.top": _top(system, names, types)}
    for molecule, start in zip(system.molecules, system.offsets, strict=True):
        file = f"{names[id(molecule)]}.itp"
        if file not in contents:
            span = slice(start, start + len(molecule))
            contents[file] = _itp(names[id(molecule)], molecule, masses[span], types, rule)
    shared = {"title": box.origin["protocol"], "cutoff": protocol.nonbonded.cutoff * NM}
    contents["min.mdp"] = MDP.format(integrator="steep", nsteps=5000, dt=0.001, **shared)
    run = MDP.format(integrator="md", nsteps=100_000, dt=protocol.timestep_fs / 1000, **shared)
    run += COUPLING.format(kelvin=protocol.temperature_k, seed=box.seed % 2**31)
    contents["md.mdp"] = run if box.is_simulated else run + PRESSURE
    for name, content in contents.items():
        write_atomic(folder / name, content)
    return [folder / name for name in contents]


def _function(form: Form) -> int | None:
    """Number of the interaction function of GROMACS for a form; None if it lacks it."""
    if form.name in (HARMONIC_BOND.name, HARMONIC_ANGLE.name):
        return 1
    if form.cosines and not form.openmm:
        return {"dihedral": 9, "improper": 4}.get(form.kind)
    return None


def _names(molecules: list[Molecule]) -> dict[int, str]:
    """A name for each kind of molecule, by its identity in memory: residues of one name are numbered."""
    kinds = {id(molecule): molecule for molecule in molecules}
    names = [molecule.name for molecule in kinds.values()]
    seen: dict[str, int] = {}
    found = {}
    for key, name in zip(kinds, names, strict=True):
        seen[name] = seen.get(name, 0) + 1
        found[key] = name if names.count(name) == 1 else f"{name}_{seen[name]}"
    return found


def _atom_types(system: System) -> dict[tuple[float, float], str]:
    """Name of each atom type, by well depth (kcal/mol) and σ (Å)."""
    distinct = np.unique(system.nonbonded, axis=0).tolist()
    return {(epsilon, sigma): f"t{number}" for number, (epsilon, sigma) in enumerate(distinct, 1)}


def _top(system: System, names: dict[int, str], types: dict[tuple[float, float], str]) -> str:
    rule = system.pair_rule
    assert rule is not None
    lines = ["; written by autodisco", "[ defaults ]", "; nbfunc comb-rule gen-pairs fudgeLJ fudgeQQ"]
    scale = (rule.van_der_waals[2], rule.coulomb[2])
    lines += [f"1 {COMBINATIONS[rule.mixing.name]} yes {scale[0]:.10g} {scale[1]:.10g}", "", "[ atomtypes ]"]
    lines.append("; name mass charge ptype sigma(nm) epsilon(kJ/mol)")
    for (epsilon, sigma), name in types.items():
        lines.append(f"{name} 0.0 0.0 A {sigma * NM:.10g} {epsilon * KJ_PER_KCAL:.10g}")
    ordered = [names[id(molecule)] for molecule in system.molecules]
    lines += ["", *(f'#include "{name}.itp"' for name in dict.fromkeys(ordered))]
    lines += ["", "[ system ]", "box written by autodisco", "", "[ molecules ]"]
    runs = [place for place, name in enumerate(ordered) if not place or name != ordered[place - 1]]
    for begin, end in zip(runs, [*runs[1:], len(ordered)], strict=True):
        lines.append(f"{ordered[begin]} {end - begin}")
    return "\n".join(lines) + "\n"


def _itp(
    name: str, molecule: Molecule, masses: np.ndarray, types: dict[tuple[float, float], str], rule: PairRule
) -> str:
    whole = rule.van_der_waals[2] == rule.coulomb[2] == 1.0
    lines = ["[ moleculetype ]", f"{name} {2 if whole else 3}", "", "[ atoms ]"]
    for number, (atom, mass) in enumerate(zip(atom_names(molecule), masses, strict=True)):
        kind = types[tuple(molecule.nonbonded[number].tolist())]
        charge = molecule.charges[number]
        lines.append(f"{number + 1} {kind} 1 {molecule.name} {atom} {number + 1} {charge:.8f} {mass:.6f}")
    if not whole and any((rule.van_der_waals[2], rule.coulomb[2])):
        lines += ["", "[ pairs ]", *(f"{i + 1} {j + 1} 1" for i, j in _third_neighbours(molecule))]
    for kind in ("bond", "angle", "dihedral", "improper"):
        rows = [row for terms in molecule.forces if terms.form.kind == kind for row in _rows(terms)]
        if rows:
            lines += ["", f"[ {'dihedral' if kind == 'improper' else kind}s ]", *rows]
    return "\n".join(lines) + "\n"


def _third_neighbours(molecule: Molecule) -> list[tuple[int, int]]:
    from autodisco.simulation.engines.openmm_system import near_pairs

    alone = System([molecule], np.zeros((len(molecule), 3)), np.ones(3), pair_rule=None)
    return [(i, j) for i, j, bonds in near_pairs(alone) if bonds == 3]


def _rows(terms: Terms) -> list[str]:
    """The lines of the terms of one form, in nm, degrees and kJ/mol."""
    form, function = terms.form, _function(terms.form)
    rows = []
    for members, values in zip((terms.atoms + 1).tolist(), terms.parameters.tolist(), strict=True):
        of, atoms = dict(zip(form.parameters, values, strict=True)), " ".join(map(str, members))
        if form.name == HARMONIC_BOND.name:
            rows.append(f"{atoms} 1 {of['r0'] * NM:.10g} {2 * of['k'] * KJ_PER_KCAL / NM**2:.10g}")
        elif form.name == HARMONIC_ANGLE.name:
            rows.append(f"{atoms} 1 {of['t0']:.10g} {2 * of['k'] * KJ_PER_KCAL:.10g}")
        else:
            for cosine in form.cosines:
                height = cosine.factor * of[cosine.height] * KJ_PER_KCAL
                phase = (of[cosine.phase] if cosine.phase else 0.0) + math.degrees(cosine.shift)
                if height:
                    rows.append(f"{atoms} {function} {phase:.10g} {height:.10g} {cosine.n}")
    return rows


def _gro(system: System, title: str) -> str:
    """Coordinates in nm with seven decimals; numbers of atoms and residues begin again at 0 beyond 99,999."""
    lines, atom = [f"{title}, written by autodisco", str(len(system.elements))], 0
    for residue, molecule in enumerate(system.molecules, 1):
        for name in atom_names(molecule):
            x, y, z = system.positions[atom] * NM
            atom += 1
            head = f"{residue % 100_000:5d}{molecule.name[:5]:<5s}{name[:5]:>5s}{atom % 100_000:5d}"
            lines.append(f"{head}{x:12.7f}{y:12.7f}{z:12.7f}")
    return "\n".join([*lines, " ".join(f"{edge * NM:.7f}" for edge in system.box)]) + "\n"
