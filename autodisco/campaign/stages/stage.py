"""A stage of the loop: an object with a name, a function that does the work, and the events that end it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autodisco.campaign.campaign import Campaign
    from autodisco.store import Store

NEXT = "next"
"""Target of an event: the stage that follows in the list of stages; the first one of the loop follows the last."""

ENUMERATION, SIMULATION, TRAINING, METRICS, SETTLED = 0, 3, 5, 6, 7
"""Seed numbers of work that several stages share, or that belongs to none: enumerating units, building and running a
replica, training a model, scoring it, asking whether the best polymers are settled."""


@dataclass(frozen=True)
class Event:
    """What ends the work of a stage.

    Attributes
    ----------
    target
        Name of the stage that follows, an end state, or `NEXT`.
    when, action
        When the event happens, and what is written in its transaction. Both are printed in the documentation.
    """

    target: str
    when: str
    action: str


@dataclass(frozen=True)
class Stage:
    """A stage of the loop.

    Attributes
    ----------
    name
        The state of a campaign while the stage works.
    does
        What it does, as the end of a sentence that begins with "it"; `autodisco status --why` shows it.
    seed_number
        Part of the seeds of the stage (`Campaign.seed`), different for each stage of a loop. It never changes, or
        campaigns would not be reproducible. Numbers below 100 belong to the program.
    run
        Does the work, and takes the step to the next state (`states.advance`) in the same transaction as its last
        result. It can be killed at any moment and called again: it finds in the store what is done, and does the rest.
        It raises `states.Interrupted` at a safe point if ``campaign.interrupted()`` is true.
    events
        The events that `run` ends with, by name.
    verdicts
        Verdicts that only this stage gives to draws, with their meanings.
    after
        Names of the stages whose results of the same iteration it reads: they have to come before it, if they are in
        the loop.
    """

    name: str
    does: str
    seed_number: int
    run: "Callable[[Campaign, Store], None]"
    events: Mapping[str, Event]
    verdicts: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
