"""Boxes for other programs and polymers in other notations, on the command line."""

import json
from pathlib import Path

import pytest

ALKANES = f"{Path(__file__).parents[2]}/docs/examples/force_field.py:Alkanes"


def test_a_box_is_written_in_all_formats_that_can_express_it(call, tmp_path):
    said = call("build", "{[][<]CCO[>][]}", "--protocol", "smoke", "--out", tmp_path / "box")
    assert said.code == 0
    names = [Path(line).relative_to(tmp_path / "box").as_posix() for line in said.out.splitlines()]
    openmm = [f"openmm/{name}" for name in ("system.xml", "state.xml", "topology.cif", "run.py")]
    lammps = ["lammps/system.data", "lammps/in.lammps"]
    assert names == [*lammps, *openmm, "box.pdb", "box.cif", "energies.json"]
    assert all((tmp_path / "box" / name).stat().st_size for name in names)
    assert "gromacs is left out: GROMACS cannot express this force field" in said.err
    assert "160 atoms, at low density, to be equilibrated" in said.err
    energies = json.loads((tmp_path / "box" / "energies.json").read_text())
    assert energies["total"] == pytest.approx(sum(energies["parts"].values()))
    assert (energies["monomer_smiles"], energies["force_field"], energies["seed"]) == ("*CCO*", "pcff+", 1)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["*OCC*", "--format", "xyz"], "--format xyz: allowed are lammps, openmm, gromacs, pdb, cif"),
        (["*OCC*", "--protocol", "smoke", "--format", "gromacs"], "write lammps or openmm instead"),
        ([".", "--no-salt"], "--no-salt belongs to a new box"),
        ([".", "--protocol", "quick"], "--protocol belongs to a new box"),
        (["."], "not the folder of a replica"),
        (["{[]CC,CCO,CC(C)[]}"], "has 3 repeat units"),
        (["*OCC"], "has 1 attachment point"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_line(call, here, arguments, complaint):
    said = call("build", *arguments, "--out", "box")
    assert said.code == 2
    assert complaint in said.err
    assert said.err.count("\n") == 1
    assert not (here / "box").exists()


def test_check_shows_both_notations_and_says_what_a_bigsmiles_leaves_open(call):
    said = call("check", "{[$]CC(C)[$]}", "*OCC*")
    assert "[*]CCO[*]" in said.out
    assert "{[][<]CCO[>][]}" in said.out
    assert said.err.count("units may be turned in this BigSMILES; read as head to tail") == 1
    (first, second) = call("check", "{[$]CC(C)[$]}", "*CC(C)*", "--json").json
    assert first["key"] == second["key"]
    assert first["bigsmiles"] == "{[][<]C(C)C[>][]}"
    assert second["notes"] == []


def test_files_of_polymers_may_hold_bigsmiles(call, tmp_path):
    (tmp_path / "list.txt").write_text("{[][<]CCO[>][]}\n*OCC*\n[*]CC[*]\n{[]CC[]}\n")
    (tmp_path / "table.csv").write_text('smiles,name\n"{[][<]CCO[>][]}",a\n*COC*,b\n')
    for name, sizes in (("list.txt", [2, 2]), ("table.csv", [2])):
        groups = call("dedupe", tmp_path / name, "--workers", "1", "--json").json["groups"]
        assert [group["count"] for group in groups] == sizes
