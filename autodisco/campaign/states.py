"""The loop as a table: state and event give the next state. A transition that is not in it cannot be written.

`advance` joins the transaction of the stage that calls it, so the work of a stage and the step to the next one become
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
    ("filter", "nothing-new"): "saturated",
    ("filter", "escape"): "acquire",
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


def resumable(store: Store) -> str | None:
    """The loop state that a paused or ended campaign would continue with; None while it is under way."""
    return None if store.get("state") in LOOP_STATES else store.get("resume_at")
