"""What can be found before a campaign works: everything that is wrong or will make it wait, without changing anything.

An *error* keeps it from starting. With a *warning* it starts, and waits or goes on without what is missing.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autodisco.campaign.architecture import reference_of
from autodisco.campaign.batch_system import NONE, batch_system
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.campaign_file import Look, looks
from autodisco.campaign.cost import seeds_by_label
from autodisco.campaign.notify import check_notify
from autodisco.campaign.room import lack_of_room
from autodisco.campaign.running import at_hand, executor_of, serving
from autodisco.campaign.seeds import usable_seeds
from autodisco.campaign.settings import Settings
from autodisco.campaign.shared import require_local_disk, shared_folder
from autodisco.campaign.variables import unknown_here
from autodisco.errors import AutodiscoError, InputError, NoCampaign, OwnedError
from autodisco.files import nearest_existing
from autodisco.machine import cores
from autodisco.polymer import flags_of
from autodisco.store import Record, Store, list_campaigns, live_owner
from autodisco.text import counted, joined

MOST_WEAK = 10
"""Seeds with weak bonds that are named."""


@dataclass(frozen=True)
class Finding(Record):
    """What was looked at, whether it is ``ok``, a ``warning`` or an ``error``, and what was found."""

    what: str
    level: Literal["ok", "warning", "error"]
    found: str


def examine(campaign: Campaign, file: Path) -> list[Finding]:
    """Look at all that a campaign needs, also where something is wrong already. `file` is named in errors.

    What a campaign that has begun has read already is not looked at again; an engine that is missing only makes it
    wait.
    """
    settings = campaign.settings
    begun, loaded = _begun(campaign)
    needed = [
        look
        for look in looks(file, settings)
        if not loaded or look[0] not in ("seed file", "data set", "measured values")
    ]
    firm: list[Look] = [
        ("campaign folder", lambda: _place(campaign, begun)),
        ("other process", lambda: _owner(campaign)),
        *needed,
        ("shared folder", lambda: _shared(settings)),
        ("notifications", lambda: _notify(file, settings)),
    ]
    loose: list[Look] = [
        ("executor", lambda: _executor(campaign)),
        *_quick(campaign),
        ("other campaigns", lambda: _others(campaign)),
        *([("seeds with weak bonds", lambda: _weak(campaign))] if settings.seeds.file else []),
    ]
    found = [_finding(look, "warning" if begun and look[0].startswith("engine") else "error") for look in firm]
    return _each_once(found + [_finding(look, "warning") for look in loose])


def _each_once(found: list[Finding]) -> list[Finding]:
    """The findings, where each mistake is told once: what could not be looked at because of it is only a warning."""
    kept: list[Finding] = []
    for row in found:
        cause = next((other for other in kept if other.level == "error" and row.found in other.found), None)
        told = (
            Finding(row.what, "warning", f"not looked at before the mistake of {cause.what} is mended")
            if cause
            else row
        )
        kept.append(told)
    return kept


def warnings(campaign: Campaign) -> list[str]:
    """What a person should know at the start of a campaign, one line each: it goes on without it, or waits for it."""
    notify: Look = ("notifications", lambda: _notify(campaign.folder, campaign.settings))  # files may be elsewhere now
    found = (_finding(look, "warning") for look in [*_quick(campaign), notify])
    return [row.found for row in found if row.level == "warning"]


def _quick(campaign: Campaign) -> list[Look]:
    """What every start looks at."""
    return [
        ("GPUs", lambda: _cards(campaign.settings)),
        ("room", lambda: _room(campaign)),
        ("variables", lambda: _variables(campaign.settings)),
        *([("repeated seeds", lambda: _repeated(campaign))] if campaign.settings.seeds.file else []),
        *([("seeds without a value", lambda: _unlabelled(campaign))] if campaign.settings.seeds.file else []),
    ]


def _finding(look: Look, level: Literal["warning", "error"]) -> Finding:
    what, see = look
    try:
        return Finding(what, "ok", see())
    except (AutodiscoError, OSError) as error:
        return Finding(what, level, str(error))


def _begun(campaign: Campaign) -> tuple[bool, bool]:
    """Whether a campaign has begun, and whether it has read its files."""
    try:
        with Store.open_readonly(campaign.folder) as store:
            return store.get("settings") is not None, bool(store.get("loaded"))
    except NoCampaign:
        return False, False


def _place(campaign: Campaign, begun: bool) -> str:
    """Raises InputError where the campaign folder cannot lie there or cannot be written."""
    folder = campaign.folder.absolute()
    require_local_disk(folder)
    existing = nearest_existing(folder)
    if not os.access(existing, os.W_OK | os.X_OK) or not existing.is_dir():
        raise InputError(
            f"{existing}: cannot be written to; change its rights, or choose another folder with AUTODISCO_RUNS"
        )
    return f"{folder}, {'goes on' if begun else 'a new campaign'}"


def _owner(campaign: Campaign) -> str:
    """Raises OwnedError where a live process runs the campaign."""
    try:
        with Store.open_readonly(campaign.folder) as store:
            owner = live_owner(store.facts(), store.folder)
    except NoCampaign:
        owner = None
    if owner:
        raise OwnedError(
            f"{campaign.folder}: this campaign is run by {owner}, which is alive; stop it first (autodisco stop)"
        )
    return "none runs it"


def _shared(settings: Settings) -> str:
    """Raises InputError where replicas cannot lie where the settings say."""
    if not (given := settings.simulation.folder):
        return "none (replicas lie in the campaign folder)"
    where = f"simulation.folder = {given!r}"
    if not Path(given).is_dir():
        raise InputError(f"{where}: there is no such folder; make it, or mount its disk")
    if not os.access(given, os.W_OK):
        raise InputError(f"{where}: cannot be written to; change its rights, or choose another folder")
    return given


def _notify(file: Path, settings: Settings) -> str:
    """Raises AutodiscoError where a program or a file of addresses is not there."""
    check_notify(str(file), settings.notify.command, settings.notify.apprise)
    channels = [name for name in ("command", "apprise", "ping") if getattr(settings.notify, name)]
    return joined(channels) or "none"


def _executor(campaign: Campaign) -> str:
    """Raises AutodiscoError where the executor would have to wait: without its queue or its batch system."""
    settings, executor = campaign.settings, serving(campaign.settings, campaign.folder)
    told = f"{settings.executor.kind}, {counted(executor.workers, 'replica')} at a time"
    hands = at_hand(settings, executor)
    if hands and hands.replicas < executor.workers:
        raise AutodiscoError(
            f"{told}, more than there is room for ({hands.told}): they take turns; simulation.workers = 0 fills it"
        )
    if executor.here:
        return f"{told}, {counted(executor.threads, 'core')} each of {cores()}"
    if place := executor.place:
        existing = nearest_existing(place)
        if not existing.is_dir() or not os.access(existing, os.W_OK):
            raise InputError(
                f"{existing}: cannot be written to, and the queue folder lies there; "
                "change its rights, or executor.options.queue"
            )
    if settings.executor.kind != "psij":
        return told
    ok, found = batch_system()
    if not ok or found == NONE:
        raise AutodiscoError(f"executor psij: batch system: {found}")
    return f"{told}; {found}"


def _cards(settings: Settings) -> str:
    """Raises InputError for GPUs that are not there, and for several replicas on a card that would take turns."""
    from autodisco.simulation.executors.cards import MPS, has_mps, missing_cards

    options = settings.executor.options if executor_of(settings).here else {}
    given, each = options.get("gpus"), options.get("replicas_per_gpu", 1)
    if missing := missing_cards(given or []):
        raise InputError(f"executor.options.gpus: nvidia-smi does not list {joined(missing)}; leave them out")
    if each > 1 and not has_mps():
        raise InputError(
            f"executor.options.replicas_per_gpu = {each}: {MPS} is not on the PATH; without it replicas take turns "
            "on a card and are slower together than one alone: install it with NVIDIA's driver, or use 1"
        )
    return "none is named" if not given else joined([str(name) for name in given])


def _room(campaign: Campaign) -> str:
    """Raises AutodiscoError where no replica would start now."""
    settings = campaign.settings
    if (shared := shared_folder(settings)) and not shared.exists():  # made at the start, or said to be missing
        without = settings.simulation.model_copy(update={"folder": ""})
        settings = settings.model_copy(update={"simulation": without})
    if why := lack_of_room(Campaign(settings, nearest_existing(campaign.folder)), executor_of(settings).here):
        raise AutodiscoError(why)
    return "enough disk and memory for a replica"


def _variables(settings: Settings) -> str:
    """Raises InputError for variables of the environment that mean nothing."""
    if unknown := unknown_here(settings):
        raise InputError("; ".join(unknown))
    return "no unknown ones"


def _repeated(campaign: Campaign) -> str:
    """Raises InputError with the rows of the seed file that repeat others; other faults are found elsewhere."""
    path = campaign.settings.seeds.file
    if _begun(campaign)[1]:
        return "the file was read before"
    try:
        repeated = usable_seeds(Path(path), campaign.settings.wanted().objective).repeated
    except InputError:
        return "not known, as the seed file cannot be read"
    if repeated:
        raise InputError(f"{path}: {'; '.join(repeated)}")
    return "none"


def _unlabelled(campaign: Campaign) -> str:
    """What becomes of the seeds that have no value of the campaign's protocol and force field."""
    if _begun(campaign)[1]:
        return "the file was read before"
    try:
        missing = len(seeds_by_label(campaign)[1] - {reference_of(campaign.settings).key})
    except InputError:
        return "not known, as the seed file cannot be read"
    if not missing:
        return "none"
    protocol = f"{campaign.tiers[0].protocol}, {campaign.settings.simulation.force_field}"
    if campaign.settings.seeds.simulate_missing:
        return f"{missing} without a value of {protocol} are simulated before the first iteration"
    return (
        f"{missing} without a value of {protocol} teach the generator and are not simulated; "
        "seeds.simulate_missing = true simulates them"
    )


