"""OpenMM against LAMMPS, energies term by term and forces at the same coordinates; and what its runs leave."""

from dataclasses import replace
from pathlib import Path

import MDAnalysis
import numpy as np
import openmm
import pytest
from MDAnalysis.lib.formats.libdcd import DCDFile

from autodisco.errors import AskedToEnd, SimulationFailure
from autodisco.files import read_json
from autodisco.polymer import parse
from autodisco.simulation import ReplicaTask, builder, forcefield, protocols, run_replica
from autodisco.simulation.engines import load, openmm_engine
from autodisco.simulation.engines.lammps_data import data_file
from autodisco.simulation.engines.openmm_system import ANGSTROM, KCAL, openmm_system
from autodisco.simulation.engines.report import read_report
from autodisco.simulation.forms import CLASS2_ANGLE, CLASS2_IMPROPER, CLASS2_TORSION, Form
from autodisco.simulation.molecule import Molecule, System, Terms
from autodisco.simulation.replica import prepare
from autodisco.simulation.units import GAS_CONSTANT, KJ_PER_KCAL
from tests.simulation.reference_data import published_box, published_chains
from tests.simulation.single_point import TERMS, single_point

PCFF = forcefield.load("pcff+")
# what LAMMPS counts as one term, as the forces of OpenMM
PARTS = {
    "ebond": ["bond"],
    "eangle": ["angle"],
    "edihed": ["torsion", "torsion cross"],
    "eimp": ["out-of-plane", "angle-angle"],
    "evdwl": ["van der Waals"],
}
POLYMERS = {
    "amine and carbonate": "*OC(=O)OCCNC*",
    "sulfone": "*CCS(=O)(=O)CCO*",
    "thioether": "*SCCOCC*",
    "amide": "*NC(=O)CCOCC*",
    "N-O": "*OCCON*",
    "aromatic": "*c1ccc(*)cc1",
    "fluorinated ester": "*CC(C(=O)OCC(F)(F)F)*",
    "nitrile": "*CC(C#N)O*",
}
TOTALS = {"angle": "eangle", "dihedral": "edihed", "improper": "eimp"}
SECTIONS = [(form, name) for form in (CLASS2_ANGLE, CLASS2_TORSION, CLASS2_IMPROPER) for name in form.lammps_sections]
EMPTY = ("BondBond13",)  # zero for all of these types in PCFF


def openmm_energies(system: System, cutoff: float) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Energy (kcal/mol) and forces (kcal/mol/Å) of every force of OpenMM, by its name, in double precision."""
    settings = protocols.NonbondedSettings(cutoff=cutoff, kspace_accuracy=1e-6)
    simulated = openmm_system(system, settings, tail=False)
    for group, force in enumerate(simulated.getForces()):
        force.setForceGroup(group)
    context = openmm.Context(simulated, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(system.positions * ANGSTROM)
    energies, forces = {}, {}
    for group, force in enumerate(simulated.getForces()):
        state = context.getState(energy=True, forces=True, groups={group})
        energies[force.getName()] = state.getPotentialEnergy()._value / KCAL
        forces[force.getName()] = state.getForces(asNumpy=True)._value / KCAL * ANGSTROM
    assert len(forces) == simulated.getNumForces()
    return energies, forces


def check_parity(folder: Path, system: System, cutoff: float) -> tuple[float, float]:
    """Bonded and van der Waals energies to 1e-5, Coulomb and the forces, which hold it, to 1e-4; returns the whole
    energies of OpenMM and LAMMPS (kcal/mol)."""
    # as many digits as the data file holds
    system = replace(system, positions=system.positions.round(5), box=system.box.round(5))
    (folder / "system.data").write_text(data_file(system))
    theirs, their_forces = single_point(folder, folder / "system.data", cutoff, "ewald 1e-7")
    ours, our_forces = openmm_energies(system, cutoff)
    by_name = dict(zip(TERMS, theirs, strict=True))
    for term, forces in PARTS.items():
        assert sum(ours[name] for name in forces) == pytest.approx(by_name[term], rel=1e-5, abs=1e-6), term
    assert ours["Coulomb"] == pytest.approx(by_name["ecoul"] + by_name["elong"], rel=1e-4, abs=5e-3)
    assert difference(sum(our_forces.values()), their_forces) < 1e-4
    without_charges = sum(force for name, force in our_forces.items() if name != "Coulomb")
    _, theirs_without = single_point(folder, folder / "system.data", cutoff, None)
    assert difference(without_charges, theirs_without) < 1e-5
    return sum(ours.values()), float(theirs.sum())


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Root mean square of the difference of forces, as a share of theirs."""
    return float(np.sqrt(((ours - theirs) ** 2).mean() / (theirs**2).mean()))


