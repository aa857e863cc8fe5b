"""Mixtures on the command line: flags make the formulation that a file would hold, and wrong ones are refused."""

from pathlib import Path

import pytest

from autodisco.cli.mixture import Flags, subject
from autodisco.errors import InputError
from autodisco.files import read_json
from autodisco.polymer import parse
from autodisco.simulation import protocols
from autodisco.simulation.forcefield import ions
from autodisco.simulation.formulation import Formulation
from tests.simulation.mixtures import EC, MIXTURES, PEO, PPO, mixture

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
AS_FLAGS = {
    "blend": Flags(blend=[f"{PPO}:0.5"]),
    "random copolymer": Flags(comonomer=["*CC(*)c1ccccc1:0.3"]),
    "plasticised": Flags(solvent=[f"{EC}:0.2"]),
    "two salts": Flags(salt=["LiTFSI", "NaPF6"]),
    "magnesium": Flags(salt=["Mg(TFSI)2"]),
    "no salt": Flags(no_salt=True),
}


@pytest.mark.parametrize("name", MIXTURES)
def test_flags_make_the_formulation_of_a_file(name):
    assert subject(PEO, AS_FLAGS[name]) == mixture(name)


def test_without_flags_there_is_a_repeat_unit():
    assert subject("*COC*", Flags()) == parse(PEO)


def test_the_text_of_a_material_is_its_formulation():
    wet = subject("*OCC*.O=C1OCCO1|plasticised|0.2", Flags())
    assert wet.key == subject("*OCC*", Flags(solvent=["O=C1OCCO1:0.2"])).key
    assert subject("*OCC*.*OCOC*|alternating", Flags()) == parse("*OCCOCOC*")
    with pytest.raises(InputError, match="--solvent goes with a repeat unit"):
        subject("*OCC*.*CC*|random|0.5", Flags(solvent=["O=C1OCCO1:0.2"]))


def test_an_ion_file_can_be_named():
    made = subject(PEO, Flags(salt=["LiTFSI:3", "LiBOB"], ion=[EXAMPLES / "libob.toml"]))
    assert isinstance(made, Formulation)
    assert made.title == "*CCO*; LiTFSI + LiBOB (3:1)"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (Flags(blend=[PPO]), r"--blend \*OCC\(C\)\*: SMILES:FRACTION expected"),
        (Flags(blend=[f"{PPO}:1.5"]), "with a fraction between 0 and 1"),
        (Flags(blend=[f"{PPO}:0.5", "*CC*:0.5"]), "--blend: the fractions add up to 1, which leaves nothing"),
        (Flags(blend=["OCC:0.5"]), "--blend: 'OCC' has 0 attachment points"),
        (Flags(solvent=["[Li+]:0.5"]), "--solvent: .* is not the SMILES of one neutral molecule"),
        (Flags(salt=["LiBOB"]), "--salt: salt 'LiBOB' does not exist"),
        (Flags(blend=[f"{PPO}:0.5"], salt=["LiFOO"]), "^--salt: salt 'LiFOO' does not exist"),
        (Flags(blend=[f"{PPO}:0.5"], salt=["LiTFSI", "LiTFSI"]), "^--salt: salt LiTFSI is named twice"),
        (Flags(blend=[f"{PPO}:0.25", f"{PPO}:0.25"]), "^--blend: .* is named twice"),
        (Flags(blend=[f"{PPO}:0.5"], solvent=["O:0.5", "CO:0.5"]), "^--solvent: the mass fractions of the solvents"),
        (Flags(blend=[f"{PPO}:0.5"], ion=[EXAMPLES / "libob.toml"]), "^--ion: ion 'BOB' is part of no salt"),
        (Flags(blend=[f"{PPO}:0.5"], no_salt=True, molality=1.0), "^--molality: molality and mole_ratio"),
        (Flags(blend=[f"{PPO}:0.5"], molality=-1.0), "^--molality -1.0: allowed is greater than or equal to 0.01"),
        (Flags(salt=["LiTFSI"], ion=[ions.SHIPPED / "TFSI.toml"]), "^--ion .*: autodisco has an ion 'TFSI' already"),
        (Flags(salt=["LiBOB"], ion=[EXAMPLES / "libob.toml"] * 2), "^--ion .*: another file holds an ion 'BOB'"),
        (Flags(salt=["LiTFSI:none"]), "--salt LiTFSI:none: NAME or NAME:RATIO expected"),
        (Flags(salt=["LiTFSI:nan"]), "--salt LiTFSI:nan: NAME or NAME:RATIO expected"),
        (Flags(salt=["LiTFSI:inf"]), "--salt LiTFSI:inf: NAME or NAME:RATIO expected"),
        (Flags(salt=["LiTFSI"], no_salt=True), "--no-salt and --salt exclude each other"),
        (Flags(architecture="block"), "--architecture needs a second unit: --comonomer"),
        (Flags(comonomer=[f"{PPO}:0.5"], architecture="comb"), '--architecture "comb": allowed is'),
        (Flags(comonomer=[f"{PPO}:0.2"], architecture="alternating"), "alternating copolymer have equal fractions"),
        (Flags(salt=["LiTFSI"], ion=[Path("no.toml")]), "ion file no.toml cannot be read"),
    ],
)
def test_wrong_flags_are_refused_with_their_name(flags, said):
    with pytest.raises(InputError, match=said):
        subject(PEO, flags)


@pytest.mark.parametrize("smiles", ["C1CC", "C(", "[Zz]"])
def test_nothing_but_the_error_is_printed_for_a_wrong_solvent(capfd, smiles):
    with pytest.raises(InputError, match="is not the SMILES of one neutral molecule"):
        subject(PEO, Flags(solvent=[f"{smiles}:0.2"]))
    assert capfd.readouterr() == ("", "")


def test_flags_beside_a_file_are_refused():
    with pytest.raises(InputError, match="--no-salt goes with a repeat unit"):
        subject(str(EXAMPLES / "plasticised.toml"), Flags(no_salt=True))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--salt", "LiTFSI"], "the formulation has to give molality beside salts"),
        (["--solvent", f"{EC}:0.999"], "the solvents are heavier than polymers and solvents together may be"),
    ],
)
def test_what_a_protocol_has_no_room_for_is_refused_before_any_worker_starts(call, here, more, said):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "neat"')
    text = text.replace("ion_pairs = 1\nmolality = 1.5", "ion_pairs = 0\npolymer_mass_g_per_mol = 400")
    (here / "neat.toml").write_text(text)
    found = call("simulate", PEO, *more, "--protocol", "neat.toml", "--replicas", "1", "--engine", "lammps")
    assert found.code == 2
    assert said in found.err.splitlines()[-1]
    assert list(here.rglob("task.json")) == []


def test_simulate_takes_a_formulation_file(call, here):
    said = call(
        "simulate", str(EXAMPLES / "plasticised.toml"), "--protocol", "smoke", "--replicas", "1", "--engine", "lammps",
        "--write-only", "out",
    )  # fmt: skip
    assert said.code == 0, said.err
    system = read_json(here / "out" / "0" / "system.json")
    assert {part["name"]: part["role"] for part in system["components"]} == {
        "*CCO*": "polymer", EC: "solvent", "TFSI": "anion", "Li": "cation", "BOB": "anion",
    }  # fmt: skip
    assert system["salts"] == {"LiTFSI": 1, "LiBOB": 1}
