"""Files that settings name, and their copies in the campaign folder.

A campaign that has begun runs the copies of its parts (``path/to/file.py:object``) and of its protocol: it does not
need the files that they were made of, and an edit of these does not reach it. The store holds the names as they were
given, because a folder may be moved.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_changes import ADD_TIER
from autodisco.campaign.upkeep_settings import absolute_command
from autodisco.decide.measured_tables import SHIPPED
from autodisco.errors import InputError
from autodisco.files import sha256, write_atomic
from autodisco.registry import absolute, is_file
from autodisco.store import PARTS, Store, available_part, copied_part, older_part_copy, part_copy


def protocol_copy(folder: Path, tier: int) -> Path:
    """Where a campaign folder holds the copy of a protocol of the user's own; tiers are counted from 0."""
    return folder / (f"protocol-{tier + 1}.toml" if tier else "protocol.toml")


def input_copy(folder: Path, key: str, path: str) -> Path:
    """Where an archive of a campaign folder holds a file of data that its settings name (`input_files`)."""
    return folder / "inputs" / (key.partition(".")[2] + "".join(Path(path).suffixes))


def input_files(settings: Mapping[str, Any]) -> dict[str, str]:
    """The files of data that settings, as plain values, name, by dotted key; those of a list have their number."""
    seeds = settings.get("seeds") or {}
    found = {f"seeds.{name}": seeds.get(name) or "" for name in ("file", "dataset")}
    found |= {f"seeds.measured.{number}": name for number, name in enumerate(seeds.get("measured") or [])}
    return {key: path for key, path in found.items() if path and path not in SHIPPED}


def input_hashes(settings: Mapping[str, Any]) -> dict[str, str]:
    """The hashes of these files by dotted key; a table of the program has its name."""
    measured = enumerate((settings.get("seeds") or {}).get("measured") or [])
    shipped = {f"seeds.measured.{number}": name for number, name in measured if name in SHIPPED}
    return {key: sha256(Path(path)) for key, path in input_files(settings).items()} | shipped


