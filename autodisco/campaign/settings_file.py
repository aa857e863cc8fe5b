"""Reading and writing campaign files.

Precedence: a variable of the environment, the file, the default. An error is one line that names the file or the
variable, the key, the value and what is allowed.
"""

import contextlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic
import tomli_w

from autodisco.campaign.settings import Settings
from autodisco.campaign.upkeep_settings import Notify, absolute_command
from autodisco.campaign.variables import unknown_variables, variable_of
from autodisco.decide.measured_tables import SHIPPED
from autodisco.errors import InputError
from autodisco.files import read_text
from autodisco.generator.base import GENERATORS, settings_class
from autodisco.generator.settings import GeneratorSettings
from autodisco.registry import absolute
from autodisco.section import error_sentence, problems

PART_KEYS = (("filter", "selection"), ("acquire", "labelling"))
"""Keys that name a part, which may be in a file beside the campaign file."""


def read_settings(
    file: Path, environment: Mapping[str, str] | None = None, kept: Mapping[str, Any] | None = None
) -> Settings:
    """Settings of a campaign file; a variable ``AUTODISCO_<TABLE>_<KEY>`` of the environment wins over the file.

    `kept` are values by dotted key that hold if neither names one.

    Raises InputError, in one line, for a missing file, bad TOML, an unknown key (with the closest known one), a value
    of the wrong type or out of range, an unknown variable, settings that contradict each other, or a missing seed file.
    """
    content = _with_site(_read_toml(file), file)
    environment = os.environ if environment is None else environment
    overrides = _overrides(environment, content, file.parent)
    for dotted, (_, value) in overrides.items():
        table, _, key = dotted.rpartition(".")
        if not table:
            content[key] = value
        elif isinstance(content.setdefault(table, {}), dict):
            content[table][key] = value
    _make_kind_absolute(content.get("generator"), file.parent)
    for dotted, value in (kept or {}).items():
        table, _, key = dotted.partition(".")
        if isinstance(content.setdefault(table, {}), dict):
            content[table].setdefault(key, value)
    try:
        settings = Settings.model_validate(content)
    except pydantic.ValidationError as error:
        raise InputError(_all_errors(error, file, overrides)) from None
    check_together(settings, file)
    return _with_absolute_paths(settings, file)


def read_generator(file: Path | None, given: Mapping[str, Any]) -> GeneratorSettings:
    """Generator settings of a file with a table [generator], such as a campaign file; `given` ones win over it.

    Raises InputError, in one line, for a file without this table, an unknown key or a value out of range.
    """
    content: dict[str, Any] = {}
    if file is not None:
        try:
            content = tomllib.loads(read_text(file)).get("generator", {})
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{file}: not valid TOML ({error})") from None
        if not isinstance(content, dict) or not content:
            raise InputError(f"{file}: there is no table [generator] in it; add one, with the settings to use")
        _make_kind_absolute(content, file.parent)
    given = dict(given)
    _make_kind_absolute(given, Path.cwd())
    try:
        return Settings.model_validate({"name": "x", "generator": {**content, **given}}).generator
    except pydantic.ValidationError as error:
        from_file = file is not None and error.errors()[0]["loc"][-1] not in given
        raise InputError(f"{file}: {settings_error(error)}" if from_file else settings_error(error)) from None


def settings_error(error: pydantic.ValidationError) -> str:
    """The first error of a campaign's settings in words."""
    return error_sentence(error, Settings(name="x").flat())


def _all_errors(error: pydantic.ValidationError, file: Path, overrides: Mapping[str, tuple[str, Any]]) -> str:
    """The errors of a campaign file in one line; each names the file or the variable of the environment."""
    told = []
    for problem in problems(error, Settings(name="x").flat()):
        where, _ = overrides.get(problem.place, (str(origin(file, problem.place)), None))
        told.append(f"{where}: {problem}")
    return "; also: ".join(told)


def write_generator(values: Mapping[str, Any]) -> str:
    """A table [generator] as TOML."""
    return tomli_w.dumps({"generator": dict(values)})


def write_settings(values: Mapping[str, Any]) -> str:
    """Settings, as plain values, as TOML: every key with the value in force."""
    return tomli_w.dumps(values)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        begun = "" if file.suffix else f"; a campaign that has begun goes on with: autodisco resume {file}"
        raise InputError(f"{file}: no such campaign file{begun}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file}: not valid TOML ({error})") from None


def _with_site(content: dict[str, Any], file: Path) -> dict[str, Any]:
    """The content of a campaign file, with the values of the site file that it names where it has none."""
    executor = content.get("executor")
    if not isinstance(executor, dict) or not isinstance(executor.get("site"), str) or not executor["site"]:
        return content
    site = (file.parent / executor["site"]).resolve()
    if not site.is_file():
        raise InputError(f"{file}: executor.site = {executor['site']!r}: no such file ({site})")
    filled = _filled(content, _read_toml(site))
    del filled["executor"]["site"]  # its values are those of the campaign from now on
    return filled


def origin(file: Path, key: str) -> Path:
    """The file that gives a dotted key of a campaign file its value: this one, or its site file."""
    content = _read_toml(file)
    if isinstance(executor := content.get("executor"), dict) and isinstance(site := executor.get("site"), str) and site:
        table: Any = content
        for name in key.split("."):
            table = table.get(name) if isinstance(table, dict) else None
        return file if table is not None else (file.parent / site).resolve()
    return file


