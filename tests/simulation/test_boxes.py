"""Boxes are as large as the cutoff needs: as asked for where that will do, with more in them where it will not."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from rdkit import Chem

from autodisco.campaign.campaign_file import check
from autodisco.campaign.settings import Settings
from autodisco.errors import InputError
from autodisco.files import read_json, write_json
from autodisco.polymer import parse
from autodisco.simulation import ReplicaOutcome, ReplicaTask, boxes, builder, forcefield, protocols, run_replica
from autodisco.simulation.batch import replica_task, simulate_batch
from autodisco.simulation.cache import identity
from autodisco.simulation.replica import prepare
from autodisco.simulation.space import edge_of
from autodisco.simulation.task import LASTING, mending

DENSE = ("*C(=O)*", "*C(F)(F)*", "*C(F)(F)C(F)(F)O*", "*CC(F)(F)*", "*CS*", "*C1OC(=O)OC1*")
ORDINARY = ("*OCC*", "*C*", "*CC(*)c1ccccc1", "*CCOCS*", "*C(O)OCCO*", "*CC(*)(C)C(=O)OC", "*NC(=O)CCCCC*")
PCFF = forcefield.load("pcff+")
SALT_FREE = {
    "backbone_atoms": 36,
    "ion_pairs": 0,
    "polymer_mass_g_per_mol": 2000.0,
    "build_density_g_per_cm3": 0.4,
    "hydrogen_mass": 3.0,
}


def salt_free(name: str) -> protocols.Protocol:
    """A shipped protocol with a box of 2 kg/mol of polymer alone."""
    protocol = protocols.load(name)
    return protocols.Protocol.model_validate(protocol.model_dump() | {"name": "neat", "system": SALT_FREE})


@pytest.mark.parametrize(
    ("smiles", "name"), [*((smiles, "quick") for smiles in ORDINARY), ("*OCC*", "overnight"), ("*OCC*", "glass")]
)
def test_a_box_that_is_large_enough_stays_as_the_protocol_says(smiles, name):
    protocol = protocols.load(name)
    assert boxes.sized(parse(smiles), protocol) is protocol.system


@pytest.mark.parametrize("smiles", DENSE)
def test_a_dense_polymer_gets_more_ion_pairs_at_the_same_molality(smiles):
    unit, quick = parse(smiles), protocols.load("quick")
    settings = boxes.sized(unit, quick)
    assert settings.ion_pairs > quick.system.ion_pairs
    assert (
        boxes.expected_edge(unit, quick.system, quick) < boxes.MARGIN * 16 <= boxes.expected_edge(unit, settings, quick)
    )
    system = builder.build(unit, settings, 1, PCFF)
    assert system.labels["concentration_actual_molal"] == pytest.approx(1.5, rel=0.1)


def test_without_salt_there_is_more_polymer():
    unit, protocol = parse("*C(F)(F)*"), salt_free("quick")
    settings = boxes.sized(unit, protocol)
    assert settings.ion_pairs == 0
    assert settings.polymer_mass > 2000.0
    assert boxes.expected_edge(unit, settings, protocol) >= boxes.MARGIN * 16
    system = builder.build(unit, settings, 1, PCFF)
    assert {molecule.name for molecule in system.molecules} == {"POL"}
    assert system.labels["concentration_actual_molal"] == 0.0


def test_the_expected_edge_is_the_smallest_that_lammps_saw():
    """PEO in `quick`: 3,942 g/mol at 1.2103 g/cm³ (the highest density of a run of the seeds)."""
    quick = protocols.load("quick")
    assert boxes.expected_edge(parse("*OCC*"), quick.system, quick) == pytest.approx(edge_of(3941.88, 1.2103), rel=0.01)


def test_a_larger_cutoff_or_a_higher_pressure_needs_a_larger_box():
    unit, quick = parse("*OCC*"), protocols.load("quick")
    wide = quick.model_copy(update={"nonbonded": quick.nonbonded.model_copy(update={"cutoff": 9.5})})
    assert boxes.sized(unit, wide).ion_pairs > quick.system.ion_pairs
    pressed = quick.steps[3].model_copy(update={"pressure_atm": (30_000, 30_000)})
    harder = quick.model_copy(update={"steps": (*quick.steps[:3], pressed, *quick.steps[4:])})
    assert boxes.least_expansion(harder) < boxes.least_expansion(quick)


@pytest.mark.parametrize(("smiles", "bondi"), [("CCCCCC", 68.25), ("c1ccccc1", 48.36), ("C1CCCCC1", 61.44)])
def test_van_der_waals_volumes_are_those_of_bondi(smiles, bondi):
    """Bondi's group increments (J. Phys. Chem. 1964, 68, 441), cm³/mol: CH3 13.67, CH2 10.23, aromatic CH 8.06; six
    CH2 make the ring."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert boxes.van_der_waals_volume(mol) * 0.602214 == pytest.approx(bondi, rel=0.04)