def _weak(campaign: Campaign) -> str:
    """The seeds that break a stability rule: they are kept, whatever becomes of such polymers that are drawn."""
    if _begun(campaign)[1]:
        return "the file was read before"
    settings = campaign.settings
    try:
        seeds = usable_seeds(Path(settings.seeds.file), settings.wanted().objective).seeds
    except InputError:
        return "not known, as the seed file cannot be read"
    rules = settings.filter.stability_rules()
    broken = ((seed, [flag.name for flag in flags_of(seed.unit, rules)]) for seed in seeds)
    told = [f"line {seed.line}: {seed.name or seed.unit.given} ({joined(names)})" for seed, names in broken if names]
    if not told:
        return "none"
    more = f" and {len(told) - MOST_WEAK} more" if len(told) > MOST_WEAK else ""
    drawn = f'filter.unstable = "{settings.filter.unstable}" is about polymers that are drawn'
    return f"{'; '.join(told[:MOST_WEAK])}{more}; seeds are kept, {drawn}"


def _others(campaign: Campaign) -> str:
    """Raises AutodiscoError where other campaigns use this machine, and this one does not share it."""
    here = campaign.folder.resolve()
    alive = [row.name for row in list_campaigns(here.parent) if row.alive and Path(row.folder).resolve() != here]
    if not alive or not executor_of(campaign.settings).here:
        return "none runs here" if not alive else f"{joined(alive)}; this one runs on other machines"
    if not campaign.settings.executor.share:
        raise AutodiscoError(f"{joined(alive)} use this machine too, and executor.share is false")
    return f"{joined(alive)}; they share the cores"
