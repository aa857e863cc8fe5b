"""The states of a campaign. `advance`, which alone changes the state of a campaign that was set up, refuses a step that
neither the stage at work nor the events of every stage allow.

It joins the transaction of the stage that calls it, so the work of a stage and the step to the next one become
durable together.
"""

import time
from collections.abc import Sequence
from typing import Any

from autodisco.campaign.stages import FIRST, LAST, NEXT, STAGES
from autodisco.campaign.stages.stage import METRICS, Event, Stage
from autodisco.errors import InputError
from autodisco.store import END_STATES, Store, copied_part, following

COMMON = {
    "budget-spent": Event("exhausted", "a limit of the campaign file is reached", "the limit is stored as the reason"),
    "pause": Event("paused", "a person asked for it", "running replicas are ended and wait; the process stays"),
    "stop": Event("stopped", "a person asked for it", "running replicas are ended and wait; the process leaves"),
    "failure": Event("failed", "an error that does not pass by itself", "the reason is stored; the process leaves"),
}
"""Events that end the work of any stage; ``stop`` also happens while a campaign is paused."""

FAULT, LABELS = "fault", "acquire"
FAULT_ROW = ("an error of the program that is not one too many", "the rest of the iteration is left out")
"""``fault`` leads from a stage of the loop to `LABELS`, if that follows, then to the last one, then to the next
iteration: when, and action."""

RESUME = ("it is run again, or a person wakes it", "reason and end are taken back")
"""``resume`` leads from ``paused`` and the end states to the state that they were entered from: when, and action."""


class IllegalTransition(Exception):
    """The program tried a step that no stage allows."""


class NotAhead(Exception):
    """Raised where work for the next iteration cannot go on before that iteration begins."""


class Interrupted(Exception):
    """Raised by a stage that left its work at a safe point, because `Campaign.interrupted` gave a reason."""


def advance(store: Store, event: str, reason: str = "", **facts: Any) -> str:
    """Take the step that `event` leads to, with more facts to write at once; returns the new state.

    Of the iteration ahead (`Store.ahead`), only the state is another one then; when that iteration begins, it goes on
    with this state.

    Raises IllegalTransition if the event cannot happen in the present state, NotAhead for an end of the campaign that
    the iteration ahead would lead to.
    """
    with store.transaction():
        state, stages = store.get("state"), store.loop_states()
        target = resumable(store) if event == "resume" else _target(store, state, event)
        if target is None:
            raise IllegalTransition(f"{event} in state {state}")
        if store.is_ahead:
            if target not in stages:
                raise NotAhead
            store.set(ahead={"iteration": store.get("iteration"), "state": target, "chosen": False})
            return target
        if (begun := store.get("ahead")) and begun["iteration"] == facts.get("iteration"):
            target, facts = begun["state"], {**facts, "ahead": None}
        if target in (*END_STATES, "paused") and state in stages:
            store.set(resume_at=state)
        ended = time.time() if target in END_STATES else None
        store.set(state=target, reason=reason, ended=ended, activity="", **facts)
    return target


def _target(store: Store, state: str, event: str) -> str | None:
    """The state that follows, or None. The stages of a campaign are loaded for their own events only: to pause or to
    stop it does not need them."""
    stages = {stage.name: stage.part for stage in store.loop()}
    if event == FAULT:
        return _after_fault(list(stages), state)
    if event in COMMON:
        possible = state in stages or (state, event) == ("paused", "stop")
        return COMMON[event].target if possible else None
    step = STAGES.get(copied_part(store.folder, stages[state])).events.get(event) if state in stages else None
    return _resolved(list(stages), state, step) if step else None


def _after_fault(names: Sequence[str], state: str) -> str | None:
    """The stage with which an iteration goes on after an error of the program; None where it cannot."""
    if state not in names[1:]:
        return None
    if state == names[-1]:
        return following(names, state)
    before_labels = LABELS in names and names.index(state) < names.index(LABELS)
    return LABELS if before_labels else names[-1]