def with_one_section(system: System, form: Form, section: str) -> System:
    """A system whose terms of a form have only one section of their parameters, and θ0 of the angle."""
    kept = form.columns(form.lammps_sections[section])

    def only(terms: Terms) -> Terms:
        if terms.form is not form:
            return terms
        parameters = np.zeros_like(terms.parameters)
        parameters[:, kept] = terms.parameters[:, kept]
        if form is CLASS2_ANGLE:
            parameters[:, 0] = terms.parameters[:, 0]
        return replace(terms, parameters=parameters)

    def of(molecule: Molecule) -> Molecule:
        return replace(molecule, forces=tuple(map(only, molecule.forces)))

    return replace(system, molecules=[of(molecule) for molecule in system.molecules])


@pytest.mark.parametrize(("form", "section"), SECTIONS, ids=[section for _, section in SECTIONS])
def test_every_kind_of_term_by_itself_has_the_energy_of_lammps(form, section, tmp_path):
    settings = protocols.load("smoke").system
    system = with_one_section(builder.build(parse("*NC(=O)CCOCC*"), settings, 1, PCFF), form, section)
    system = replace(system, positions=system.positions.round(5), box=system.box.round(5))
    (tmp_path / "system.data").write_text(data_file(system))
    term = TOTALS[form.kind]
    theirs = dict(zip(TERMS, single_point(tmp_path, tmp_path / "system.data", 8.0)[0], strict=True))[term]
    ours = openmm_energies(system, 8.0)[0]
    assert sum(ours[name] for name in PARTS[term]) == pytest.approx(theirs, rel=1e-5, abs=1e-6)
    assert (abs(theirs) > 1e-3) == (section not in EMPTY)


@pytest.mark.parametrize("smiles", POLYMERS.values(), ids=POLYMERS)
def test_energies_and_forces_equal_those_of_lammps(smiles, tmp_path):
    settings = protocols.load("smoke").system.model_copy(update={"ion_pairs": 2})
    system = builder.build(parse(smiles), settings, 1, PCFF)
    check_parity(tmp_path, system, 8.0)


@pytest.mark.parametrize("salt", ["NaPF6", "KFSI", "LiBF4", "LiClO4"])
def test_energies_and_forces_of_other_salts_equal_those_of_lammps(salt, tmp_path):
    settings = protocols.load("smoke").system.model_copy(update={"ion_pairs": 2, "salt": salt})
    check_parity(tmp_path, builder.build(parse("*OCC*"), settings, 1, PCFF), 8.0)


@pytest.mark.slow
def test_energies_and_forces_of_the_published_htp_md_box_with_its_salt_equal_those_of_lammps(reference, tmp_path):
    check_parity(tmp_path, published_box(reference / "htp_md/9-0-246295613-0/relaxed.lmp"), 9.5)


def test_energies_and_forces_of_the_published_peo_box_equal_those_of_lammps(reference, tmp_path):
    check_parity(tmp_path, published_chains(reference / "pcff_plus/peo_system.lmp"), 9.5)


def smoke(folder: Path, protocol: str = "smoke") -> ReplicaTask:
    return ReplicaTask("key", "*OCC*", 0, 7, protocol, "pcff+", folder, 600.0, engine="openmm")


@pytest.fixture(scope="module")
def brief(tmp_path_factory) -> str:
    """A protocol with the steps of `smoke`, and a third of its time steps."""
    text = (protocols.SHIPPED / "smoke.toml").read_text()
    for of_smoke, shorter in (
        ('name = "smoke"', 'name = "brief"'),
        ("duration_ps = 0.5", "duration_ps = 0.2"),
        ("duration_ps = 2\ntemperature_k", "duration_ps = 0.6\ntemperature_k"),
        ("set_mean_box_over_ps = 0.5", "set_mean_box_over_ps = 0.3"),
        ("duration_ps = 2\nframe_interval_ps", "duration_ps = 0.8\nframe_interval_ps"),
    ):
        assert of_smoke in text
        text = text.replace(of_smoke, shorter)
    file = tmp_path_factory.mktemp("protocol") / "brief.toml"
    file.write_text(text)
    return str(file)


@pytest.fixture(scope="module")
def brief_run(brief, tmp_path_factory) -> Path:
    """Folder of one finished replica."""
    folder = tmp_path_factory.mktemp("replica")
    outcome = run_replica(smoke(folder, brief))
    assert outcome.ok, outcome.detail
    return folder


def test_a_replica_leaves_what_one_of_lammps_leaves(brief_run):
    universe = MDAnalysis.Universe(str(brief_run / "topology.pdb"), str(brief_run / "trajectory.dcd"))
    description = read_json(brief_run / "system.json")
    assert len(universe.trajectory) == 21  # 0.8 ps, a frame each 0.04 ps, both ends
    bonds = np.array([bond.indices for bond in universe.bonds])
    for frame in (universe.trajectory[0], universe.trajectory[-1]):
        lengths = np.linalg.norm(frame.positions[bonds[:, 0]] - frame.positions[bonds[:, 1]], axis=1)
        assert lengths.min() > 0.8
        assert lengths.max() < 2.2
    assert universe.dimensions[:3] == pytest.approx(description["box_a"], abs=1e-3)
    rows = [row for row in read_report(brief_run) if row["number"] == 3]
    # few atoms for a short while, by sums whose order depends on the threads: as far as single values may lie
    spread = 500 * (2 / (3 * len(description["masses"]) - 3)) ** 0.5
    assert np.mean([row["temperature_k"] for row in rows]) == pytest.approx(500, abs=4 * spread)
    assert not (brief_run / "checkpoint.json").exists()


