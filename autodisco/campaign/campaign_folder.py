"""From a campaign folder to a campaign: its settings as stored, and the copies of its files that the folder holds."""

from pathlib import Path

import pydantic

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.parts import with_part_copies
from autodisco.campaign.settings import FILE_KEYS, Settings
from autodisco.campaign.settings_file import settings_error
from autodisco.errors import InputError, NoCampaign
from autodisco.store import Store

PROTOCOL_COPY = "protocol.toml"
"""A protocol of the user's own, so that the folder can go on without the file that it came from."""


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

    A program that did not store what the saturation rule counts counted strings, and took an action listed twice. One
    that did not store by what polymers are judged had no posterior.
    """
    stored = store.get("settings") or {}
    rule = {"count": "strings", **stored.get("saturation", {})}
    rule["escape"] = list(dict.fromkeys(rule.get("escape", [])))
    try:
        return Settings.model_validate(
            with_part_copies(store.folder, {"surrogate": {"kind": "none"}, **stored, "saturation": rule})
        )
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


def check_protocol(where: str, settings: Settings, store: Store) -> None:
    """Raise InputError where the protocol is no longer what it was: values of two protocols must not mix."""
    from autodisco.simulation import protocols

    if not protocols.load(settings.simulation.protocol).is_same_as(store.get("protocol_content")):
        raise InputError(
            f"{where}: simulation.protocol = {settings.simulation.protocol!r} is not what it was when the campaign in "
            f"{store.folder} was started; give the campaign another name"
        )
