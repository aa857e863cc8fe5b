"""From a campaign folder to a campaign: its settings as stored, and the copies of its files that the folder holds."""

from pathlib import Path

import pydantic

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.copies import check_parts, with_input_copies, with_part_copies, with_protocol_copies
from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_changes import BEFORE_POSTERIOR
from autodisco.campaign.settings_file import settings_error
from autodisco.errors import InputError, NoCampaign
from autodisco.store import Store


def open_folder(folder: Path) -> Campaign:
    """The campaign in a folder, with the settings it was started with, also where the folder came from elsewhere.

    Raises NoCampaign where there is none, InputError where the copy of its protocol or of a part was edited.
    """
    with Store.open_readonly(folder) as store:
        if store.get("settings") is None:
            raise NoCampaign(f"{folder}: this campaign was never set up; run its campaign file")
        check_parts(str(folder), store)
        settings = with_input_copies(folder, with_protocol_copies(folder, settings_of(store)))
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
            with_part_copies(store.folder, {**BEFORE_POSTERIOR, **stored, "saturation": rule})
        )
    except pydantic.ValidationError as error:
        raise InputError(f"{store.folder / 'state.db'}: {settings_error(error)}") from None


def check_protocol(where: str, settings: Settings, store: Store) -> None:
    """Raise InputError where a protocol is no longer what it was: values of two protocols must not mix."""
    from autodisco.simulation import protocols

    for tier, stored in zip(settings.tiers, store.tiers(), strict=False):  # a campaign file may add tiers
        if not protocols.load(tier.protocol).is_same_as(stored.content or {}):
            raise InputError(
                f"{where}: simulation.protocol = {tier.protocol!r} is not what it was when the campaign in "
                f"{store.folder} was started; give the campaign another name"
            )
