"""Boxes for other programs from Python."""

import MDAnalysis
import pytest

import autodisco
from autodisco.errors import InputError


def test_a_box_is_written_and_another_program_reads_it(tmp_path):
    found = autodisco.build("*OCC*", tmp_path / "box", ("pdb",), protocol="smoke", seed=3)
    assert found.files[0] == tmp_path / "box" / "box.pdb"
    universe = MDAnalysis.Universe(str(found.files[0]))
    assert len(universe.atoms) == found.atoms == found.to_dict()["atoms"]
    assert universe.dimensions[:3] == pytest.approx(found.box.system.box, abs=1e-2)
    assert found.to_dict()["seed"] == 3
    assert found.left_out == {}


def test_what_cannot_be_written_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="xyz: allowed are lammps"):
        autodisco.build("*OCC*", tmp_path / "box", ("xyz",))
    with pytest.raises(InputError, match="belongs to a new box"):
        autodisco.build(tmp_path, tmp_path / "box", protocol="quick")
    assert not (tmp_path / "box").exists()
