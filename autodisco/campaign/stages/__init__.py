"""The stages of the loop, by the state in which each works: functions of a campaign and its store, and nothing else.

Each can be killed anywhere and called again: it finds in the store what is done, does the rest, and writes the step to
the next state together with its last result.
"""

from collections.abc import Callable

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.stages.acquire import acquire
from autodisco.campaign.stages.filter import filter_candidates
from autodisco.campaign.stages.generate import generate
from autodisco.campaign.stages.prepare import prepare
from autodisco.campaign.stages.retrain import retrain
from autodisco.campaign.stages.simulate import simulate
from autodisco.store import Store

STAGES: dict[str, Callable[[Campaign, Store], None]] = {
    "prepare": prepare,
    "generate": generate,
    "filter": filter_candidates,
    "simulate": simulate,
    "acquire": acquire,
    "retrain": retrain,
}

__all__ = ["STAGES"]
