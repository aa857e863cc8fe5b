"""The LAMMPS folder: energies of what we write, and what a short run leaves."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from MDAnalysis.lib.distances import distance_array
from MDAnalysis.lib.formats.libdcd import DCDFile

from autodisco.analysis import analyze
from autodisco.analysis.statistics import LEAST_INDEPENDENT, inefficiency
from autodisco.errors import EngineKilled, SimulationFailure
from autodisco.files import read_json
from autodisco.polymer import parse
from autodisco.simulation import ReplicaTask, boxes, builder, forcefield, protocols, run_replica
from autodisco.simulation.cohesion import FRAMES, cohesive_energies
from autodisco.simulation.engines import lammps, lammps_files, lammps_input
from autodisco.simulation.engines.engine import DENSE_G_PER_CM3
from autodisco.simulation.engines.lammps_data import data_file
from autodisco.simulation.engines.lammps_input import checkpoint_name, part_name
from autodisco.simulation.engines.report import REPORT_PS, read_report, report_line
from autodisco.simulation.engines.timeline import Place, Timeline
from autodisco.simulation.run_properties import density_error
from autodisco.simulation.speed import OVERHEAD_CPU_S, build_s
from tests.simulation.reference_data import published_chains
from tests.simulation.single_point import single_point
from tests.simulation.standing import standing_behind

PCFF = forcefield.load("pcff+")


def test_energies_equal_those_of_the_published_peo_box(reference, tmp_path):
    published = reference / "pcff_plus/peo_system.lmp"
    ours = tmp_path / "ours.data"
    ours.write_text(data_file(published_chains(published)))
    energies, theirs = (single_point(tmp_path, data)[0] for data in (ours, published))
    np.testing.assert_allclose(energies, theirs, rtol=2e-5, atol=0.05)


def test_heavy_hydrogens_keep_the_mass_of_every_molecule():
    system = builder.build(parse("*OCC*"), protocols.load("smoke").system, 1, PCFF)
    heavy = system.simulated_masses(3.0)
    assert heavy.sum() == pytest.approx(system.masses.sum())
    assert set(heavy[np.array(system.elements) == "H"]) == {3.0}
    assert heavy.min() > 2.9


def test_speed_is_measured_at_the_density_of_a_run_and_not_in_the_wide_box_of_the_start(tmp_path):
    protocol = protocols.load("quick")
    system = builder.build(parse("*OCC*"), protocol.system, 1, PCFF)
    measured = lammps.Lammps().speed(system, protocol, tmp_path, 1.0)
    log = (tmp_path / "log.speed").read_text()
    rows = [line.split() for line in re.findall(r"^ +\d+(?: +[-+.e\d]+){4} *$", log, re.MULTILINE)]
    densities = [float(density) for _, _, _, density, _ in rows]
    assert re.search(r"^ +Step +Temp +Press +Density +PotEng", log, re.MULTILINE)
    assert densities[0] == pytest.approx(protocol.system.build_density_g_per_cm3, rel=0.1)
    assert densities[-1] == pytest.approx(DENSE_G_PER_CM3, rel=0.1)
    assert build_s(measured, protocol) > OVERHEAD_CPU_S


@pytest.fixture(scope="module")
def smoke_run(tmp_path_factory) -> Path:
    """Folder of one finished replica of the smoke protocol."""
    folder = tmp_path_factory.mktemp("replica")
    task = ReplicaTask("key", "*OCC*", 0, 7, "smoke", "pcff+", folder, 120.0)
    outcome = run_replica(task)
    assert outcome.ok, outcome.detail
    return folder


def test_the_folder_opens_in_mdanalysis_with_whole_molecules(smoke_run):
    import MDAnalysis

    universe = MDAnalysis.Universe(str(smoke_run / "topology.pdb"), str(smoke_run / "trajectory.dcd"))
    description = read_json(smoke_run / "system.json")
    assert len(universe.trajectory) == 51  # 2 ps, a frame each 0.04 ps, both ends
    assert universe.trajectory.n_atoms == len(description["masses"])
    assert sorted(set(universe.residues.resnames)) == ["LI", "POL", "TFSI"]
    last = universe.trajectory[-1].positions
    bonds = np.array([bond.indices for bond in universe.bonds])
    lengths = np.linalg.norm(last[bonds[:, 0]] - last[bonds[:, 1]], axis=1)
    assert lengths.min() > 0.8
    assert lengths.max() < 2.2


def test_chains_and_surroundings_are_those_that_mdanalysis_sees(smoke_run):
    import MDAnalysis

    found = analyze(smoke_run).properties
    universe = MDAnalysis.Universe(str(smoke_run / "topology.pdb"), str(smoke_run / "trajectory.dcd"))
    universe.atoms.masses = read_json(smoke_run / "system.json")["masses"]
    chains = [residue.atoms for residue in universe.residues if residue.resname == "POL"]
    squared, oxygens = [], []
    cations, hosts = universe.select_atoms("resname LI"), universe.select_atoms("resname POL and element O")
    for frame in universe.trajectory:
        squared.append(np.mean([chain.radius_of_gyration() ** 2 for chain in chains]))
        near = distance_array(cations.positions, hosts.positions, box=frame.dimensions) < 2.8
        oxygens.append(near.sum() / len(cations))
    assert found.radius_of_gyration_angstrom == pytest.approx(np.sqrt(np.mean(squared)), rel=1e-4)
    assert found.li_polymer_oxygen_coordination == pytest.approx(np.mean(oxygens), abs=0.02)
    assert found.li_polymer_coordination == found.li_polymer_oxygen_coordination
    assert found.li_polymer_nitrogen_coordination is None


def test_a_replica_has_its_cohesion_and_what_was_estimated(smoke_run):
    properties = read_json(smoke_run / "outcome.json")["properties"]
    assert properties["cohesive_energy_density_mpa"] > 0
    root = properties["cohesive_energy_density_mpa"] ** 0.5
    assert properties["solubility_parameter_mpa_sqrt"] == pytest.approx(root)
    assert properties["estimated_terms"] == properties["force_field_flags"] == []
    assert properties["density_g_per_cm3_sem"] is None  # 0.5 ps are too few values


def test_a_solubility_parameter_has_an_error_where_ten_of_its_frames_count_as_independent(smoke_run):
    """Two picoseconds are a few correlation times, so the last digit decides whether this run has one."""
    protocol, properties = protocols.load("smoke"), read_json(smoke_run / "outcome.json")["properties"]
    molecules = builder.plan(parse("*OCC*"), boxes.sized(parse("*OCC*"), protocol), 1, PCFF).molecules
    with DCDFile(str(smoke_run / "trajectory.dcd")) as trajectory:
        frames = trajectory.readframes()
    chosen = np.linspace(0, 50, FRAMES).round().astype(int)
    edges = frames.unitcell[chosen][:, [0, 2, 5]].astype(float)
    parts = cohesive_energies(
        molecules, frames.xyz[chosen].astype(float), edges, protocol.nonbonded.cutoff, PCFF.pair_rule
    )
    density = -sum(parts) / edges.prod(axis=1)
    independent = FRAMES / inefficiency(density)
    error = properties["solubility_parameter_mpa_sqrt_sem"]
    assert (error is None) == (independent < LEAST_INDEPENDENT)
    if error is not None:
        share = density.std() / np.sqrt(independent - 1) / density.mean()
        assert error == pytest.approx(properties["solubility_parameter_mpa_sqrt"] * share / 2, rel=1e-3)


@pytest.mark.slow
def test_a_replica_without_salt_says_nothing_of_ions(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "neat"')
    text = text.replace("ion_pairs = 1", "ion_pairs = 0").replace("molality = 1.5", "polymer_mass_g_per_mol = 600")
    (tmp_path / "neat.toml").write_text(text)
    outcome = run_replica(
        ReplicaTask("key", "*OCC*", 0, 7, str(tmp_path / "neat.toml"), "pcff+", tmp_path / "run", 120)
    )
    assert outcome.ok, outcome.detail
    assert outcome.properties["charge_used"] is outcome.properties["conductivity_s_per_cm"] is None
    assert outcome.properties["concentration_actual_molal"] == 0
    assert 0.5 < outcome.properties["density_g_per_cm3"] < 1.5
    assert outcome.properties["cohesive_energy_density_mpa"] > 0


def test_the_error_of_a_density_is_that_of_the_time_over_which_the_box_was_averaged(tmp_path):
    quick = protocols.load("quick")
    steps = tuple(
        step.model_copy(update={"set_mean_box_over_ps": 60 * REPORT_PS})
        if getattr(step, "set_mean_box_over_ps", None)
        else step
        for step in quick.steps
    )
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0.5, 0.1, 300), rng.normal(1.2, 0.01, 60)])
    rows = [(5, n, 500.0, 1.0, value, -1.0) for n, value in enumerate(values)]
    (tmp_path / "report.txt").write_text("".join(report_line(row) for row in rows))
    found = density_error(tmp_path, quick.model_copy(update={"steps": steps}))
    assert found == {"density_g_per_cm3_sem": pytest.approx(0.01 / 60**0.5, rel=0.5)}


def test_the_run_is_at_the_temperature_of_the_protocol(smoke_run):
    rows = [row for row in read_report(smoke_run) if row["number"] == 3]
    atoms = len(read_json(smoke_run / "system.json")["masses"])
    spread = 500 * (2 / (3 * atoms - 3)) ** 0.5  # of single values; the machine's rounding chooses among runs
    assert np.mean([row["temperature_k"] for row in rows]) == pytest.approx(500, abs=4 * spread)


def total_energies(folder: Path, start: Path, integrator: str, outer_fs: float) -> np.ndarray:
    """Total energy (kcal/mol) every 20 fs of 3 ps NVE with the non-bonded settings of `quick`, from a finished box."""
    nonbonded = protocols.load("quick").nonbonded
    box = builder.build(parse("*OCC*"), protocols.load("smoke").system, 1, PCFF)
    header = lammps_input.header(box, nonbonded)
    every = round(20 / outer_fs)
    folder.mkdir()
    (folder / "in.nve").write_text(
        header.replace("system.data", str(start)) + f"{integrator}timestep {outer_fs}\nfix move all nve\n"
        f'variable total equal etotal\nfix out all print {every} "${{total}}" file energies.txt screen no\n'
        f"run {round(3000 / outer_fs)}\n"
    )
    program, environment = lammps.command()
    subprocess.run([*program, "-in", "in.nve", "-screen", "none"], cwd=folder, env=environment, check=True)
    return np.loadtxt(folder / "energies.txt")


def test_the_integrator_of_quick_conserves_energy(smoke_run, tmp_path):
    protocol = protocols.load("quick")
    start, every = smoke_run / "final.data", protocol.nonbonded.every
    respa = total_energies(tmp_path / "respa", start, lammps_input.run_style(every), protocol.timestep_fs * every)
    verlet = total_energies(tmp_path / "verlet", start, lammps_input.run_style(1), protocol.timestep_fs)
    atoms = len(read_json(smoke_run / "system.json")["masses"])
    kinetic = 1.5 * atoms * 0.0019872 * protocol.temperature_k
    drift = np.polyfit(np.arange(len(respa)) * 0.02, respa, 1)[0]
    assert abs(drift) < 0.01 * kinetic  # per ps
    assert respa.std() < 1.5 * verlet.std()


def test_the_same_seed_gives_the_same_trajectory_and_another_seed_another(smoke_run, tmp_path):
    results = {}
    for name, seed in (("same", 7), ("other", 8)):
        outcome = run_replica(ReplicaTask("key", "*OCC*", 0, seed, "smoke", "pcff+", tmp_path / name, 120.0))
        results[name] = (tmp_path / name / "trajectory.dcd").read_bytes()[1000:]
        assert outcome.ok
    first = (smoke_run / "trajectory.dcd").read_bytes()[1000:]  # the header holds the date
    assert results["same"] == first
    assert results["other"] != first


@pytest.mark.fault("damaged checkpoint of an engine")
def test_a_run_that_was_cut_off_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    protocol = protocols.load("smoke").model_copy(update={"checkpoint_every_ps": 0.4})
    system, commands = builder.build(parse("*OCC*"), protocol.system, 1, PCFF), lammps.commands

    def cut(after: Place) -> Place:
        """Kill the run behind a checkpoint; returns the last one."""

        def watch(step: str, fraction: float, grown: int) -> None:
            if (reached := lammps_files.last_checkpoint(tmp_path)) and reached >= after:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(lammps, "commands", lambda plan, seed: standing_behind(commands(plan, seed), after))
            if not (tmp_path / "in.lammps").exists():
                lammps.Lammps().write(tmp_path, system, protocol, 1)
            with pytest.raises(KeyboardInterrupt):
                lammps.Lammps().run(tmp_path, protocol, watch)
        return lammps_files.last_checkpoint(tmp_path)

    assert cut(Place(2, 100)) == Place(2, 100)
    reached = cut(Place(3, 200))
    assert reached == Place(3, 200)
    assert len(list(tmp_path.glob("checkpoint-*"))) > 1
    (tmp_path / checkpoint_name(reached)).write_bytes(b"half a file")  # power failed: it goes on from the one before
    box = lammps.Lammps().run(tmp_path, protocol)
    (start,) = re.findall(r"read_restart (\S+)", (tmp_path / "in.resume").read_text())
    assert start.startswith("checkpoint-")
    assert start != checkpoint_name(reached)
    rows = [(row["number"], row["step"]) for row in read_report(tmp_path)]
    assert rows == sorted(set(rows))
    with DCDFile(str(tmp_path / "trajectory.dcd")) as trajectory:
        frames = trajectory.readframes()
    assert len(frames.xyz) == 51
    assert np.abs(np.diff(frames.xyz, axis=0)).max() < 5  # Å in 0.04 ps: no jump where it was cut
    assert np.allclose(np.array(frames.unitcell)[:, [0, 2, 5]], box, atol=1e-3)
    assert not list(tmp_path.glob("trajectory-*"))


@pytest.fixture
def cut_off(tmp_path):
    """A production of 9 frames, 20 time steps apart, with two checkpoints, interrupted once; its folder and protocol.

    Every atom of frame n is at x = n.
    """
    smoke = protocols.load("smoke")
    production = smoke.production.model_copy(update={"duration_ps": 0.64, "frame_interval_ps": 0.08})
    protocol = smoke.model_copy(update={"checkpoint_every_ps": 0.16, "steps": (*smoke.steps[:-1], production)})
    assert Timeline(protocol).frame == 20
    step = len(protocol.steps) - 1
    for done in (80, 120):
        (tmp_path / f"checkpoint-{step}-{done}").write_bytes(b"as it was at that time")
    craft(tmp_path / "trajectory.dcd", range(4))
    craft(tmp_path / "trajectory-40.dcd", range(2, 7))
    return tmp_path, protocol


def craft(path, frames):
    """A trajectory of two atoms, all at x = n in frame n, in a box of 10 Å."""
    with DCDFile(str(path), "w") as out:
        out.write_header(remarks="", natoms=2, istart=0, nsavc=1, delta=1.0, is_periodic=1)
        for n in frames:
            out.write(np.full((2, 3), n, dtype=np.float32), np.array([10, 90, 10, 90, 90, 10], dtype=float))


def positions(path):
    with DCDFile(str(path)) as trajectory:
        return [frame.xyz[0, 0] for frame in trajectory]


def without_end(path, lost):
    """Power failed: the last bytes of a file are gone."""
    path.write_bytes(path.read_bytes()[:-lost])


FRAME_BYTES = 56 + 3 * (8 + 2 * 4)


@pytest.mark.parametrize(("lost", "left"), [(1, [80, 120]), (FRAME_BYTES + 1, [80]), (3 * FRAME_BYTES + 1, [])])
@pytest.mark.fault("power loss")
def test_a_checkpoint_without_its_frames_is_not_used(cut_off, lost, left):
    folder, protocol = cut_off
    without_end(folder / "trajectory-40.dcd", lost)
    lammps_files.drop_checkpoints_without_frames(folder, Timeline(protocol))
    assert [checkpoint.done for checkpoint in lammps_files.checkpoints(folder)] == left


@pytest.mark.fault("power loss")
def test_a_frame_of_zeros_is_none(cut_off):
    folder, protocol = cut_off
    part = folder / "trajectory-40.dcd"
    content = part.read_bytes()
    part.write_bytes(content[: -2 * FRAME_BYTES] + bytes(2 * FRAME_BYTES))
    lammps_files.drop_checkpoints_without_frames(folder, Timeline(protocol))
    assert [checkpoint.done for checkpoint in lammps_files.checkpoints(folder)] == [80]


def test_what_was_written_after_the_checkpoint_is_dropped(cut_off):
    folder, protocol = cut_off
    craft(folder / "trajectory-120.dcd", range(6, 8))
    lammps_files.cut(folder, Place(len(protocol.steps) - 1, 80), Timeline(protocol))
    assert lammps_files.parts(folder) == [0, 40]
    lammps_files.cut(folder, Place(len(protocol.steps) - 2, 80), Timeline(protocol))
    assert lammps_files.parts(folder) == [0]


def test_the_parts_of_a_trajectory_become_one_with_each_frame_once(cut_off):
    folder, protocol = cut_off
    craft(folder / "trajectory-120.dcd", range(6, 9))
    lammps_files.join_trajectories(folder, Timeline(protocol), None)
    assert positions(folder / "trajectory.dcd") == list(range(9))
    assert lammps_files.parts(folder) == [0]


@pytest.mark.parametrize(("part", "lost"), [(0, 2 * FRAME_BYTES + 1), (40, FRAME_BYTES + 1), (120, 1)])
@pytest.mark.fault("power loss")
def test_a_trajectory_with_a_gap_is_run_again_and_never_joined(cut_off, part, lost):
    folder, protocol = cut_off
    craft(folder / "trajectory-120.dcd", range(6, 9))
    without_end(folder / part_name(part), lost)
    with pytest.raises(EngineKilled, match="frames of the trajectory are missing"):
        lammps_files.join_trajectories(folder, Timeline(protocol), None)
    assert lammps_files.last_checkpoint(folder) is None


@pytest.mark.fault("power loss")
def test_the_end_of_a_run_is_noted_once_its_files_would_survive(tmp_path, calls):
    outcome = run_replica(ReplicaTask("key", "*OC*", 0, 7, "smoke", "pcff+", tmp_path, 120.0))
    assert outcome.ok, outcome.detail
    noted = next(n for n, (call, *names) in enumerate(calls) if call == "replace" and names[1] == "ran.json")
    synced = {names[0] for call, *names in calls[:noted] if call == "fsync"}
    assert {"trajectory.dcd", "report.txt", "system.data", "topology.pdb"} <= synced


@pytest.mark.fault("power loss")
def test_a_trajectory_in_one_part_that_is_not_whole_is_run_again(cut_off):
    folder, protocol = cut_off
    (folder / "trajectory-40.dcd").unlink()
    craft(folder / "trajectory.dcd", range(9))
    lammps_files.join_trajectories(folder, Timeline(protocol), None)
    without_end(folder / "trajectory.dcd", 1)
    with pytest.raises(EngineKilled, match="frames of the trajectory are missing"):
        lammps_files.join_trajectories(folder, Timeline(protocol), None)


def test_a_step_that_blows_up_is_reported_as_nan(tmp_path):
    protocol = protocols.load("smoke").model_copy(update={"timestep_fs": 20.0})
    lammps.Lammps().write(tmp_path, builder.build(parse("*OCC*"), protocol.system, 1, PCFF), protocol, 1)
    with pytest.raises(SimulationFailure) as caught:
        lammps.Lammps().run(tmp_path, protocol)
    assert caught.value.code == "nan"


@pytest.mark.slow
def test_peo_has_the_density_of_the_study(tmp_path):
    task = ReplicaTask("key", "*OCC*", 0, 3, "quick", "pcff+", tmp_path, 900.0)
    outcome = run_replica(task)
    assert outcome.ok, outcome.detail
    # 1.09 g/cm³ at 500 K in the study of this protocol, with 0.02 between builds
    assert outcome.properties["density_g_per_cm3"] == pytest.approx(1.09, abs=0.05)
