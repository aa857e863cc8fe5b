"""Campaigns whose candidates are copolymers, blends or plasticised polymers."""

from pathlib import Path

import numpy as np
import pytest

from autodisco.campaign import load, run
from autodisco.campaign.architecture import draw_materials, drawn_units, reference_of
from autodisco.campaign.campaign_file import check_names
from autodisco.campaign.generate_settings import Generate
from autodisco.campaign.settings_file import read_settings
from autodisco.campaign.setup import set_up
from autodisco.campaign.stages.filter import _weakness
from autodisco.campaign.tasks import Tasks
from autodisco.campaign.training import _rows
from autodisco.errors import InputError
from autodisco.generator import TrainingRow, fit, generator_settings
from autodisco.polymer import Material, parse, read_material
from autodisco.polymer.molecule import sites
from autodisco.report.write import write_report
from autodisco.simulation.formulation import Formulation, Polymer, Solvent, of
from autodisco.store import Store, TrainingEntry

EC, PEO = "O=C1OCCO1", "*OCC*"
ENGINE = Path(__file__).parents[2] / "docs" / "examples" / "engine.py"

FILE = f"""\
name = "mixed"
[seeds]
grammar = 20
[generator]
kind = "random"
max_tokens = 12
[generate]
batch_size = 2
pool = 5
{{generate}}
[simulation]
protocol = "smoke"
engine = "{ENGINE}:Still"
replicas = 1
reference_replicas = 1
[acquire]
reference = "{{reference}}"
[budget]
iterations = 2
"""

PLASTICISED = f'architecture = "plasticised"\npartners = ["{EC}", "COCCOC"]\nfractions = [0.2, 0.3]'


def write(folder: Path, generate: str, reference: str = PEO) -> Path:
    file = folder / "mixed.toml"
    file.write_text(FILE.format(generate=generate, reference=reference))
    return file


@pytest.fixture(scope="module")
def model():
    return fit([TrainingRow(PEO, "high")], generator_settings(kind="random"), seed=1)


def test_units_are_paired_in_the_order_of_the_draws(model) -> None:
    units = model.sample(8, seed=5)
    drawn = draw_materials(model, 4, Generate(architecture="alternating"), 5)
    assert drawn == [f"{a}.{b}|alternating" for a, b in zip(units[::2], units[1::2], strict=True)]


def test_a_homopolymer_is_what_the_model_draws(model) -> None:
    assert draw_materials(model, 6, Generate(), 5) == model.sample(6, seed=5)


def test_every_partner_and_every_fraction_is_drawn_and_the_seed_decides(model) -> None:
    settings = Generate(architecture="plasticised", partners=[EC, "COCCOC"], fractions=[0.2, 0.3])
    drawn = draw_materials(model, 40, settings, 5)
    assert drawn == draw_materials(model, 40, settings, 5) != draw_materials(model, 40, settings, 6)
    assert {text.partition(".")[2] for text in drawn} == {
        f"{partner}|plasticised|{share}" for partner in (EC, "COCCOC") for share in ("0.2", "0.3")
    }


def test_every_place_of_a_backbone_gets_a_side_chain(model) -> None:
    settings = Generate(architecture="side-chain", partners=["*COC"])
    drawn = [text.split("|") for text in draw_materials(model, 40, settings, 5)]
    assert {int(site) for _, _, site in drawn} > {1, 2}
    for parts, _, site in drawn:
        assert int(site) <= max(1, sites(parse(parts.split(".")[0])))


def test_a_molecule_is_a_drawn_unit_without_its_ends(model) -> None:
    assert draw_materials(model, 3, Generate(architecture="molecule"), 5) == [
        f"{unit}|molecule" for unit in model.sample(3, seed=5)
    ]


def test_the_generator_learns_from_drawn_units_alone() -> None:
    blend = Generate(architecture="blend", partners=[PEO], fractions=[0.3])
    assert drawn_units(f"*CC*.{PEO}|blend|0.3", blend) == ["*CC*"]
    assert drawn_units(PEO, blend) == [PEO]
    assert drawn_units("[Cu]CCO[Au]", blend) == ["[Cu]CCO[Au]"]
    wet = Generate(architecture="plasticised", partners=[EC], fractions=[0.2])
    assert drawn_units(f"*CC*.{EC}|plasticised|0.2", wet) == ["*CC*"]
    grafts = Generate(architecture="side-chain", partners=["*COC"])
    assert drawn_units("*CC*.*COC|side-chain|1", grafts) == ["*CC*"]
    molecules = Generate(architecture="molecule")
    assert drawn_units("*CC*|molecule", molecules) == ["*CC*"]
    assert drawn_units("COCCOC|molecule", molecules) == ["*COCCOC*"]
    assert drawn_units("FC(F)(F)F|molecule", molecules) == []  # nothing to learn
    pairs = [TrainingEntry(f"{PEO}.*CC*|random|0.5", "0" * 16, "high", 6.0, "")]
    rows = _rows(pairs, Generate(architecture="random", fractions=[0.5]))
    assert [(row.smiles, row.label, row.weight) for row in rows] == [(PEO, "high", 3.0), ("*CC*", "high", 3.0)]