@pytest.mark.parametrize(
    ("cutoff", "said"),
    [pytest.param(8.32, "has decreased", marks=pytest.mark.slow), (9.0, "greater than half the periodic box")],
)
def test_a_box_too_small_for_openmm_has_its_own_code_and_a_larger_one_is_next(tmp_path, monkeypatch, cutoff, said):
    pytest.importorskip("openmm")
    monkeypatch.setenv("AUTODISCO_OPENMM_PLATFORM", "CPU")
    monkeypatch.setattr(boxes, "MARGIN", 0.5)  # an estimate that is far off
    text = (protocols.SHIPPED / "smoke.toml").read_text()
    file = tmp_path / "mine.toml"
    file.write_text(text.replace('name = "smoke"', 'name = "mine"').replace("cutoff = 5.0", f"cutoff = {cutoff}"))
    task = ReplicaTask("key", "*OCC*", 0, 5, str(file), "pcff+", tmp_path / "0", 120.0, engine="openmm")
    outcome = run_replica(task)
    assert outcome.failure_code == "box-too-small", outcome.detail
    assert said in outcome.detail
    assert outcome.failure_code in LASTING
    again = replace(task, attempt=1, folder=tmp_path / "1", **mending(outcome.failure_code))
    assert (again.larger_box, again.half_step) == (True, False)
    again.folder.mkdir()
    prepare(again)
    assert [pairs(tmp_path / number) for number in ("0", "1")] == [1, 2]


def test_a_campaign_refuses_a_protocol_without_salt(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "neat"')
    text = text.replace("ion_pairs = 1", "ion_pairs = 0").replace("molality = 1.5", "polymer_mass_g_per_mol = 900")
    file = tmp_path / "neat.toml"
    file.write_text(text)
    settings = Settings(name="x", simulation={"protocol": str(file), "engine": "lammps"})
    with pytest.raises(InputError, match=r"simulation\.protocol: protocol neat has no salt"):
        check(tmp_path / "campaign.toml", settings)


def test_a_later_attempt_with_a_larger_box_is_adopted_by_a_batch(tmp_path):
    """As one with half the time step is: what a folder holds already is not run again."""
    unit = parse("*OCC*")
    later = replica_task(unit, "smoke", "pcff+", 0, 1, 1, tmp_path, 60.0, "lammps", larger_box=True)
    later.folder.mkdir(parents=True)
    write_json(later.folder / "task.json", identity(later))
    write_json(later.folder / "outcome.json", asdict(ReplicaOutcome(True, {"density_g_per_cm3": 1.0}, None, "", 0, 0)))
    started = []
    found = simulate_batch([unit], "smoke", "pcff+", 1, tmp_path, engine="lammps", on_start=started.append)
    assert started == []
    assert found[unit.key][0].properties == {"density_g_per_cm3": 1.0}


def pairs(folder: Path) -> int:
    """Ion pairs in the box of a replica."""
    return read_json(folder / "system.json")["salts"]["LiTFSI"]


def test_a_polymer_without_salt_has_a_density_a_cohesion_and_no_conductivity(tmp_path):
    smoke = salt_free("smoke")
    task = ReplicaTask("key", "*OCC*", 0, 5, "smoke", "pcff+", tmp_path, 120.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocols, "load", lambda name: smoke)
        outcome = run_replica(task)
    assert outcome.ok, outcome.detail
    found = outcome.properties
    assert found["conductivity_s_per_cm"] is None
    assert found["cation_diffusivity_cm2_per_s"] is None
    assert 0.5 < found["density_g_per_cm3"] < 1.5
    assert found["cohesive_energy_density_mpa"] > 0
    assert found["radius_of_gyration_angstrom"] > 1
    assert found["concentration_actual_molal"] == 0.0
