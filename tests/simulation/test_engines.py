"""Which engine is taken."""

import pytest

from autodisco.errors import InputError
from autodisco.simulation import engines


@pytest.mark.parametrize(("gpu", "taken"), [(True, "openmm"), (False, "lammps")])
def test_auto_takes_openmm_where_there_is_a_gpu(monkeypatch, gpu, taken):
    monkeypatch.setattr("autodisco.simulation.engines.openmm_platform.has_gpu", lambda: gpu)
    assert engines.resolved("auto") == taken
    assert engines.resolved("lammps") == "lammps"
    assert type(engines.load("auto")) is type(engines.load(taken))


def test_an_engine_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="engine 'gromacs' does not exist"):
        engines.load("gromacs")


def test_opencl_on_a_cpu_is_no_gpu():
    openmm = pytest.importorskip("openmm")
    try:
        opencl = openmm.Platform.getPlatformByName("OpenCL")
        probe = openmm.System()
        probe.addParticle(1.0)
        context = openmm.Context(probe, openmm.VerletIntegrator(0.001), opencl)
    except openmm.OpenMMException:
        pytest.skip("no OpenCL here")
    if opencl.getPropertyValue(context, "OpenCLPlatformName") != "Portable Computing Language":
        pytest.skip("not the OpenCL that runs on CPUs")
    assert engines.resolved("auto") == "lammps"
