"""A campaign as the stages see it: its settings, its folder, its randomness, and whether somebody wants it to stop."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydantic

from autodisco.campaign.settings import FILE_KEYS, Settings, differences
from autodisco.campaign.settings_file import read_settings, settings_error, write_settings
from autodisco.decide import Objective, objective_named
from autodisco.errors import InputError, NoCampaign
from autodisco.files import sha256, write_atomic
from autodisco.store import Store

if TYPE_CHECKING:
    from autodisco.simulation.protocols import Protocol

STAGE_NUMBERS = {"prepare": 0, "generate": 1, "filter": 2, "simulate": 3, "acquire": 4, "retrain": 5, "metrics": 6}
"""Part of every seed: never renumber, or old campaigns would not reproduce."""

PROTOCOL_COPY = "protocol.toml"
"""A protocol of the user's own, so that the folder can go on without the file that it came from."""


def never() -> bool:
    """Nobody interrupts."""
    return False


def silent(_: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Campaign:
    """What a stage is told.

    Attributes
    ----------
    settings : Settings
    folder : Path
        The campaign folder.
    interrupted : callable
        Whether to leave work at the next safe point, by raising `states.Interrupted`. Stages ask it often.
    say : callable
        Takes one line for a person who watches.
    """

    settings: Settings
    folder: Path
    interrupted: Callable[[], bool] = never
    say: Callable[[str], None] = silent

    @cached_property
    def objective(self) -> Objective:
        """What the campaign looks for."""
        return objective_named(self.settings.objective.name)

    def seed(self, iteration: int, stage: str, *parts: int | str) -> int:
        """A seed below 2³¹ for one piece of work, from campaign seed, iteration, stage and parts.

        Parts are polymer keys and numbers. It depends on nothing else, in particular not on the order of the work.
        """
        numbers = [int(part, 16) if isinstance(part, str) else part for part in parts]
        sequence = np.random.SeedSequence(self.settings.seed, spawn_key=(iteration, STAGE_NUMBERS[stage], *numbers))
        return int(sequence.generate_state(1)[0] >> 1)

    def model_path(self, number: int) -> Path:
        """File of model `number`; model 0 is trained on the seeds."""
        return self.folder / "models" / f"{number}.safetensors"


def load(file: Path, runs: Path | None = None) -> Campaign:
    """The campaign of a file, in ``<runs>/<name>``; checks everything that can be checked before work begins.

    `runs` is by default the environment's ``AUTODISCO_RUNS``, or ``runs`` in the working directory.

    Raises
    ------
    InputError
        The file or its seed file is wrong, names a protocol or force field that does not exist, or differs from what
        the campaign in the folder was started with in more than its budget, saturation rule, workers or timeout.
    """
    from autodisco.campaign.notify import check_notify

    settings = read_settings(file)
    folder = (runs or Path(os.environ.get("AUTODISCO_RUNS", "runs"))) / settings.name
    if runs is None and "AUTODISCO_RUNS" not in os.environ:
        _check_not_elsewhere(file, folder)
    try:
        with Store.open_readonly(folder) as store:
            begun = store.get("settings") is not None
            if begun:
                # Where the file does not say what is counted, a campaign keeps the rule that it was begun with.
                settings = read_settings(file, count=settings_of(store).saturation.count)
                _check_unchanged(file, settings, store)
    except NoCampaign:
        begun = False
    if not begun:
        check(file, settings)
    check_notify(str(file), settings.notify.command, settings.notify.apprise)
    return Campaign(settings, folder)


def open_folder(folder: Path) -> Campaign:
    """The campaign in a folder, with the settings it was started with, also where the folder came from elsewhere.

    Raises NoCampaign where there is none, InputError where its protocol is no longer what it was.
    """
    with Store.open_readonly(folder) as store:
        if store.get("settings") is None:
            raise NoCampaign(f"{folder}: this campaign was never set up; run its campaign file")
        settings = with_inputs_of(folder, with_protocol_of(folder, settings_of(store)))
        check_protocol(str(folder), settings, store)
    return Campaign(settings, folder)


def settings_of(store: Store) -> Settings:
    """Settings as stored. Raises InputError where this program cannot use them.

    A program that did not store what the saturation rule counts counted strings, and took an action listed twice.
    """
    stored = store.get("settings") or {}
    rule = {"count": "strings", **stored.get("saturation", {})}
    rule["escape"] = list(dict.fromkeys(rule.get("escape", [])))
    try:
        return Settings.model_validate({**stored, "saturation": rule})
    except pydantic.ValidationError as error:
        raise InputError(f"{store.folder / 'state.db'}: {settings_error(error)}") from None


def with_protocol_of(folder: Path, settings: Settings) -> Settings:
    """The settings with the copy in the campaign folder of a protocol of the user's own, where its file is gone."""
    protocol, kept = Path(settings.simulation.protocol), folder / PROTOCOL_COPY
    if protocol.suffix != ".toml" or protocol.is_file() or not kept.is_file():
        return settings
    simulation = settings.simulation.model_copy(update={"protocol": str(kept.absolute())})
    return settings.model_copy(update={"simulation": simulation})


def input_copy(folder: Path, key: str, path: str) -> Path:
    """Where an archive of a campaign folder holds a file that its settings name (`FILE_KEYS`)."""
    return folder / "inputs" / (key.partition(".")[2] + "".join(Path(path).suffixes))


def with_inputs_of(folder: Path, settings: Settings) -> Settings:
    """The settings with the copies of their files that came with an archive of the campaign folder, where it did."""
    found = {}
    for key in FILE_KEYS:
        path = settings.flat()[key]
        if path and (copy := input_copy(folder, key, path)).is_file():
            found[key.partition(".")[2]] = str(copy.absolute())
    return settings.model_copy(update={"seeds": settings.seeds.model_copy(update=found)}) if found else settings


def check(file: Path, settings: Settings) -> None:
    """Look at everything a campaign needs, before it begins.

    Raises InputError for what does not exist or cannot be read, AutodiscoError where LAMMPS is missing.
    """
    from autodisco.campaign.seeds import read_seeds
    from autodisco.generator import GENERATORS, read_dataset
    from autodisco.polymer import parse
    from autodisco.simulation import engines, forcefield, protocols

    for key, look in (
        ("objective.name", lambda: objective_named(settings.objective.name).check()),
        ("simulation.protocol", lambda: _check_ions(settings, protocols.load(settings.simulation.protocol))),
        ("simulation.force_field", lambda: forcefield.load(settings.simulation.force_field)),
        ("acquire.reference", lambda: parse(settings.acquire.reference)),
        ("generator", lambda: GENERATORS.get(settings.generator.kind).check(settings.generator)),
    ):
        try:
            look()
        except InputError as error:
            raise InputError(f"{file}: {key}: {error}") from None
    engines.load(settings.simulation.engine).check()
    if settings.seeds.file:
        read_seeds(Path(settings.seeds.file), objective_named(settings.objective.name))
    if settings.seeds.dataset:
        read_dataset(Path(settings.seeds.dataset))


def _check_ions(settings: Settings, protocol: "Protocol") -> None:
    objective = objective_named(settings.objective.name)
    if objective.needs_ions and not protocol.system.ion_pairs:
        raise InputError(f"protocol {protocol.name} has no salt, and the campaign ranks by {objective.name}")


def set_up(campaign: Campaign, store: Store) -> bool:
    """Write the settings into the database, at first or because they changed; `write_copies` comes after the commit.

    Returns whether a campaign that had ended may now go on: its budget or its saturation rule is another.
    """
    settings = campaign.settings
    before = store.get("settings")
    changed: dict[str, Any] = {}
    facts = facts_of(settings)
    with store.transaction():
        if before is None:
            store.set(state="prepare", iteration=0, reason="", started=time.time(), ended=None, active_s=0.0)
            store.note("begin", settings.name, {"seed": settings.seed}, "prepare", "a new campaign")
        else:
            old = settings_of(store).flat()
            changed = {key: value for key, value in settings.flat().items() if value != old.get(key)}
        if changed:
            store.note("settings", settings.name, changed, "go on with these", "the campaign file was changed")
        if before is not None and store.get("engine") != facts["engine"]:
            engines = {"before": store.get("engine"), "now": facts["engine"]}
            store.note(
                "engine", settings.name, engines, "go on with it", "what this machine has; energies are the same"
            )
        store.set(settings=settings.model_dump(), **facts)
    return any(key.startswith(("budget.", "saturation.")) for key in changed)


def write_copies(campaign: Campaign) -> None:
    """Write ``campaign.toml`` and the protocol into the folder, copies of what the database says.

    Each start does, so that the next one mends what a process left that was killed before.
    """
    write_atomic(campaign.folder / "campaign.toml", write_settings(campaign.settings))
    protocol = Path(campaign.settings.simulation.protocol)
    if protocol.is_file() and protocol.absolute() != (campaign.folder / PROTOCOL_COPY).absolute():
        write_atomic(campaign.folder / PROTOCOL_COPY, protocol.read_bytes())


def facts_of(settings: Settings) -> dict[str, Any]:
    """What readers of the store want to know of the settings."""
    from autodisco.polymer import parse
    from autodisco.simulation import engines, protocols
    from autodisco.simulation.executors import filling_workers

    simulation = settings.simulation
    protocol = protocols.load(simulation.protocol)
    return {
        "name": settings.name,
        "seed": settings.seed,
        "protocol": protocol.name,
        "protocol_content": protocol.content(),
        "build_scatter": protocol.scatter.model_dump(),
        "force_field": simulation.force_field,
        "engine": engines.resolved(simulation.engine),
        "replicas": simulation.replicas,
        "workers": simulation.workers or filling_workers(simulation.threads),
        "batch_size": settings.generate.batch_size,
        "budget": settings.budget.model_dump(),
        "reference_key": parse(settings.acquire.reference).key,
    }


def check_protocol(where: str, settings: Settings, store: Store) -> None:
    """Raise InputError where the protocol is no longer what it was: values of two protocols must not mix."""
    from autodisco.simulation import protocols

    if not protocols.load(settings.simulation.protocol).is_same_as(store.get("protocol_content")):
        raise InputError(
            f"{where}: simulation.protocol = {settings.simulation.protocol!r} is not what it was when the campaign in "
            f"{store.folder} was started; give the campaign another name"
        )


def _check_not_elsewhere(file: Path, folder: Path) -> None:
    """Raise InputError where a campaign of this file was begun beside it, and a second one would be begun here.

    ``runs`` is taken from the working directory, which is another one in a crontab.
    """
    beside = file.parent / folder
    if (beside / "state.db").is_file() and not (folder / "state.db").is_file():
        raise InputError(
            f"{file}: its campaign was begun in {beside.absolute()}, and would be begun again in {folder.absolute()}; "
            f"run it from {file.parent.absolute()}, or say where campaigns are with AUTODISCO_RUNS"
        )


def _check_unchanged(file: Path, settings: Settings, store: Store) -> None:
    for key, (old, new) in differences(settings_of(store), settings).items():
        raise InputError(
            f"{file}: {key} = {new!r}, but the campaign in {store.folder} was started with {old!r}; "
            "take that value, or give the campaign another name"
        )
    check_protocol(str(file), settings, store)
    hashes = store.get("file_hashes")
    for key in FILE_KEYS if hashes is not None else ():
        path = settings.flat()[key]
        if (sha256(Path(path)) if path else None) != hashes.get(key):
            raise InputError(
                f"{file}: {key} = {path!r} is not the file that the campaign in {store.folder} was started with; "
                "give the campaign another name"
            )