def with_part_copies(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Settings as plain values, with the copies of parts. An executor may change: its copy is for a file that is gone.

    They are not validated yet, because to validate the settings of a generator is to load its file.
    """
    executor = (content.get("executor") or {}).get("kind")

    def found(name: str) -> str:
        return available_part(folder, name) if name == executor else copied_part(folder, name)

    replaced: dict[str, Any] = _replaced(content, lambda name: found(name) if is_file(name) else name)
    return replaced


def with_protocol_copies(folder: Path, settings: Settings) -> Settings:
    """The settings with the copies of protocols of the user's own."""
    names = [_protocol_or_copy(tier.protocol, protocol_copy(folder, n)) for n, tier in enumerate(settings.tiers)]
    tiers = [tier.model_copy(update={"protocol": name}) for tier, name in zip(settings.tier, names, strict=False)]
    simulation = settings.simulation.model_copy(update={"protocol": names[0]})
    return settings.model_copy(update={"simulation": simulation, "tier": tiers})


def _protocol_or_copy(given: str, copy: Path) -> str:
    from autodisco.simulation import protocols

    if Path(given).suffix != ".toml" or not copy.is_file():
        return given
    try:
        if Path(given).is_file():
            protocols.load(str(copy))
    except InputError:  # older programs copied the protocol without the files that it names
        return given
    return str(copy.absolute())


def with_input_copies(folder: Path, settings: Settings) -> Settings:
    """The settings with the copies of their files that came with an archive of the campaign folder, where it did."""
    found: dict[str, Any] = {"measured": list(settings.seeds.measured)}
    for key, path in input_files(settings.model_dump()).items():
        _, name, *number = key.split(".")
        if (copy := input_copy(folder, key, path)).is_file() and number:
            found[name][int(number[0])] = str(copy.absolute())
        elif copy.is_file():
            found[name] = str(copy.absolute())
    return settings.model_copy(update={"seeds": settings.seeds.model_copy(update=found)})


def as_given(folder: Path, values: dict[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values, with the names in `stored` settings in place of those of the copies that were made of them."""
    names = list(_part_names(stored))
    given = {found(folder, name): name for found in (available_part, copied_part) for name in names}
    for tier, protocol in enumerate(_protocols(stored)):
        if protocol.endswith(".toml"):
            given[str(protocol_copy(folder, tier).absolute())] = protocol
    for key, path in input_files(stored).items():
        given[str(input_copy(folder, key, path).absolute())] = path
    replaced: dict[str, Any] = _replaced(values, lambda name: given.get(name, name))
    return replaced


def _protocols(stored: Mapping[str, Any]) -> list[str]:
    """Names of the protocols in stored settings, by tier."""
    tiers = stored.get("tier") or [stored.get("simulation") or {}]
    return [tier.get("protocol", "") for tier in tiers]


def with_absolute_paths(changed: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by dotted key, with paths that are relative to the working directory made absolute."""
    found: dict[str, Any] = _replaced(dict(changed), lambda name: absolute(name, Path.cwd()))
    for key in ("notify.apprise", "simulation.folder", ADD_TIER):
        given = found.get(key)
        if given and (key != ADD_TIER or str(given).endswith(".toml")):
            found[key] = str(Path(str(given)).resolve())
    if "notify.command" in found:
        found["notify.command"] = absolute_command(str(found["notify.command"]), Path.cwd())
    return found


def check_parts(where: str, store: Store, protocols: Sequence[str] = ()) -> None:
    """Raise InputError for the copy of a part that was edited.

    With `protocols`, those of a campaign file, also for a part whose own file was edited since the campaign began.
    """
    folder, recorded = store.folder.absolute(), {row.path: row.sha256 for row in store.files()}
    for place, digest in recorded.items():
        copy = folder / place
        if place.startswith(f"{PARTS}/") and copy.is_file() and sha256(copy) != digest:
            raise InputError(
                f"{where}: {copy} was edited, and a campaign does not change its parts; undo the edit, or give the "
                "campaign another name"
            )
    settings = store.get("settings")
    for path in (*_lasting(settings), *(path for protocol in protocols for path in _observables(protocol))):
        copy, older = part_copy(folder, path), older_part_copy(folder, path)
        written = recorded.get(str(copy.relative_to(folder))) or (sha256(older) if older.is_file() else None)
        edited = written and path.is_file() and sha256(path) != written
        if edited and (protocols or not (copy.is_file() or older.is_file())):
            raise InputError(
                f"{where}: {path} was edited since the campaign began, which runs the copy {copy}; go on with that "
                f"(autodisco resume {settings['name']}), or give the campaign another name"
            )


def write_copies_of_files(store: Store, settings: Settings) -> None:
    """Write the copies that are missing, and record their hashes; `settings` are those of the campaign now."""
    folder, recorded = store.folder.absolute(), {row.path for row in store.files()}

    def keep(path: Path) -> Path:
        copy, older = part_copy(folder, path), older_part_copy(folder, path)
        source = older if older.is_file() else path
        place = str(copy.relative_to(folder))
        if source.is_file() and not (place in recorded and copy.is_file()):
            write_atomic(copy, source.read_bytes())
            store.record_file(store.folder / place)
        return copy

    for path in _lasting(store.get("settings")):
        keep(path)
    executor = _file_of(settings.executor.kind)
    if executor and executor.is_file() and folder not in executor.parents:
        write_atomic(part_copy(folder, executor), executor.read_bytes())
    for number, tier in enumerate(settings.tiers):
        protocol, copy = Path(tier.protocol), protocol_copy(folder, number)
        if protocol.suffix == ".toml" and protocol.is_file() and protocol.absolute() != copy:
            write_atomic(copy, _protocol_with_copies(protocol, folder, keep))
            store.record_file(store.folder / copy.name)


def _protocol_with_copies(protocol: Path, folder: Path, keep: Callable[[Path], Path]) -> bytes:
    """A protocol that names copies of its ions and observables, by paths relative to the campaign folder."""
    content = tomllib.loads(protocol.read_text(encoding="utf-8-sig"))
    ions, observables = content.get("system", {}).get("ions"), content.get("observables", [])
    if not ions and not any(map(is_file, observables)):
        return protocol.read_bytes()

    def copied(name: str) -> str:
        return str(keep((protocol.parent / name).resolve()).relative_to(folder))

    if ions:
        content["system"]["ions"] = [copied(name) for name in ions]
    if observables:
        parts = [(name, *name.rpartition(":")[::2]) for name in observables]
        content["observables"] = [f"{copied(path)}:{kind}" if is_file(name) else name for name, path, kind in parts]
    return tomli_w.dumps(content).encode()


def _observables(protocol: str) -> list[Path]:
    """The files of the observables that a protocol of the user's own names."""
    from autodisco.simulation import protocols

    return [path for name in protocols.load(protocol).observables if (path := _file_of(name))]


def files_named(settings: Mapping[str, Any]) -> list[Path]:
    """The files of the parts that settings name."""
    return [path for name in _part_names(settings) if (path := _file_of(name))]


def _lasting(settings: Mapping[str, Any]) -> list[Path]:
    """The files of parts that do not change while a campaign is under way: all but the executor."""
    return files_named({key: value for key, value in settings.items() if key != "executor"})


def _file_of(name: str) -> Path | None:
    return Path(name.rpartition(":")[0]) if is_file(name) else None


def _part_names(value: Any) -> Iterator[str]:
    """Every name of a part in a file that the settings hold."""
    if isinstance(value, str) and is_file(value):
        yield value
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _part_names(item)


def _replaced(value: Any, found: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, found) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, found) for item in value]
    return found(value) if isinstance(value, str) else value
