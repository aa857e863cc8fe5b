"""The environment variables `AUTODISCO_…`: those of settings, and those that are none."""

import difflib
import os
from collections.abc import Iterable, Mapping

from autodisco.campaign.settings import Settings

PREFIX = "AUTODISCO_"

OTHER_VARIABLES = {
    "AUTODISCO_RUNS": "folder of the campaigns; default: `runs` in the working directory",
    "AUTODISCO_SLOTS": "folder by which campaigns share the cores of a machine; default: one of the user in `/var/tmp`",
    "AUTODISCO_OPENMM_PLATFORM": "platform of OpenMM, such as `CPU` or `CUDA`; default: the fastest one",
    "AUTODISCO_PROGRESS_S": "seconds between two looks at a run for which its progress is written",
    "AUTODISCO_REFERENCE": "folder of published reference data, for tests and benchmarks",
    "AUTODISCO_THREADS": "threads of an engine; set by the program for the process of a replica",
    "AUTODISCO_JOB_STARTED": "start of a job of a batch system; set by the program for pilots",
}
"""Variables that are not settings of a campaign, with what they mean."""


def variable_of(key: str) -> str:
    """The variable of a setting, given by its dotted key."""
    return f"{PREFIX}{key.replace('.', '_').upper()}"


def unknown_variables(environment: Mapping[str, str], keys: Iterable[str]) -> list[str]:
    """Variables that look like those of this program and mean nothing, each as a sentence with the nearest one that
    does; `keys` are those of the settings."""
    known = {variable.removeprefix(PREFIX): variable for variable in (*map(variable_of, keys), *OTHER_VARIABLES)}
    given = sorted(name.removeprefix(PREFIX) for name in environment if name.startswith(PREFIX))
    return [_sentence(name, known) for name in given if name not in known]


def unknown_here(settings: Settings) -> list[str]:
    """The same of the environment of this process, for a campaign with these settings."""
    return unknown_variables(os.environ, {*Settings(name="x").flat(), *settings.flat()})


def _sentence(name: str, known: Mapping[str, str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    instead = f"settings are {PREFIX}<TABLE>_<KEY>, such as {PREFIX}SIMULATION_WORKERS"
    instead = f"did you mean {known[close[0]]}?" if close else instead
    return f"{PREFIX}{name}: unknown variable in the environment; {instead}"
