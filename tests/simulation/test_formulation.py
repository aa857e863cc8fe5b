"""Formulations: their keys, what is refused, and the whole numbers that they become."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from autodisco.errors import InputError
from autodisco.polymer import parse
from autodisco.polymer.chains import repeat_unit_mass
from autodisco.simulation import ReplicaTask, boxes, builder, forcefield, protocols
from autodisco.simulation.batch import replica_task
from autodisco.simulation.cache import identity
from autodisco.simulation.contents import CAPS_MASS, composition, sequences, whole_shares
from autodisco.simulation.forcefield import ions
from autodisco.simulation.formulation import Formulation, Polymer, of, read
from tests.simulation.mixtures import EC, MIXTURES, PEO, PPO, mixture

QUICK = protocols.load("quick")
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "plasticised.toml"


def made(**content) -> Formulation:
    return Formulation.model_validate({"polymers": [{"smiles": PEO}], **content})


def copolymer(architecture: str, *units: tuple[str, float], **more) -> Polymer:
    pairs = [{"smiles": smiles, "fraction": share} for smiles, share in units]
    return Polymer.model_validate({"architecture": architecture, "units": pairs, **more})


def test_a_lone_homopolymer_has_the_key_of_the_polymer():
    assert made().key == of(parse("*COC*")).key == parse(PEO).key
    assert len({mixture(name).key for name in MIXTURES} | {made().key}) == len(MIXTURES) + 1


def test_an_alternating_copolymer_is_the_homopolymer_of_its_units_in_a_row():
    pair = Formulation(polymers=(copolymer("alternating", (PEO, 0.5), ("*C(=O)O*", 0.5)),))
    assert pair.key == parse("*OCCC(=O)O*").key
    turned = Formulation(polymers=(copolymer("alternating", ("*CCO*", 0.5), ("*C(=O)O*", 0.5)),))
    assert turned.key == parse("*CCOC(=O)O*").key != pair.key


def test_a_key_does_not_depend_on_how_the_formulation_is_written():
    halves = [{"smiles": PEO, "mass_fraction": 0.25}, {"smiles": PPO, "mass_fraction": 0.75}]
    assert made(polymers=halves).key == made(polymers=halves[::-1]).key
    assert made(polymers=[{"smiles": "*CCO*", "mass_fraction": 0.25}, halves[1]]).key == made(polymers=halves).key
    ways = [made(solvents=[{"smiles": smiles, "mass_fraction": 0.2}]).key for smiles in (EC, "C1COC(=O)O1")]
    assert ways[0] == ways[1]
    assert made(molality=2.0).key != made().key


def test_the_same_formulation_in_another_order_or_spelling_is_the_same_task(tmp_path):
    """Otherwise finished work, which lies in the same folder, would be overwritten."""
    third = {"architecture": "block", "mass_fraction": 0.25}
    pair = [{"smiles": PPO, "fraction": 0.5}, {"smiles": PEO, "fraction": 0.5}]
    one = made(
        polymers=[
            {"smiles": PEO, "mass_fraction": 0.5},
            {"architecture": "alternating", "units": pair, "mass_fraction": 0.25},
            third | {"units": [{"smiles": "*CC(*)c1ccccc1", "fraction": 0.4}, {"smiles": PEO, "fraction": 0.6}]},
        ],
        solvents=[{"smiles": EC, "mass_fraction": 0.1}, {"smiles": "COC", "mass_fraction": 0.1}],
        salts=[{"name": "LiTFSI"}, {"name": "NaPF6", "mole_ratio": 1.0}],
    )
    other = made(
        polymers=[
            third | {"units": [{"smiles": "*CC(c1ccccc1)*", "fraction": 0.4}, {"smiles": "*OC-C*", "fraction": 0.6}]},
            {"smiles": "*OCC(C)OCC*", "mass_fraction": 0.25},
            {"smiles": "*COC*", "mass_fraction": 0.5},
        ],
        solvents=[{"smiles": "C(OC)", "mass_fraction": 0.1}, {"smiles": "C1COC(=O)O1", "mass_fraction": 0.1}],
        salts=[{"name": "NaPF6"}, {"name": "LiTFSI"}],
    )
    tasks = [replica_task(way, "smoke", "pcff+", 0, 0, 1, tmp_path, 60.0, "lammps") for way in (one, other)]
    assert tasks[0].folder == tasks[1].folder
    assert identity(tasks[0]) == identity(tasks[1])


def test_blocks_keep_their_order_and_units_their_direction():
    first, second = (PEO, 0.5), ("*CC(*)c1ccccc1", 0.5)
    orders = [Formulation(polymers=(copolymer("block", *units),)) for units in ((first, second), (second, first))]
    assert orders[0].key != orders[1].key
    turned = Formulation(polymers=(copolymer("block", ("*CCO*", 0.5), second),))
    assert turned.content() != orders[0].content()
    assert turned.key != orders[0].key


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"polymers": []}, "polymers"),
        ({"polymers": [{"smiles": "OCC"}]}, "0 attachment points"),
        (
            {"polymers": [{"smiles": PEO, "mass_fraction": 0.5}]},
            "mass fractions of the polymers add up to 0.5, not to 1",
        ),
        ({"polymers": [{"smiles": PEO, "architecture": "random"}]}, "architecture random needs two units"),
        ({"polymers": [{"units": [{"smiles": PEO, "fraction": 1.0}]}]}, "a homopolymer needs smiles"),
        ({"solvents": [{"smiles": EC}]}, "either mass_fraction or mole_ratio"),
        ({"solvents": [{"smiles": "[Li+]", "mass_fraction": 0.1}]}, "not the SMILES of one neutral molecule"),
        ({"solvents": [{"smiles": "O.O", "mass_fraction": 0.1}]}, "not the SMILES of one neutral molecule"),
        ({"solvents": [{"smiles": EC, "mass_fraction": 0.6}, {"smiles": "COC", "mass_fraction": 0.4}]}, "no polymer"),
        ({"salts": [{"name": "LiTFSI"}, {"name": "LiTFSI"}]}, "salt LiTFSI is named twice"),
        ({"salts": [{"name": "LiTSFI"}]}, "did you mean 'LiTFSI'"),
        ({"salts": [], "molality": 1.0}, "molality and mole_ratio of solvents need a salt"),
        ({"molality": 50.0}, "less than or equal to 30"),
        ({"molality": 0.001}, "greater than or equal to 0.01"),
        ({"polymer": [{"smiles": PEO}]}, "unknown_key"),
    ],
)
def test_a_formulation_that_does_not_add_up_is_refused(content, said):
    with pytest.raises(ValueError, match=said):
        made(**content)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[polymers]\nsmiles = "*CC*"', r"polymers: allowed is a list of tables, \[\[polymers\]\]"),
        ('[[polymer]]\nsmiles = "*CC*"', "unknown key polymer; did you mean polymers"),
        ('[[polymers]]\nsmile = "*CC*"', "unknown key polymers.0.smile; did you mean polymers.0.smiles"),
        ('molality = "much"\n[[polymers]]\nsmiles = "*CC*"', 'molality = "much": allowed is number$'),
        ("", "polymers is missing"),
        ('ions = ["no.toml"]\n[[polymers]]\nsmiles = "*CC*"', "ions: ion file .*no.toml cannot be read"),
        ('[[polymers]]\nsmiles = "*CC*"\nmass_fraction = 0.5', "mine.toml: the mass fractions of the polymers add up"),
    ],
)
def test_a_wrong_formulation_file_is_refused_with_file_key_and_what_is_allowed(tmp_path, text, said):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(InputError, match=f"^{tmp_path}/mine.toml: .*{said}|^{tmp_path}/{said}") as caught:
        read(tmp_path / "mine.toml")
    assert "\n" not in str(caught.value)


def test_a_formulation_file_is_read_with_ions_beside_it(tmp_path):
    found = read(EXAMPLE)
    assert found.title == "*CCO* + O=C1OCCO1 (0.2); LiTFSI + LiBOB (3:1)"
    assert Formulation.model_validate(json.loads(json.dumps(found.content()))) == found
    wrong = (
        EXAMPLE.read_text()
        .replace("mass_fraction = 0.2", "mass_fraction = 2")
        .replace('"libob', f'"{EXAMPLE.parent}/libob')
    )
    (tmp_path / "mine.toml").write_text(wrong)
    with pytest.raises(InputError, match=r"solvents.0.mass_fraction = 2: allowed is less than or equal to 1"):
        read(tmp_path / "mine.toml")


def test_an_ion_that_no_salt_uses_or_that_has_the_name_of_a_shipped_one_is_refused():
    bob = ions.read(EXAMPLE.parent / "libob.toml")
    for salts in (None, [{"name": "LiTFSI"}]):
        with pytest.raises(ValueError, match="ion 'BOB' is part of no salt of the formulation"):
            made(ions=[bob], salts=salts)
    shadow = bob.model_copy(update={"name": "TFSI"})
    with pytest.raises(ValueError, match="ion 'TFSI' is defined twice"):
        made(ions=[shadow])


def test_amounts_become_the_nearest_whole_numbers():
    system = QUICK.system
    mixed = composition(made(solvents=[{"smiles": EC, "mass_fraction": 0.2}]), system)
    mass = system.polymer_mass
    assert mixed.solvents == (round(0.2 * mass / 88.06),)
    assert sum(mixed.chains[0]) * 44.05 == pytest.approx(0.8 * mass, rel=0.02)
    two = composition(made(salts=[{"name": "LiTFSI", "mole_ratio": 3}, {"name": "LiPF6"}]), system)
    assert [(salt.name, n) for salt, n in two.salts] == [("LiTFSI", 3), ("LiPF6", 1)]
    neat = composition(made(salts=[]), system)
    assert (neat.salts, neat.chains) == ((), composition(made(), system).chains)
    per_salt = composition(made(solvents=[{"smiles": EC, "mole_ratio": 2}]), system)
    assert per_salt.solvents == (8,)
    rich = composition(made(molality=3.0), system)
    assert sum(n for _, n in rich.salts) == 8


def test_solvents_that_leave_no_polymer_are_refused():
    with pytest.raises(InputError, match="heavier than polymers and solvents together"):
        composition(made(solvents=[{"smiles": EC, "mole_ratio": 20}]), QUICK.system)


def test_chains_of_unequal_length_meet_the_concentration():
    """In `quick`, poly(propylene carbonate) has chains of nine units; one more or less on all of them is 6 %."""
    unit = parse("*OC(=O)OCC(C)*")
    unequal = QUICK.system.model_copy(update={"chain_lengths": "unequal"})

    def molality(settings):
        chains = composition(unit, settings).chains[0]
        return 1000 * settings.ion_pairs / sum(n * repeat_unit_mass(unit) + CAPS_MASS for n in chains)

    assert abs(molality(unequal) - 1.5) < 0.03 < abs(molality(QUICK.system) - 1.5)
    lengths = composition(unit, unequal).chains[0]
    assert max(lengths) - min(lengths) == 1


def test_a_random_copolymer_holds_the_numbers_asked_for_in_an_order_that_the_seed_decides():
    random = copolymer("random", (PEO, 0.7), (PPO, 0.3))
    orders = [sequences(random, (10, 10), seed) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert all(sum(map(sum, order)) == 6 for order in orders)
    fixed = random.model_copy(update={"sequence_seed": 5})
    assert sequences(fixed, (10, 10), 1) == sequences(fixed, (10, 10), 2)


def test_a_block_copolymer_has_one_block_of_every_kind_in_each_chain():
    assert sequences(copolymer("block", (PEO, 0.5), (PPO, 0.5)), (4, 6), 1) == [(0, 0, 1, 1), (0, 0, 0, 1, 1, 1)]


@pytest.mark.parametrize("architecture", ["block", "random"])
def test_a_copolymer_holds_every_kind_of_unit_however_small_its_share(architecture):
    """In `smoke` a chain is so short that one unit in ten or in fifty rounds to none."""
    polymer = copolymer(architecture, (PEO, 0.98), (PPO, 0.02))
    orders = sequences(polymer, (4, 5), 1)
    places = orders if architecture == "block" else [sum(orders, ())]
    assert all(set(order) == {0, 1} for order in places)
    assert [len(order) for order in orders] == [4, 5]


@pytest.mark.parametrize(("architecture", "place"), [("block", "chain"), ("random", "box")])
def test_a_copolymer_with_more_kinds_than_units_is_refused_in_one_line(architecture, place):
    units = ["*" + "C" * n + "O*" for n in range(1, 9)]
    mixed = Formulation(polymers=(copolymer(architecture, *((unit, 0.125) for unit in units)),))
    settings = protocols.load("smoke").system.model_copy(
        update={"ion_pairs": 0, "molality": None, "polymer_mass_g_per_mol": 300.0}
    )
    with pytest.raises(InputError, match=rf"^[^\n]*a {place} of \d units has no room for 8 kinds[^\n]*$"):
        composition(mixed, settings)
    with pytest.raises(ValueError, match="1 is less than 2 shares of at least 1"):
        whole_shares(1, [0.5, 0.5], 1)


@pytest.mark.parametrize(
    ("total", "shares", "least", "expected"),
    [(10, [0.5, 0.5], 0, [5, 5]), (3, [0.9, 0.1], 1, [2, 1]), (2, [0.98, 0.02], 1, [1, 1]), (7, [1 / 3] * 3, 0, None)],
)
def test_shares_in_whole_numbers_add_up(total, shares, least, expected):
    found = whole_shares(total, shares, least)
    assert sum(found) == total
    assert min(found) >= least
    assert expected in (None, found)


def test_a_task_carries_its_formulation_and_counts_it_for_its_identity(tmp_path):
    task = replica_task(mixture("plasticised"), "smoke", "pcff+", 0, 0, 1, tmp_path, 60.0, "lammps")
    again = ReplicaTask.from_dict(json.loads(json.dumps(task.to_dict())))
    assert again == task
    assert identity(again) == json.loads(json.dumps(identity(task)))
    more = made(solvents=[{"smiles": EC, "mass_fraction": 0.21}])
    assert identity(replace(task, formulation=more)) != identity(task)
    plain = replica_task(made(), "smoke", "pcff+", 0, 0, 1, tmp_path, 60.0, "lammps")
    assert plain == replica_task(parse("*CCO*"), "smoke", "pcff+", 0, 0, 1, tmp_path, 60.0, "lammps")
    assert "formulation" not in identity(plain)


def test_a_mixture_gets_a_box_as_large_as_the_cutoff_needs():
    dense = made(polymers=[{"smiles": "*C(F)(F)*"}], solvents=[{"smiles": EC, "mass_fraction": 0.1}])
    settings = boxes.sized(dense, QUICK)
    assert settings.ion_pairs > QUICK.system.ion_pairs
    assert boxes.expected_edge(dense, settings, QUICK) >= boxes.MARGIN * 16


def test_the_order_of_the_units_of_a_random_copolymer_has_no_meaning():
    ways = [[(PEO, 0.7), ("*CC(*)c1ccccc1", 0.3)], [("*CC(*)c1ccccc1", 0.3), (PEO, 0.7)]]
    assert len({Formulation(polymers=(copolymer("random", *units),)).key for units in ways}) == 1


def test_a_liquid_has_no_polymer():
    dme = Formulation.model_validate({"polymers": [], "solvents": [{"smiles": "COCCOC", "mass_fraction": 1.0}]})
    contents = composition(dme, QUICK.system)
    assert (contents.chains, contents.solvents) == ((), (round(QUICK.system.polymer_mass / 90.12),))
    assert dme.title == "COCCOC"
    assert str(contents).startswith("30 solvent molecules")


@pytest.mark.parametrize("shares", [[], [0.5], [0.5, 0.6]])
def test_the_mass_fractions_of_a_liquid_add_up_to_one(shares):
    solvents = [{"smiles": "C" * (n + 2), "mass_fraction": share} for n, share in enumerate(shares)]
    with pytest.raises(ValueError, match="solvents, without a polymer, add up to"):
        Formulation.model_validate({"polymers": [], "solvents": solvents})


def test_a_liquid_can_be_built(tmp_path):
    smoke = protocols.load("smoke").system
    liquid = Formulation.model_validate({"polymers": [], "solvents": [{"smiles": "COCCOC", "mass_fraction": 1.0}]})
    system = builder.build(liquid, smoke, 1, forcefield.load("pcff+"))
    assert [component.role for component in system.components] == ["solvent", "anion", "cation"]