def _filled(content: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """The content of a table, with the values of another one for the keys that it lacks."""
    found = {**others, **content}
    for key in content.keys() & others.keys():
        if isinstance(content[key], dict) and isinstance(others[key], dict):
            found[key] = _filled(content[key], others[key])
    return found


def _make_kind_absolute(table: Any, folder: Path) -> None:
    """Make the path of a generator in a Python file, relative to `folder`, absolute, because validation loads it."""
    if isinstance(table, dict) and isinstance(table.get("kind"), str):
        table["kind"] = absolute(table["kind"], folder)


def check_together(settings: Settings, file: Path | str) -> None:
    """Raise InputError for settings that contradict each other and for rules that cannot be used."""
    if settings.filter.rules or settings.filter.rules_on or settings.filter.rules_off:
        try:
            settings.filter.stability_rules()
        except InputError as error:
            raise InputError(f"{file}: filter: {error}") from None
    kind = settings.generator.kind
    if not GENERATORS.get(kind).learns and set(settings.saturation.escape) - {"tokens"}:
        raise InputError(f"{file}: saturation.escape: a generator of kind {kind} learns nothing; it allows tokens only")


def _notify(given: Notify, file: Path) -> Notify:
    """Notifications with paths made absolute. Raises InputError for a missing file of addresses."""
    found = {"command": absolute_command(given.command, file.parent)}
    if given.apprise:
        addresses = (file.parent / given.apprise).resolve()
        if not addresses.is_file():
            raise InputError(f"{file}: notify.apprise = {given.apprise!r}: no such file ({addresses})")
        found["apprise"] = str(addresses)
    return given.model_copy(update=found)


def _with_absolute_paths(settings: Settings, file: Path) -> Settings:
    """The settings with paths relative to the campaign file made absolute. Raises InputError for a missing file."""
    found: dict[str, Any] = {}
    for name in ("file", "dataset"):
        if given := getattr(settings.seeds, name):
            found[name] = _data_file(file, f"seeds.{name}", given)
    found["measured"] = [
        given if given in SHIPPED else _data_file(file, "seeds.measured", given) for given in settings.seeds.measured
    ]
    changed: dict[str, Any] = {"seeds": settings.seeds.model_copy(update=found)}
    for table, key in PART_KEYS:
        section = changed.get(table, getattr(settings, table))
        changed[table] = section.model_copy(update={key: absolute(getattr(section, key), file.parent)})
    changed["objective"] = [
        one.model_copy(update={"name": absolute(one.name, file.parent)}) for one in settings.objective
    ]
    changed["notify"] = _notify(settings.notify, file)
    simulation = settings.simulation
    parts = {key: absolute(getattr(simulation, key), file.parent) for key in ("engine", "force_field")}
    parts["folder"] = str((file.parent / simulation.folder).resolve()) if simulation.folder else ""
    parts["protocol"] = _protocol(simulation.protocol, file.parent)
    changed["simulation"] = simulation.model_copy(update=parts)
    changed["tier"] = [
        tier.model_copy(update={"protocol": _protocol(tier.protocol, file.parent)}) for tier in settings.tier
    ]
    stages = [absolute(name, file.parent) for name in settings.loop.stages]
    executor = settings.executor
    options = {
        key: absolute(value, file.parent) if isinstance(value, str) else value
        for key, value in executor.options.items()
    }
    changed["executor"] = executor.model_copy(update={"kind": absolute(executor.kind, file.parent), "options": options})
    changed["loop"] = settings.loop.model_copy(update={"stages": stages})
    return settings.model_copy(update=changed)


def _data_file(file: Path, key: str, given: str) -> str:
    """The absolute path of a file that a campaign file names. Raises InputError where there is none."""
    path = (file.parent / given).resolve()
    if not path.is_file():
        raise InputError(f"{file}: {key} = {given!r}: no such file ({path})")
    return str(path)


def _protocol(name: str, folder: Path) -> str:
    """The name of a protocol, with the path of a file that is relative to `folder` made absolute."""
    path = (folder / name).resolve()
    return str(path) if path.suffix == ".toml" and path.is_file() else name


def _overrides(environment: Mapping[str, str], content: Mapping[str, Any], folder: Path) -> dict[str, tuple[str, Any]]:
    """Dotted key to the variable that sets it and its value. Raises InputError for an unknown variable.

    Variables of the generator are those of the default kind and those of the kind in `content`.
    """
    keys = [*Settings(name="x").flat()]
    table = content.get("generator")
    kind = environment.get(variable_of("generator.kind")) or (isinstance(table, dict) and table.get("kind")) or "gpt"
    table = {"kind": kind}
    _make_kind_absolute(table, folder)
    with contextlib.suppress(pydantic.ValidationError):  # an unknown kind is reported with the other values
        keys += [f"generator.{name}" for name in settings_class(table).model_fields]
    if unknown := unknown_variables(environment, keys):
        raise InputError(unknown[0])
    known = {variable_of(key): key for key in keys}
    return {
        known[variable]: (variable, parse_value(environment[variable]))
        for variable in sorted(known.keys() & environment.keys())
    }


def parse_value(text: str) -> Any:
    """A value as in TOML; any other text is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
