"""What a GPU computes: skipped where OpenMM finds none. AUTODISCO_OPENMM_PLATFORM=CPU rehearses the tests of OpenMM."""

import os

import numpy as np
import pytest

from autodisco.files import read_json
from autodisco.polymer import parse
from autodisco.simulation import ReplicaTask, builder, forcefield, protocols
from autodisco.simulation.engines import openmm_engine, openmm_measure, openmm_platform
from autodisco.simulation.engines.openmm_system import openmm_system
from autodisco.simulation.engines.report import read_report
from autodisco.simulation.replica import prepare

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def gpu():
    if not openmm_platform.has_gpu() and "AUTODISCO_OPENMM_PLATFORM" not in os.environ:
        pytest.skip("OpenMM finds no GPU here")


@pytest.mark.parametrize("smiles", ["*OCC*", "*CC(C#N)*", "*CC(C(=O)OCC(F)(F)F)*"])
def test_energies_on_the_card_equal_those_in_double_precision(smiles):
    settings = protocols.load("quick").system.model_copy(update={"ion_pairs": 2})
    box = builder.build(parse(smiles), settings, 1, forcefield.load("pcff+"))
    nonbonded = protocols.NonbondedSettings(cutoff=8.0, kspace_accuracy=1e-5)
    expected = openmm_measure.energy_parts(box, nonbonded)
    made = openmm_system(box, nonbonded, tail=False)
    found = openmm_measure.parts_of(made, box.positions, box.box, openmm_platform.context_for)
    most = max(map(abs, expected.values()))
    assert found == pytest.approx(expected, abs=1e-5 * most)


def test_a_replica_on_the_card_that_was_cut_off_goes_on_and_gives_a_value(tmp_path, monkeypatch):
    monkeypatch.setattr(openmm_engine, "CHECKPOINT_EVERY_S", 0.0)
    task = ReplicaTask("key", "*OCC*", 0, 7, "smoke", "pcff+", tmp_path, 600.0, engine="openmm")
    protocol = prepare(task)

    def cut(step: str, fraction: float, grown: int) -> None:
        if step == "production":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        openmm_engine.OpenMM().run(tmp_path, protocol, cut)
    again: list[float] = []
    openmm_engine.OpenMM().run(tmp_path, protocol, lambda step, fraction, grown: again.append(fraction))
    assert again[0] > 0.3
    rows = [row for row in read_report(tmp_path) if row["number"] == 3]
    spread = 500 * (2 / (3 * len(read_json(tmp_path / "system.json")["masses"]) - 3)) ** 0.5
    assert np.mean([row["temperature_k"] for row in rows]) == pytest.approx(500, abs=4 * spread)


def test_a_generator_learns_and_draws_on_the_card():
    import torch

    from autodisco.generator import TrainingRow, fit, generator_settings

    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU here")
    rows = [TrainingRow(text, "high") for text in ("*OCC*", "*OCOCC*")] + [TrainingRow("*CC*", "low")]
    settings = generator_settings(iterations=1000, batch_size=32, learning_rate=3e-3, block_size=16, device="cuda")
    made = fit(rows, settings, seed=1)
    taught = {parse(row.smiles).key for row in rows}  # each is written in all the ways in which it can be cut
    assert {parse(text).key for text in made.sample(40, "high", max_tokens=8, seed=1)} <= taught
    assert made.sample(20, "high", max_tokens=8, seed=2) == made.sample(20, "high", max_tokens=8, seed=2)
