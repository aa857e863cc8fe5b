"""Files for other programs: energies that those programs calculate from them, atoms and bonds that readers find."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import gemmi
import MDAnalysis
import numpy as np
import pytest
from rdkit import Chem

from autodisco.errors import InputError
from autodisco.files import read_json, write_json
from autodisco.polymer import parse
from autodisco.simulation import ReplicaTask, interchange, run_replica
from autodisco.simulation.engines import lammps
from autodisco.simulation.interchange import Box
from autodisco.simulation.interchange.box import built, of_replica
from autodisco.simulation.interchange.structure import atom_names

ALKANES = f"{Path(__file__).parents[2]}/docs/examples/force_field.py:Alkanes"
OPENMM = """
import json
import openmm
system = openmm.XmlSerializer.deserialize(open("system.xml").read())
names = {}
for group, force in enumerate(system.getForces()):
    force.setForceGroup(group)
    names[group] = force.getName()
    if isinstance(force, openmm.CustomNonbondedForce):
        force.setUseLongRangeCorrection(False)
state = openmm.XmlSerializer.deserialize(open("state.xml").read())
context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
context.setState(state)
groups = {names[g]: context.getState(getEnergy=True, groups=1 << g).getPotentialEnergy()._value / 4.184 for g in names}
print(json.dumps(sum(groups.values())))
"""


def exact(box: Box) -> Box:
    """The box with electrostatics of high accuracy, so that programs can be compared, at coordinates that all files
    hold."""
    nonbonded = box.protocol.nonbonded.model_copy(update={"kspace_accuracy": 1e-6})
    system = replace(box.system, positions=box.system.positions.round(3), box=box.system.box.round(3))
    return replace(box, protocol=box.protocol.model_copy(update={"nonbonded": nonbonded}), system=system)


@pytest.fixture(scope="module")
def peo() -> Box:
    return exact(built(parse("*OCC*"), "smoke", "pcff+", 1))


@pytest.fixture(scope="module")
def written(peo: Box, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("box")
    interchange.write(peo, folder, ["lammps", "openmm", "pdb", "cif"])
    return folder


def lammps_energies(folder: Path) -> dict[str, float]:
    """Parts of the energy (kcal/mol) of the written data file, from a run of the written commands up to it."""
    words = [word for part in lammps.PARTS.values() for word in part]
    script = (folder / "in.lammps").read_text().partition("thermo_style")[0]
    script = script.replace("tail yes", "tail no table 0")
    script += f"thermo_style custom {' '.join(words)}\nthermo_modify format float %.15g\nrun 0\n"
    (folder / "in.energy").write_text(script)
    program, environment = lammps.command()
    subprocess.run([*program, "-in", "in.energy", "-screen", "none"], cwd=folder, env=environment, check=True)
    lines = [line.split() for line in (folder / "log.lammps").read_text().splitlines()]
    row = next(n for n, line in enumerate(lines) if line[:1] == ["E_bond"])
    found = dict(zip(words, map(float, lines[row + 1]), strict=True))
    return {name: sum(found[word] for word in part) for name, part in lammps.PARTS.items()}


def test_lammps_calculates_the_same_energies_from_the_files(peo: Box, written: Path) -> None:
    """All parts to 1e-5 of those that this program gets from LAMMPS. OpenMM has another sum for the electrostatics of
    periodic images; the parts of that cancel, so that its error is larger beside what is left."""
    theirs = lammps_energies(written / "lammps")
    for name, energy in lammps.Lammps().energy_parts(peo.system, peo.protocol.nonbonded).items():
        assert theirs[name] == pytest.approx(energy, rel=1e-5), name
    ours = read_json(written / "energies.json")
    for name, energy in ours["parts"].items():
        assert theirs[name] == pytest.approx(energy, rel=2e-4 if name == "Coulomb" else 1e-5, abs=1e-6), name
    assert sum(theirs.values()) == pytest.approx(ours["total"], rel=3e-5)


def test_openmm_calculates_the_same_energy_from_the_files(written: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", OPENMM], cwd=written / "openmm", capture_output=True, text=True, check=True
    )
    assert float(said.stdout) == pytest.approx(read_json(written / "energies.json")["total"], rel=1e-6)


def test_the_script_for_openmm_runs_without_this_program(tmp_path: Path) -> None:
    interchange.write(built(parse("*OCC*"), "smoke", "pcff+", 1), tmp_path, ["openmm"])
    environment = {**os.environ, "OPENMM_CPU_THREADS": "1"}
    environment.pop("PYTHONPATH", None)
    said = subprocess.run(
        [sys.executable, "run.py", "20"], cwd=tmp_path / "openmm", env=environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert said.stdout.startswith("energy:")
    assert "autodisco" not in (tmp_path / "openmm" / "run.py").read_text().partition("\n")[2]
    assert (tmp_path / "openmm" / "trajectory.dcd").exists()


def bonds_of(system: object) -> set[tuple[int, int]]:
    return {tuple(sorted(pair)) for pair in system.bonds.tolist()}  # type: ignore[attr-defined]


def test_readers_of_pdb_find_the_same_atoms_and_bonds(peo: Box, written: Path) -> None:
    path = str(written / "box.pdb")
    universe = MDAnalysis.Universe(path)
    mol = Chem.MolFromPDBFile(path, sanitize=False, removeHs=False, proximityBonding=False)
    assert list(universe.atoms.elements) == [atom.GetSymbol() for atom in mol.GetAtoms()] == peo.system.elements
    assert {tuple(sorted(pair)) for pair in universe.bonds.indices.tolist()} == bonds_of(peo.system)
    pairs = {tuple(sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))) for bond in mol.GetBonds()}
    assert pairs == bonds_of(peo.system)
    assert np.allclose(universe.atoms.positions, peo.system.positions, atol=6e-4)
    assert np.allclose(universe.dimensions[:3], peo.system.box, atol=1e-3)


def test_a_reader_of_mmcif_finds_the_same_atoms_and_bonds(peo: Box, written: Path) -> None:
    block = gemmi.cif.read(str(written / "box.cif")).sole_block()
    atoms = block.find("_atom_site.", ["type_symbol", "label_seq_id", "label_atom_id"])
    assert [row[0] for row in atoms] == peo.system.elements
    place = {(row[1], row[2]): number for number, row in enumerate(atoms)}
    assert len(place) == len(atoms)
    names = [f"ptnr{side}_label_{what}" for side in (1, 2) for what in ("seq_id", "atom_id")]
    bonds = {
        tuple(sorted((place[row[0], row[1]], place[row[2], row[3]]))) for row in block.find("_struct_conn.", names)
    }
    assert bonds == bonds_of(peo.system)
    model = gemmi.make_structure_from_block(block)[0]
    found = [atom.pos.tolist() for chain in model for residue in chain for atom in residue]
    assert np.allclose(found, peo.system.positions, atol=1e-4)


def test_gromacs_is_refused_for_a_class_ii_force_field_before_anything_is_written(peo: Box, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lacks class2-bond, .* the lj96 potential; write lammps or openmm instead"):
        interchange.write(peo, tmp_path / "out", ["lammps", "gromacs"])
    assert not (tmp_path / "out").exists()


def test_a_box_that_openmm_cannot_calculate_is_written_for_the_others(peo: Box, tmp_path: Path) -> None:
    small = replace(peo, system=replace(peo.system, box=np.full(3, 9.0)))
    with pytest.raises(InputError, match=r"OpenMM needs edges of twice the cutoff, 10 Å, not 9\.0 Å"):
        interchange.write(small, tmp_path, ["cif", "openmm"])
    assert [path.name for path in interchange.write(small, tmp_path, ["cif"])] == ["box.cif"]
    without = replace(peo, system=replace(peo.system, pair_rule=None))
    for name, said in (("lammps", "LAMMPS needs"), ("openmm", "OpenMM needs"), ("gromacs", "no pair potential")):
        with pytest.raises(InputError, match=f"--format {name}: .*{said}"):
            interchange.write(without, tmp_path, [name])


@pytest.fixture(scope="module")
def alkane(tmp_path_factory: pytest.TempPathFactory) -> tuple[Box, Path]:
    from autodisco.simulation.formulation import Formulation, Polymer

    subject = Formulation(polymers=(Polymer(smiles="*CC(C)*"),), salts=())
    box = exact(built(subject, "smoke", ALKANES, 2))
    folder = tmp_path_factory.mktemp("alkane")
    interchange.write(box, folder, ["lammps", "gromacs"])
    return box, folder


def test_openmm_reads_the_topology_for_gromacs_and_finds_the_same_energies(alkane: tuple[Box, Path]) -> None:
    """The reader of OpenMM shares nothing with the writer but the format."""
    from openmm import Context, Platform, VerletIntegrator, app, unit

    box, folder = alkane
    gro = MDAnalysis.Universe(str(folder / "gromacs" / "system.gro"))
    assert np.allclose(gro.atoms.positions, box.system.positions, atol=1e-5)
    assert np.allclose(gro.dimensions[:3], box.system.box, atol=1e-5)
    vectors = np.diag(box.system.box * 0.1).tolist()
    top = app.GromacsTopFile(str(folder / "gromacs" / "system.top"), periodicBoxVectors=vectors * unit.nanometer)
    system = top.createSystem(
        nonbondedMethod=app.PME, nonbondedCutoff=box.protocol.nonbonded.cutoff * unit.angstrom,
        ewaldErrorTolerance=1e-6, useDispersionCorrection=False, constraints=None, removeCMMotion=False,
    )  # fmt: skip
    for force in system.getForces():
        if hasattr(force, "setUseDispersionCorrection"):
            force.setUseDispersionCorrection(False)
        if hasattr(force, "setUseLongRangeCorrection"):
            force.setUseLongRangeCorrection(False)
    context = Context(system, VerletIntegrator(0.001), Platform.getPlatformByName("Reference"))
    context.setPositions(box.system.positions * 0.1)
    energy = context.getState(energy=True).getPotentialEnergy().value_in_unit(unit.kilocalorie_per_mole)
    assert energy == pytest.approx(read_json(folder / "energies.json")["total"], rel=1e-5)
    assert sum(lammps_energies(folder / "lammps").values()) == pytest.approx(energy, rel=1e-5)


@pytest.mark.skipif(not shutil.which("gmx"), reason="no GROMACS on this machine")
def test_gromacs_calculates_the_same_energies(alkane: tuple[Box, Path]) -> None:
    folder = alkane[1] / "gromacs"
    changes = {
        "nsteps": "0", "DispCorr": "no", "tcoupl": "no", "pcoupl": "no", "gen-vel": "no", "fourierspacing": "0.04",
        "pme-order": "8", "ewald-rtol": "1e-6", "continuation": "yes", "nstenergy": "1",
    }  # fmt: skip
    kept = [line for line in (folder / "md.mdp").read_text().splitlines() if line.split(" = ")[0] not in changes]
    (folder / "e.mdp").write_text("\n".join([*kept, *(f"{key} = {value}" for key, value in changes.items())]) + "\n")
    for command in ("grompp -f e.mdp -c system.gro -p system.top -o e.tpr", "mdrun -s e.tpr -deffnm e -nt 1"):
        subprocess.run(["gmx", "-quiet", *command.split()], cwd=folder, check=True, capture_output=True)
    found = (folder / "e.log").read_text().partition("Energies (kJ/mol)")[2].splitlines()[1:5]
    values = {
        line[place : place + 15].strip(): float(below[place : place + 15])
        for line, below in zip(found[::2], found[1::2], strict=True)
        for place in range(0, len(line), 15)
    }
    ours = {name: energy * 4.184 for name, energy in read_json(alkane[1] / "energies.json")["parts"].items()}
    assert values["Bond"] == pytest.approx(ours["bond"], rel=2e-5)
    assert values["Angle"] == pytest.approx(ours["angle"], rel=2e-5)
    assert values["Proper Dih."] == pytest.approx(ours["dihedral"], rel=2e-5)
    assert values["LJ-14"] + values["LJ (SR)"] == pytest.approx(ours["van der Waals"], rel=2e-5)


def test_names_of_atoms_are_unique_within_a_molecule(peo: Box) -> None:
    for molecule in peo.system.molecules:
        assert len(set(atom_names(molecule))) == len(molecule)


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Path:
    unit = parse("*OCC*")
    folder = tmp_path_factory.mktemp("replica") / "0"
    task = ReplicaTask(unit.key, unit.given, 0, 5, "smoke", "pcff+", folder, 0.0, engine="lammps")
    assert run_replica(task).ok
    return folder


def test_the_last_frame_of_a_replica_has_the_parameters_of_its_run(replica: Path, tmp_path: Path) -> None:
    box = of_replica(replica)
    interchange.write(box, tmp_path, ["lammps", "openmm"])
    ran, said = ((place / "system.data").read_text() for place in (replica, tmp_path / "lammps"))
    section = lambda text: text.partition("Masses")[2].partition("Atoms # full")[0]  # noqa: E731
    assert section(said) == section(ran)
    assert "Barostat" not in (tmp_path / "openmm" / "run.py").read_text()
    assert (tmp_path / "lammps" / "in.lammps").read_text().count("# step") == 1
    universe = MDAnalysis.Universe(str(replica / "topology.pdb"), str(replica / "trajectory.dcd"))
    universe.trajectory[-1]
    assert np.allclose(box.system.positions, universe.atoms.positions, atol=1e-4)
    assert np.allclose(box.system.box, universe.dimensions[:3], atol=1e-4)


def test_a_replica_of_another_version_or_without_a_trajectory_is_refused(replica: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(replica, copy)
    (copy / "trajectory.dcd").unlink()
    with pytest.raises(InputError, match=r"no trajectory\.dcd; it was removed"):
        of_replica(copy)
    with pytest.raises(InputError, match=r"the replica in .* has pcff\+"):
        of_replica(replica, ALKANES)
    write_json(copy / "task.json", read_json(copy / "task.json") | {"recipe": 1})
    with pytest.raises(InputError, match="of recipe 1, whose parameters may differ"):
        of_replica(copy)
    with pytest.raises(InputError, match="not the folder of a replica"):
        of_replica(tmp_path)