@pytest.mark.parametrize("reason", [KeyboardInterrupt, AskedToEnd])
def test_a_run_that_was_cut_off_goes_on_from_its_checkpoint(brief, brief_run, tmp_path, monkeypatch, reason):
    """After SIGTERM nothing is lost; after a kill it goes on from the last of its regular checkpoints."""
    if reason is KeyboardInterrupt:
        monkeypatch.setattr(openmm_engine, "CHECKPOINT_EVERY_S", 0.0)
    protocol = prepare(smoke(tmp_path, brief))
    seen: list[float] = []

    def cut(step: str, fraction: float, grown: int) -> None:
        seen.append(fraction)
        if step == "production" and fraction > 0.8:
            raise reason

    with pytest.raises(reason):
        load("openmm").run(tmp_path, protocol, cut)
    before = (tmp_path / "trajectory.dcd").read_bytes()
    kept = read_json(tmp_path / "checkpoint.json")["place"]["trajectory_bytes"]
    with open(tmp_path / "trajectory.dcd", "ab") as handle:
        handle.write(b"half a frame")
    again: list[float] = []
    load("openmm").run(tmp_path, protocol, lambda step, fraction, grown: again.append(fraction))
    assert again[0] > (0.79 if reason is KeyboardInterrupt else seen[-1])
    assert (tmp_path / "trajectory.dcd").read_bytes()[300:kept] == before[300:kept]  # the header counts the frames
    universe = MDAnalysis.Universe(str(tmp_path / "topology.pdb"), str(tmp_path / "trajectory.dcd"))
    steps = [np.abs(np.diff([f.positions.copy() for f in universe.trajectory], axis=0)).max()]
    assert len(universe.trajectory) == 21
    assert max(steps) < 5  # Å in 0.04 ps: no jump where it was cut
    numbers = [row["step"] for row in read_report(tmp_path)]
    assert numbers == sorted(set(numbers))
    energies, others = (
        [row["energy_kcal_per_mol"] for row in read_report(folder) if row["number"] == 3]
        for folder in (tmp_path, brief_run)
    )
    assert len(energies) == len(others)
    # of so few atoms for a short while: as far as single values of the potential energy of harmonic springs may lie
    spread = GAS_CONSTANT * 500 / KJ_PER_KCAL * (1.5 * universe.atoms.n_atoms) ** 0.5
    assert np.mean(energies) == pytest.approx(np.mean(others), abs=4 * spread)


@pytest.mark.slow
def test_production_stops_where_it_is_told_to(tmp_path):
    task = smoke(tmp_path)
    protocol = prepare(task).model_copy(update={"checkpoint_every_ps": 0.4})
    asked: list[tuple[float, int]] = []

    def enough(done_ps: float) -> bool:
        with DCDFile(str(tmp_path / "trajectory.dcd")) as trajectory:
            asked.append((round(done_ps, 6), len(trajectory)))
        return len(asked) == 2

    load("openmm").run(tmp_path, protocol, enough=enough)
    assert asked == [(0.4, 11), (0.8, 21)]
    with DCDFile(str(tmp_path / "trajectory.dcd")) as trajectory:
        assert len(trajectory) == 21


@pytest.mark.slow
def test_energy_is_conserved_without_a_thermostat(brief_run):
    """3 ps of velocity Verlet at 1 fs from the end of a run: drift below 1 % of the kinetic energy per ps."""
    system = openmm.XmlSerializer.deserialize((brief_run / "system.xml").read_text())
    universe = MDAnalysis.Universe(str(brief_run / "topology.pdb"), str(brief_run / "trajectory.dcd"))
    positions = universe.trajectory[-1].positions
    context = openmm.Context(
        system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("CPU"), {"Threads": "1"}
    )
    context.setPeriodicBoxVectors(*np.diag(np.array(read_json(brief_run / "system.json")["box_a"]) * ANGSTROM))
    context.setPositions(positions * ANGSTROM)
    context.setVelocitiesToTemperature(500, 1)
    context.getIntegrator().step(200)
    totals, kinetic = [], []
    for _ in range(60):
        context.getIntegrator().step(50)
        state = context.getState(energy=True)
        kinetic.append(state.getKineticEnergy()._value)
        totals.append(kinetic[-1] + state.getPotentialEnergy()._value)
    drift = np.polyfit(0.05 * np.arange(60), totals, 1)[0]
    assert abs(drift) < 0.01 * np.mean(kinetic)


def test_a_step_that_blows_up_is_reported_as_nan(tmp_path, monkeypatch):
    protocol = prepare(smoke(tmp_path)).model_copy(update={"timestep_fs": 40.0})
    with pytest.raises(SimulationFailure) as caught:
        load("openmm").run(tmp_path, protocol)
    assert caught.value.code == "nan"