@pytest.mark.parametrize(
    ("generate", "said"),
    [
        ('architecture = "graft"', "generate.architecture = \"graft\": allowed is 'homopolymer'"),
        (f'partners = ["{EC}"]', "generate.partners: a homopolymer has no second part"),
        ('architecture = "plasticised"\nfractions = [0.2]', "generate.partners: plasticised needs molecules"),
        ('architecture = "random"', "generate.fractions: random needs fractions"),
        ('architecture = "alternating"\nfractions = [0.5]', "generate.fractions: alternating has no fractions"),
        ('architecture = "random"\nfractions = [1.0]', "generate.fractions.0 = 1.0: allowed is less than 1"),
        (
            f'architecture = "plasticised"\npartners = ["{PEO}"]\nfractions = [0.2]',
            "generate.partners: '*OCC*' has an open end",
        ),
        ('architecture = "side-chain"', "generate.partners: side-chain needs groups"),
        ('architecture = "side-chain"\npartners = ["*CC*"]', "generate.partners: '*CC*' is no side chain"),
        ('architecture = "molecule"\nfractions = [0.2]', "generate.fractions: molecule has no fractions"),
        (
            'architecture = "plasticised"\npartners = ["' + "C" * 150 + '"]\nfractions = [0.9]',
            "generate.partners: the solvents are heavier",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(generate: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, generate), tmp_path / "runs")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_reference_is_in_the_same_mixture(tmp_path: Path) -> None:
    settings = load(write(tmp_path, PLASTICISED), tmp_path / "runs").settings
    assert reference_of(settings) == read_material(f"{PEO}.{EC}|plasticised|0.2")
    named = load(write(tmp_path, PLASTICISED, "*OCC*.COC|plasticised|0.1"), tmp_path / "runs").settings
    assert reference_of(named).given == "*OCC*.COC|plasticised|0.1"
    random = load(write(tmp_path, 'architecture = "random"\nfractions = [0.5]'), tmp_path / "runs").settings
    assert reference_of(random) == read_material(PEO)


def random_copolymer(material: Material) -> Formulation:
    units = [{"smiles": unit.given, "fraction": x} for unit, x in material.parts]
    return Formulation(polymers=(Polymer(architecture="random", units=units),))


def blend(material: Material) -> Formulation:
    return Formulation(polymers=[{"smiles": unit.smiles, "mass_fraction": x} for unit, x in material.parts])


def plasticised(material: Material) -> Formulation:
    (unit, _), (molecule, share) = material.parts
    solvent = Solvent(smiles=molecule.smiles, mass_fraction=share)
    return Formulation(polymers=(Polymer(smiles=unit.smiles),), solvents=(solvent,))


def liquid(material: Material) -> Formulation:
    return Formulation(polymers=(), solvents=(Solvent(smiles=material.parts[0][0].smiles, mass_fraction=1.0),))


@pytest.mark.parametrize(
    ("text", "formulation"),
    [
        ("*OCOC*.*OCC*|alternating", None),
        ("*CC*.*COC|side-chain|1", None),
        ("*CC*.*OCC*|random|0.25", random_copolymer),
        ("*CC*.*OCC*|blend|0.25", blend),
        (f"*CC*.{EC}|plasticised|0.25", plasticised),
        ("COCCOC|molecule", liquid),
    ],
)
def test_a_replica_has_the_formulation_of_its_material(text: str, formulation, tmp_path: Path) -> None:
    campaign, material = load(write(tmp_path, ""), tmp_path / "runs"), read_material(text)
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        store.add_polymer(material.key, material.smiles, material.given, "generated", 1)
        store.plan_replica(material.key, "smoke", 0, 1)
        (row,) = store.open_replicas()
        task = Tasks(campaign, store).of(row)
    assert task.formulation == (formulation(material) if formulation else None)
    assert task.monomer_smiles == (text if formulation else material.homopolymer.given)
    assert of(material).title == task.contents.title


@pytest.mark.slow
@pytest.mark.parametrize(
    "generate",
    [
        'architecture = "alternating"',
        'architecture = "random"\nfractions = [0.25]',
        f'architecture = "blend"\npartners = ["{PEO}"]\nfractions = [0.3]',
        PLASTICISED,
        'architecture = "side-chain"\npartners = ["*COCCOC"]',
        'architecture = "molecule"',
    ],
)
def test_a_campaign_runs_to_its_end(generate: str, tmp_path: Path) -> None:
    campaign = load(write(tmp_path, generate), tmp_path / "runs")
    assert run(campaign) == 0
    with Store.open_readonly(campaign.folder) as store:
        found = store.polymers("generated")
        assert len(found) >= 4
        for polymer in found:
            material = read_material(polymer.given)
            assert (polymer.key, polymer.smiles) == (material.key, material.smiles)
            assert polymer.given.split("|")[1] == campaign.settings.generate.architecture
        assert {row.status for row in store.replicas() if row.iteration} == {"done"}
        units = [unit for row in store.training(2) for unit in drawn_units(row.smiles, campaign.settings.generate)]
        assert not any("|" in unit or "." in unit for unit in units)
        judgement = store.iterations()[-1].saturation
        assert judgement["draws"] == sum(row.key is not None for row in store.candidates(2)) - 1
        assert np.isfinite([row.mean for row in store.estimates().values()]).all()
        page = write_report(store).read_text()
    assert all(polymer.given in page for polymer in found)


@pytest.mark.parametrize("name", ["copolymers", "plasticisers"])
def test_the_examples_are_campaigns(name: str, tmp_path: Path) -> None:
    file = ENGINE.with_name(f"{name}.toml")
    assert reference_of(load(file, tmp_path, checked=False).settings)
    check_names(file, read_settings(file))


@pytest.mark.parametrize(
    ("text", "is_rejected"), [(f"*CC*.{EC}|plasticised|0.2", False), (f"{EC}|molecule", True), ("*OO*|molecule", True)]
)
def test_a_weak_group_of_a_plasticiser_that_the_file_names_rejects_nothing(text, is_rejected, tmp_path: Path) -> None:
    campaign = load(write(tmp_path, PLASTICISED), tmp_path / "runs")
    assert bool(_weakness(campaign, read_material(text))) == is_rejected
