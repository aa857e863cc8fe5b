"""The tables [simulation] and [[tier]] of a campaign file."""

from typing import Annotated, Literal

from pydantic import Field

from autodisco.decide.promotion import SHORT_PER_LONG
from autodisco.section import Amount, Count, Minutes, Positive, Section


class Simulation(Section):
    """How a candidate is judged."""

    protocol: str = "quick"
    """A shipped protocol, such as `quick`, or the path of a protocol file."""
    engine: str = "auto"
    """Name of an engine, or path/to/file.py:class; `auto` is OpenMM if it finds a GPU, otherwise LAMMPS."""
    force_field: str = "pcff+"
    """Name of a force field, or path/to/file.py:class."""
    replicas: Positive = 2
    """Independent builds of each polymer."""
    reference_replicas: Count = 0
    """Builds of the reference, with which every polymer is compared; 0 for four times `simulation.replicas`."""
    workers: Count = 0
    """Replicas at a time; 0 for as many as there are cores for, or `replicas_per_gpu` on each GPU."""
    threads: Positive = 1
    """Cores of one replica; more are worthwhile for boxes of thousands of atoms."""
    folder: str = ""
    """Folder on a disk that all machines see, relative to the campaign file: replicas lie in a folder of it with the
    name of the campaign, the database stays in the campaign folder. Empty: everything in the campaign folder."""
    timeout_minutes: Minutes = 15.0
    """Time limit of one replica."""
    stalled_minutes: Amount = 10.0
    """A replica without progress for this long is ended and started anew; 0 for never."""
    keep: Literal["all", "ions", "none"] = "all"
    """What stays of the trajectory of a replica once its value is recorded: `all` of it, the positions of the `ions`,
    or `none`; files that only the engine needs go with it ([disk](reliability.md#disk))."""
    keep_failed_days: Amount = 0.0
    """Days after which the folder of a failed replica is removed; 0 for never."""
    least_free_disk_gb: Amount = 1.0
    """No replica starts with less free space on the disk of its folder, or on that of the campaign folder."""
    least_free_memory_gb: Amount = 0.5
    """No replica starts with less free memory."""
    retries: Count = 1
    """New starts of a replica that failed."""
    most_failed: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the polymers of an iteration that may have no value. Above it, and with three or more such polymers, the
    campaign stops and says what they have in common. 1 for no limit."""


class Tier(Section):
    """A protocol at which polymers are simulated. Tables `[[tier]]`, the cheapest first, take the place of
    `simulation.protocol`, `simulation.replicas` and `simulation.reference_replicas`."""

    protocol: str
    """A shipped protocol, or the path of a protocol file."""
    replicas: Positive = 2
    """Independent builds that a polymer gets at most. At the first tier every polymer gets them."""
    reference_replicas: Count = 0
    """Builds of the reference; 0 for four times `replicas` at the first tier, and for `replicas` at the others."""
    timeout_minutes: Amount = 0.0
    """Time limit of one replica; 0 for `simulation.timeout_minutes`, times as much longer as a build is estimated to
    take than one of the first tier."""
    builds_below: Positive = SHORT_PER_LONG
    """Builds of the tier below for each build here; without a meaning for the first tier."""


FROM_FIRST_TIER = ("protocol", "replicas", "reference_replicas")
"""Keys of `simulation` that are those of the first tier."""
