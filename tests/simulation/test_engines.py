"""Which engine is taken."""

import pytest

from autodisco.errors import InputError
from autodisco.simulation import engines


@pytest.mark.parametrize(("gpu", "taken"), [(True, "openmm"), (False, "lammps")])
def test_auto_takes_openmm_where_there_is_a_gpu(monkeypatch, gpu, taken):
    monkeypatch.setattr("autodisco.simulation.engines.openmm.has_gpu", lambda: gpu)
    assert engines.resolved("auto") == taken
    assert engines.resolved("lammps") == "lammps"
    assert engines.load("auto") is engines.load(taken)


def test_an_engine_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="engine 'gromacs' does not exist"):
        engines.load("gromacs")
