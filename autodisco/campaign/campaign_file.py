"""From a campaign file to a campaign: everything that can be checked is checked before work begins."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.campaign_folder import check_protocol, settings_of
from autodisco.campaign.copies import as_given, check_parts, input_files, input_hashes, with_part_copies
from autodisco.campaign.notify import check_notify
from autodisco.campaign.objective_settings import ObjectiveSettings
from autodisco.campaign.pool import pool_size
from autodisco.campaign.running import executor_of
from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_changes import KEPT_KEYS, differences, expanded, tiers_were_added
from autodisco.campaign.settings_file import origin, read_settings
from autodisco.campaign.stages import SIMULATE
from autodisco.campaign.states import load_stages
from autodisco.campaign.tiers import check_engine, check_given, check_tiers, check_told
from autodisco.decide import LABELLINGS, SELECTIONS
from autodisco.decide.wanted import CONSTRAIN, objective_of_table
from autodisco.errors import InputError, NoCampaign
from autodisco.files import runs_folder
from autodisco.registry import is_file
from autodisco.store import Store
from autodisco.text import counted, joined

Look = tuple[str, Callable[[], str]]
"""Something to look at, and the look: it raises an AutodiscoError, or says what it found."""


def load(file: Path, runs: Path | None = None, checked: bool = True) -> Campaign:
    """The campaign of a file, in ``<runs>/<name>``; checks everything that can be checked before work begins.

    `runs` is by default the environment's ``AUTODISCO_RUNS``, or ``runs`` in the working directory. What is not read
    from the file and the folder alone (`looks`) is left out without `checked`.

    Raises
    ------
    InputError
        The file or its seed file is wrong, names a protocol or force field that does not exist, or differs from what
        the campaign in the folder was started with in more than its budget, saturation rule, workers or timeout.
    """
    settings = read_settings(file)
    folder = (runs or runs_folder()) / settings.name
    if runs is None and "AUTODISCO_RUNS" not in os.environ:
        _check_not_elsewhere(file, folder)
    try:
        with Store.open_readonly(folder) as store:
            begun = store.get("settings") is not None
            if begun:
                stored = settings_of(store).flat()
                settings = read_settings(file, kept={key: stored[key] for key in KEPT_KEYS})
                _check_unchanged(file, settings, store)
                settings = _available(settings, store)
    except NoCampaign:
        begun = False
    if checked and not begun:
        check(file, settings)
    if checked:
        check_notify(str(file), settings.notify.command, settings.notify.apprise)
    return Campaign(settings, folder)


def check(file: Path, settings: Settings) -> None:
    """Look at everything a campaign needs, before it begins.

    Raises InputError for what does not exist or cannot be read, AutodiscoError where the engine of replicas that run
    here is missing.
    """
    for _, look in looks(file, settings):
        look()


def looks(file: Path, settings: Settings) -> list[Look]:
    """What a campaign needs beside a file without mistakes, before it begins."""
    seeds = settings.seeds
    return [
        ("parts", lambda: _names(file, settings)),
        (f"engine {settings.simulation.engine}", lambda: _engine(settings)),
        ("seed file", lambda: _seeds(settings) if seeds.file else "none"),
        ("data set", lambda: _dataset(settings) if seeds.dataset else "none"),
        ("measured values", lambda: _measured(file, settings) if seeds.measured else "none"),
    ]


def _names(file: Path, settings: Settings) -> str:
    check_names(file, settings)
    return f"protocol {joined([tier.protocol for tier in settings.tiers])}, selection {settings.filter.selection}"


def _engine(settings: Settings) -> str:
    from autodisco.simulation import engines

    executor = executor_of(settings)
    if not executor.here:
        return f"runs on other machines, by executor {settings.executor.kind}"
    engine = engines.load(settings.simulation.engine)
    engine.check()
    return f"{engines.resolved(settings.simulation.engine)}, {'on a GPU' if engine.has_gpu() else 'on cores'}"


def _seeds(settings: Settings) -> str:
    from autodisco.campaign.seeds import read_seeds

    found = read_seeds(Path(settings.seeds.file), settings.wanted().objective)
    return f"{counted(len(found.seeds), 'row')} in {settings.seeds.file}"


def _dataset(settings: Settings) -> str:
    from autodisco.generator import read_dataset

    rows = read_dataset(Path(settings.seeds.dataset))
    return f"{counted(len(rows), 'row')} in {settings.seeds.dataset}"


def _measured(file: Path, settings: Settings) -> str:
    from autodisco.campaign.measurements import seed_tables

    try:
        tables = seed_tables(settings)
    except InputError as error:
        raise InputError(f"{file}: seeds.measured: {error}") from None
    return joined([f"{counted(len(table.rows), 'row')} in {table.place}" for table in tables])


def check_names(where: Path | str, settings: Settings) -> None:
    """Raise InputError, which names `where` and the key, for a part that does not exist or does not fit the others."""
    from autodisco.campaign.architecture import check_partners, reference_of
    from autodisco.generator import GENERATORS
    from autodisco.simulation import engines, forcefield

    looks: tuple[tuple[str, Callable[[], object]], ...] = (
        # first, because observables of a protocol bring quantities that an objective may be about
        *_protocols(settings),
        ("tier", lambda: check_tiers(settings)),
        *((f"objective.{number}", partial(_check_objective, one)) for number, one in enumerate(settings.objective)),
        ("objective", lambda: _check_wanted(settings)),
        ("objective", lambda: check_given(settings)),
        ("filter.selection", lambda: SELECTIONS.get(settings.filter.selection)),
        ("acquire.labelling", lambda: LABELLINGS.get(settings.acquire.labelling)),
        ("simulation.protocol", lambda: _check_ions(settings)),
        ("simulation.engine", lambda: engines.load(settings.simulation.engine)),
        ("simulation.engine", lambda: check_engine(settings)),
        ("simulation.force_field", lambda: forcefield.load(settings.simulation.force_field)),
        ("generate.partners", lambda: check_partners(settings)),
        ("acquire.reference", lambda: reference_of(settings)),
        ("executor.kind", lambda: executor_of(settings)),
        ("simulation.protocol", lambda: check_told(settings)),
        ("loop.stages", lambda: load_stages(settings.loop.stages)),
        ("loop.overlap", lambda: _check_overlap(settings)),
        ("generator", lambda: GENERATORS.get(settings.generator.kind).check(settings.generator)),
    )
    for key, look in looks:
        try:
            look()
        except InputError as error:
            file = origin(where, error.key) if error.key and isinstance(where, Path) else where
            raise InputError(f"{file}: {error}" if error.key else f"{file}: {key}: {error}") from None
    _check_draws(where, settings)


def _check_draws(where: Path | str, settings: Settings) -> None:
    """Raise InputError where an iteration may draw less than it draws for, so that each would end as short."""
    generate, pool = settings.generate, pool_size(settings)
    if generate.max_draws < (least := max(generate.batch_size, pool)):
        of_selection = "" if generate.pool else f", the default of selection '{settings.filter.selection}'"
        reason = f"generate.pool is {pool}{of_selection}" if pool == least else f"generate.batch_size is {least}"
        raise InputError(
            f"{where}: generate.max_draws = {generate.max_draws}: allowed is {least} or more, because {reason}"
        )


def _protocols(settings: Settings) -> list[tuple[str, Callable[[], object]]]:
    from autodisco.simulation import protocols

    keys = [f"tier.{number}.protocol" for number in range(len(settings.tier))] or ["simulation.protocol"]
    return [(key, partial(protocols.load, tier.protocol)) for key, tier in zip(keys, settings.tiers, strict=True)]


def _check_objective(one: ObjectiveSettings) -> None:
    objective_of_table(one.model_dump()).check(constraint=one.aim == CONSTRAIN)


def _check_wanted(settings: Settings) -> None:
    """Raise InputError where the first objective cannot rank, and for one that no selection looks at."""
    wanted, selection = settings.wanted(), settings.filter.selection
    first, further = wanted.objective, len(wanted.further)
    columns = [one.column for one in wanted.aims]
    if twice := next((name for n, name in enumerate(columns) if name in columns[:n]), None):
        raise InputError(
            f"{twice} stands there twice; one value has one aim, and beside it one constraint; leave one out"
        )
    if first.structure:
        raise InputError(f"polymers are ranked by the first one, which has to be simulated, and {first.name} is not")
    if first.target is not None and settings.surrogate.kind == "none":
        raise InputError("aim = 'target' needs surrogate.kind = 'posterior', which says what is nearer")
    weighed = {"ehvi": 1, "chebyshev-ucb": further}.get(selection, further if is_file(selection) else 0)
    if further != weighed:
        raise InputError(
            f"{further} beside the first, and selection '{selection}' weighs {weighed}; ehvi weighs one beside the "
            "first objective, chebyshev-ucb any number, the others none"
        )


def _check_overlap(settings: Settings) -> None:
    if settings.loop.overlap and SIMULATE not in settings.loop.stages:
        raise InputError(
            f"{settings.loop.overlap:g} given, and loop.stages lacks the stage '{SIMULATE}' of the program, which "
            "chooses the next batch ahead; allowed is 0"
        )


def _check_ions(settings: Settings) -> None:
    from autodisco.simulation import protocols

    need = next((one.name for one in settings.wanted().every if one.needs_ions), None)
    for protocol in (protocols.load(tier.protocol) for tier in settings.tiers):
        if need and not protocol.system.ion_pairs:
            raise InputError(f"protocol {protocol.name} has no salt, and the campaign asks for {need}")


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


def _available(settings: Settings, store: Store) -> Settings:
    """The settings with the copies of parts in the campaign folder."""
    return Settings.model_validate(with_part_copies(store.folder, settings.model_dump()))


def _check_unchanged(file: Path, settings: Settings, store: Store) -> None:
    given = store.get("settings")
    changed = differences(settings_of(store), _available(settings, store))
    for key, (old, _) in changed.items():
        old = as_given(store.folder, {"": old}, given)[""]
        new = expanded(settings).get(key)
        if key.startswith("tier") and tiers_were_added(settings_of(store), settings):
            tiers = joined([tier.protocol for tier in store.tiers()])
            raise InputError(
                f"{file}: a tier was added to the campaign in {store.folder}, which has {tiers} now; add its table "
                f"[[tier]] to the file, or go on without the file: autodisco resume {settings.name}"
            )
        raise InputError(
            f"{file}: {key} = {new!r}, but the campaign in {store.folder} was started with {old!r}; "
            "take that value, or give the campaign another name"
        )
    check_protocol(str(file), settings, store)
    check_parts(str(file), store, [tier.protocol for tier in settings.tiers])
    if (hashes := store.get("file_hashes")) is None:
        return
    now = input_hashes(settings.model_dump())
    if other := [key for key in sorted({*now, *hashes}) if now.get(key) != hashes.get(key)]:
        path = input_files(settings.model_dump()).get(other[0], now.get(other[0]))
        raise InputError(
            f"{file}: {other[0]} = {path!r} is not the file that the campaign in {store.folder} was started with; "
            "give the campaign another name"
        )
