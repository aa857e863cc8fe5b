"""The loop as a table: state and event give the next state. `advance`, which alone changes the state of a campaign that
was set up, refuses a step that is not in it.

It joins the transaction of the stage that calls it, so the work of a stage and the step to the next one become
durable together.
"""

import time
from typing import Any

from autodisco.store import END_STATES, LOOP_STATES, Store

TRANSITIONS: dict[tuple[str, str], str] = {
    ("prepare", "ready"): "generate",
    ("generate", "drawn"): "filter",
    ("filter", "short"): "generate",
    ("filter", "filled"): "simulate",
    ("filter", "none-new"): "acquire",
    ("filter", "nothing-usable"): "exhausted",
    ("simulate", "settled"): "acquire",
    ("acquire", "chosen"): "retrain",
    ("retrain", "go-on"): "generate",
    ("retrain", "nothing-new"): "saturated",
    **{(state, "budget-spent"): "exhausted" for state in LOOP_STATES},
    **{(state, "pause"): "paused" for state in LOOP_STATES},
    **{(state, "stop"): "stopped" for state in (*LOOP_STATES, "paused")},
    **{(state, "failure"): "failed" for state in LOOP_STATES},
}
"""What may happen where. ``resume`` leads from ``paused`` and the end states to the state they were entered from."""


EVENTS = {
    "ready": (
        "seeds are read, the reference has a value, model 0 is trained",
        "iteration 1 is opened",
    ),
    "drawn": (
        "enough strings are new as strings, or as many are drawn as allowed",
        "what was drawn is counted",
    ),
    "short": (
        "too few survive, or none does, and more may be drawn",
        "verdicts are written; the draws go on where they ended",
    ),
    "filled": (
        "every new string has its verdict, the survivors their replicas",
        "verdicts, survivors and their replicas are written",
    ),
    "none-new": (
        "as many draws as allowed gave no candidate, and most were known polymers",
        "verdicts are written; nothing is simulated, and the saturation rule judges after `retrain`",
    ),
    "nothing-new": (
        "the saturation rule holds",
        "the iteration is closed with what the rule saw",
    ),
    "nothing-usable": (
        "as many draws as allowed gave no candidate, and most were invalid or rejected",
        "the iteration is closed with what the rule saw",
    ),
    "settled": (
        "every replica has a value or a failure code",
        "values and codes, each written as it came, are counted",
    ),
    "chosen": (
        "the training set of the next model is written",
        "training set and new best are written",
    ),
    "go-on": (
        "the next model is trained and the campaign is not at its end",
        "the iteration is closed with what the rule saw, the next one opened",
    ),
    "budget-spent": (
        "a limit of the campaign file is reached",
        "the limit is stored as the reason",
    ),
    "pause": (
        "a person asked for it",
        "running replicas are ended and wait; the process stays",
    ),
    "stop": (
        "a person asked for it",
        "running replicas are ended and wait; the process leaves",
    ),
    "failure": (
        "something that the loop cannot mend",
        "the reason is stored; the process leaves",
    ),
    "resume": (
        "it is run again, or a person wakes it",
        "reason and end are taken back",
    ),
}
"""When each event happens, and what is done then, in the same transaction as the step or durable before it."""


class IllegalTransition(Exception):
    """The program tried a step that the table does not hold."""


class Interrupted(Exception):
    """A stage left its work at a safe point, because `Campaign.interrupted` said so."""


def advance(store: Store, event: str, reason: str = "", **facts: Any) -> str:
    """Take the step that `event` leads to, with more facts to write at once; returns the new state.

    Raises IllegalTransition where the table holds no such step.
    """
    with store.transaction():
        state = store.get("state")
        following = resumable(store) if event == "resume" else TRANSITIONS.get((state, event))
        if following is None:
            raise IllegalTransition(f"{event} in state {state}")
        if following in (*END_STATES, "paused") and state in LOOP_STATES:
            store.set(resume_at=state)
        ended = time.time() if following in END_STATES else None
        store.set(state=following, reason=reason, ended=ended, activity="", **facts)
    return following


def table() -> str:
    """The machine as Markdown, for the documentation."""
    lines = ["| state | event | next state | when | action |", "|---|---|---|---|---|"]
    groups: dict[tuple[str, str], list[str]] = {}
    for (state, event), following in TRANSITIONS.items():
        groups.setdefault((event, following), []).append(state)
    for (event, following), states in groups.items():
        named = ", ".join(f"`{state}`" for state in states)
        lines.append(f"| {named} | `{event}` | `{following}` | {' | '.join(EVENTS[event])} |")
    left = ", ".join(f"`{state}`" for state in ("paused", *END_STATES))
    lines.append(f"| {left} | `resume` | the state it was left in | {' | '.join(EVENTS['resume'])} |")
    return "\n".join(lines)


def resumable(store: Store) -> str | None:
    """The loop state that a paused or ended campaign would continue with; None while it is under way."""
    return None if store.get("state") in LOOP_STATES else store.get("resume_at")
