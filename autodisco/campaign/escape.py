"""Escapes: what a campaign may try before it ends saturated. A higher temperature, longer units, more training units.

Only the actions that the campaign file lists are taken, each once, in their order. Each is a decision in the journal
and a row of the fact ``escapes``. An action taken in iteration n affects what is drawn from model n and later ones.
"""

from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.store import Store, escapes

HOTTER = 1.2
"""Factor on the temperature of sampling."""

LEAST_UNITS = 1000


def next_action(campaign: Campaign, store: Store) -> str | None:
    """The action that comes next, or None where the file allows no further one."""
    left = campaign.settings.saturation.escape[len(escapes(store)) :]
    return left[0] if left else None


def escape(campaign: Campaign, store: Store, seen: dict[str, Any], why: str) -> bool:
    """Take the next action instead of ending; False where there is none. Call it where the rule says saturated."""
    action = next_action(campaign, store)
    if action is None:
        return False
    iteration = store.get("iteration")
    with store.transaction():
        store.set(escapes=[*(row.to_dict() for row in escapes(store)), {"iteration": iteration, "action": action}])
        store.note("escape", f"iteration {iteration}", seen, _TOLD[action](campaign, store, iteration), why)
    return True


def sampling(campaign: Campaign, store: Store, model: int) -> dict[str, Any]:
    """How strings are drawn from a model: as the file says, changed by the actions up to the iteration that trained
    it."""
    generator = campaign.settings.generator
    settings = generator.sampling()
    actions = [row.action for row in escapes(store) if row.iteration <= model]
    settings["temperature"] *= HOTTER ** actions.count("temperature")
    settings["max_tokens"] = min(generator.longest, settings["max_tokens"] + actions.count("tokens"))
    return settings


def _hotter(campaign: Campaign, store: Store, iteration: int) -> str:
    return f"draw at temperature {sampling(campaign, store, iteration)['temperature']:.3g} from now on"


def _longer(campaign: Campaign, store: Store, iteration: int) -> str:
    return f"draw up to {sampling(campaign, store, iteration)['max_tokens']} tokens from now on"


def _wider(campaign: Campaign, store: Store, iteration: int) -> str:
    from autodisco.campaign.seeds import add_enumerated

    number = max(LEAST_UNITS, campaign.settings.seeds.grammar)
    added = add_enumerated(campaign, store, number, iteration)
    return f"learn from {added} enumerated units more"


_TOLD = {"temperature": _hotter, "tokens": _longer, "seeds": _wider}
"""Does what each action does at once, and says what follows."""