def _resolved(names: Sequence[str], state: str, event: Event) -> str:
    return following(names, state) if event.target == NEXT else event.target


def resumable(store: Store) -> str | None:
    """The stage that a paused or ended campaign would continue with; None while it is under way."""
    return None if store.get("state") in store.loop_states() else store.get("resume_at")


def load_stages(parts: Sequence[str]) -> dict[str, Stage]:
    """The stages of a campaign by the names of their parts: the first one, then `parts`, those of the loop.

    Raises InputError for a part that does not exist, two stages of one name or seed number, a name that is a state
    already, an event that leads to no stage of the campaign and to no end, a stage that comes before one whose results
    it reads, and a loop that does not end with `LAST`.
    """
    stages = {part: STAGES.get(part) for part in (FIRST, *parts)}
    names, numbers = [stage.name for stage in stages.values()], [stage.seed_number for stage in stages.values()]
    if not parts:
        raise InputError(f"there is no stage; name those of an iteration, the last one '{LAST}'")
    if parts[-1] != LAST:
        raise InputError(f"the last stage is '{parts[-1]}'; it has to be '{LAST}', which closes the iteration")
    if len(set(names)) < len(parts) + 1:
        raise InputError(f"two stages have the same name; the names are {', '.join(names)}; leave one of them out")
    if len({*numbers, METRICS}) < len(numbers) + 1:
        raise InputError(
            f"two stages have the same seed number; the numbers are {', '.join(map(str, numbers))}; give yours another"
        )
    for number, stage in enumerate(stages.values()):
        if later := [name for name in stage.after if name in names[number:]]:
            raise InputError(f"stage '{stage.name}' needs what '{later[0]}' finds, and has to come after it")
        if stage.name in (*END_STATES, "paused", NEXT):
            raise InputError(
                f"a stage cannot have the name {stage.name!r}, which is a state of every campaign; choose another"
            )
        for name, event in stage.events.items():
            if name in (*COMMON, FAULT, "resume"):
                raise InputError(f"stage {stage.name}: every stage has the event {name!r}; give it another name")
            if event.target not in (*names, *END_STATES, NEXT):
                raise InputError(
                    f"stage {stage.name}: its event {name!r} leads to {event.target!r}, which is no stage; add that one"
                )
    return stages


def transitions(stages: Sequence[Stage]) -> dict[tuple[str, str], str]:
    """The whole table: the next state by state and event, without ``resume``."""
    names = [stage.name for stage in stages]
    table = {
        (stage.name, name): _resolved(names, stage.name, event)
        for stage in stages
        for name, event in stage.events.items()
    }
    for name, event in COMMON.items():
        table |= {(state, name): event.target for state in (*names, *(["paused"] if name == "stop" else []))}
    table |= {(state, FAULT): target for state in names if (target := _after_fault(names, state))}
    return table


def table(stages: Sequence[Stage]) -> str:
    """The states as Markdown, for the documentation."""
    lines = ["| state | event | next state | when | action |", "|---|---|---|---|---|"]
    told = {(stage.name, name): event for stage in stages for name, event in stage.events.items()}
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for (state, name), target in transitions(stages).items():
        event = told.get((state, name)) or COMMON.get(name)
        words = (event.when, event.action) if event else FAULT_ROW
        groups.setdefault((name, target, *words), []).append(state)
    for (name, target, when, action), states in groups.items():
        named = ", ".join(f"`{state}`" for state in states)
        lines.append(f"| {named} | `{name}` | `{target}` | {when} | {action} |")
    left = ", ".join(f"`{state}`" for state in ("paused", *END_STATES))
    lines.append(f"| {left} | `resume` | the state it was left in | {' | '.join(RESUME)} |")
    return "\n".join(lines)


def what_stages_do(stages: Sequence[Stage]) -> str:
    """The stages as Markdown, for the documentation."""
    return "\n".join(["| stage | does |", "|---|---|", *(f"| `{stage.name}` | {stage.does} |" for stage in stages)])
