"""The stages of the loop. A campaign file can choose others (`loop.stages`), by name or by the path of a file.

A stage is a function of a campaign and its store, and nothing else.
"""

from autodisco.campaign.stages.stage import NEXT, Event, Stage
from autodisco.registry import Registry

FIRST = "prepare"
"""The stage before the loop: it works once, when a campaign begins."""

LOOP = {
    "generate": "autodisco.campaign.stages.generate:GENERATE",
    "filter": "autodisco.campaign.stages.filter:FILTER",
    "simulate": "autodisco.campaign.stages.simulate:SIMULATE",
    "acquire": "autodisco.campaign.stages.acquire:ACQUIRE",
    "retrain": "autodisco.campaign.stages.retrain:RETRAIN",
}
"""The stages of the loop in their order, where a campaign file names no others."""

SIMULATE = "simulate"
"""The stage of the loop that runs the replicas of a batch, and may choose the next one meanwhile."""

LAST = "retrain"
"""The last stage of every loop: it closes the iteration and ends the campaign."""

STAGES: Registry[Stage] = Registry(
    "stages", "stage", {FIRST: "autodisco.campaign.stages.prepare:PREPARE", **LOOP}, Stage, "instance"
)

__all__ = ["FIRST", "LAST", "LOOP", "NEXT", "SIMULATE", "STAGES", "Event", "Stage"]
