"""Where OpenMM runs: the fastest platform that works, contexts and integrators on it."""

import ctypes
import ctypes.util
import functools
import math
import os
from typing import Any

from autodisco.process import threads
from autodisco.simulation.protocols import Protocol
from autodisco.simulation.units import GAS_CONSTANT

#: Platforms from the fastest to the slowest; the first that there is does the work.
PLATFORMS = ("CUDA", "HIP", "OpenCL", "CPU")
GPU_PLATFORMS = PLATFORMS[:3]
OPENCL_TYPE_GPU = ctypes.c_uint64(4)  # CL_DEVICE_TYPE_GPU
FRICTION, PRODUCTION_FRICTION = 1.0, 0.1  # 1/ps, with several time steps


@functools.cache
def platform_name() -> str:
    """The platform that runs will use; `AUTODISCO_OPENMM_PLATFORM` names another."""
    import openmm

    if wanted := os.environ.get("AUTODISCO_OPENMM_PLATFORM"):
        return wanted
    there = {openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())}
    return next((name for name in PLATFORMS if name in there and _works(name)), "Reference")


def has_gpu() -> bool:
    """Whether OpenMM finds a GPU that it can use."""
    try:
        return platform_name() in GPU_PLATFORMS
    except ImportError:
        return False


def _works(name: str) -> bool:
    """Whether a platform can take a particle: one may be installed where its hardware is not, or drive no GPU."""
    import openmm

    if name not in GPU_PLATFORMS:
        return True
    probe = openmm.System()
    probe.addParticle(1.0)
    platform = openmm.Platform.getPlatformByName(name)
    try:
        context = openmm.Context(probe, openmm.VerletIntegrator(0.001), platform)
        return name != "OpenCL" or _has_gpus(int(platform.getPropertyValue(context, "OpenCLPlatformIndex")))
    except (openmm.OpenMMException, OSError, AttributeError):  # the last two of a library that cannot be asked
        return False


def _has_gpus(opencl_platform: int) -> bool:
    """Whether an OpenCL implementation, by its index, drives a GPU: some run on CPUs, slower than OpenMM's own way."""
    opencl = ctypes.CDLL(ctypes.util.find_library("OpenCL") or "libOpenCL.so.1")  # OpenMM has loaded it already
    found = (ctypes.c_void_p * (opencl_platform + 1))()
    opencl.clGetPlatformIDs(len(found), found, None)
    gpus = ctypes.c_uint32(0)
    opencl.clGetDeviceIDs(ctypes.c_void_p(found[-1]), OPENCL_TYPE_GPU, 0, None, ctypes.byref(gpus))
    return gpus.value > 0


def context_for(system: Any, integrator: Any) -> Any:
    """A context of an openmm.System on the platform that runs use: mixed precision on a GPU, `threads()` on a CPU."""
    import openmm

    name = platform_name()
    properties = {"Precision": "mixed"} if name in GPU_PLATFORMS else {}
    if name == "CPU":
        properties = {"Threads": str(threads())}
    return openmm.Context(system, integrator, openmm.Platform.getPlatformByName(name), properties)


def integrator_for(protocol: Protocol, temperature: float, outer_ps: float, friction: float = FRICTION) -> Any:
    """Nosé-Hoover chains, or with several time steps Langevin dynamics with `friction` (1/ps)."""
    import openmm

    if protocol.nonbonded.every == 1:
        return openmm.NoseHooverIntegrator(temperature, 1000 / protocol.temperature_damping_fs, outer_ps)
    groups = [(1, 1), (0, protocol.nonbonded.every)]
    return openmm.MTSLangevinIntegrator(temperature, friction, outer_ps, groups)


def limited(temperature: float, timestep: float, longest: float) -> Any:
    """Langevin dynamics in which no coordinate moves by more than `longest` nm in a step."""
    import openmm

    integrator = openmm.CustomIntegrator(timestep)
    friction = 20.0  # 1/ps
    integrator.addGlobalVariable("kT", GAS_CONSTANT * temperature)
    integrator.addGlobalVariable("a", math.exp(-friction * timestep))
    integrator.addGlobalVariable("b", math.sqrt(1 - math.exp(-2 * friction * timestep)))
    integrator.addGlobalVariable("longest", longest)
    integrator.addUpdateContextState()
    integrator.addComputePerDof("v", "a*(v+dt*f/m)+b*sqrt(kT/m)*gaussian")
    integrator.addComputePerDof("v", "max(-longest, min(longest, dt*v))/dt")
    integrator.addComputePerDof("x", "x+dt*v")
    return integrator


def set_temperature(integrator: Any, temperature: float) -> None:
    """Change the temperature (K) of a thermostat."""
    import openmm

    if isinstance(integrator, openmm.NoseHooverIntegrator):
        integrator.setTemperature(temperature)
    else:
        integrator.setGlobalVariableByName("kT", GAS_CONSTANT * temperature)
