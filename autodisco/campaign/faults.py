"""Errors of the program: each costs a string, a polymer or an iteration, not the campaign, up to a share of them.

The traceback of each error is kept in the folder ``faults`` of the campaign. A campaign in which they are too many
ends, because the program is then at fault for all of its input.
"""

import hashlib
import traceback
from collections.abc import Sequence
from pathlib import Path

from autodisco.campaign.budget import budget_spent
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.recovery import is_of_program
from autodisco.campaign.states import advance
from autodisco.errors import AutodiscoError
from autodisco.files import write_atomic
from autodisco.registry import told
from autodisco.store import FAULT, NOT_SELECTED, Store
from autodisco.text import counted

FAULTS = "faults"
"""Folder of the tracebacks, within a campaign folder."""

LEAST = 3
"""So many errors at least have to happen before a share of them means anything."""


def kept(folder: Path, error: Exception, stage: str, subject: str) -> str:
    """The error in one line, with the name of the file that holds its traceback, which is written now.

    Errors at one place of the program share a file; it names the first subject.
    """
    text = "".join(traceback.format_exception(error))
    frames = traceback.extract_tb(error.__traceback__)
    place = "".join(f"{frame.filename}:{frame.lineno};" for frame in frames) + type(error).__name__
    name = f"{stage}-{hashlib.sha256(place.encode()).hexdigest()[:8]}.txt"
    if not (folder / FAULTS / name).is_file():
        write_atomic(folder / FAULTS / name, f"{stage}: {subject}\n\n{text}")
    return f"{told(error)} ({FAULTS}/{name})"


def are_too_many(campaign: Campaign, faults: int, total: int) -> bool:
    """Whether so many errors among `total` end the campaign (`loop.most_faults`)."""
    most = campaign.settings.loop.most_faults
    return faults > 0 if not most else faults >= LEAST and faults > most * total


def give_iteration_up(campaign: Campaign, store: Store, state: str, error: Exception) -> bool:
    """Leave out what is left of the iteration before the next model, after an error of the program in stage `state`.

    Strings that have no verdict get `FAULT`, new polymers without replicas `NOT_SELECTED`. Without a training set the
    next model has that of the last one; if the training failed, it is the last one. Returns False, and changes nothing,
    where the error ends the campaign: it is not of the program, `prepare` failed, or too many iterations are lost.
    """
    stages = store.loop_states()
    if not is_of_program(error) or state not in stages[1:]:
        return False
    iteration, lost = store.get("iteration"), list(store.get("lost_iterations") or [])
    lost += [iteration] if iteration not in lost else []
    in_a_row = lost[-LEAST:] == list(range(iteration - LEAST + 1, iteration + 1))
    if in_a_row or are_too_many(campaign, len(lost), iteration):
        return False
    why = kept(campaign.folder, error, state, f"iteration {iteration}")
    with store.transaction():
        store.set(lost_iterations=lost)
        target = _leave_out(campaign, store, state, iteration, why)
        decided = f"go on with {target}; {counted(len(lost), 'iteration')} of {iteration} lost so far"
        store.note(
            "give up iteration", f"{state}, iteration {iteration}", {"error": type(error).__name__}, decided, why
        )
    campaign.say(f"{state}: {why}; {decided}")
    return True


def _leave_out(campaign: Campaign, store: Store, state: str, iteration: int, why: str) -> str:
    """Write what the next stage needs, and take the step to it; returns the state that follows."""
    for draw in store.candidates(iteration, "drawn"):
        store.set_verdict(iteration, draw.draw, FAULT, why)
    planned = {row.key for row in store.replica_states()}
    for draw in store.candidates(iteration, "new"):
        if draw.key not in planned:
            store.exclude(draw, NOT_SELECTED, "the iteration was given up")
    if not store.training(iteration):
        store.write_training(iteration, store.training(iteration - 1))
    if state != store.loop_states()[-1]:
        return advance(store, "fault")
    _keep_model(campaign, store, iteration)
    store.end_iteration(iteration, store.verdicts().get(iteration, {}), None)
    if spent := budget_spent(campaign, store):
        store.note("end", f"iteration {iteration}", {}, "budget-spent", spent)
        return advance(store, "budget-spent", spent)
    store.begin_iteration(iteration + 1)
    return advance(store, "fault", iteration=iteration + 1)


def _keep_model(campaign: Campaign, store: Store, iteration: int) -> None:
    """Make model `iteration` a copy of the one before, unless it was trained."""
    models = {model.iteration: model for model in store.models()}
    if iteration in models:
        return
    before, path = models[iteration - 1], campaign.model_path(iteration)
    write_atomic(path, (store.folder / before.path).read_bytes())
    store.add_model(iteration, str(path.relative_to(campaign.folder)), before.metrics, 0.0)
    store.record_file(path)


def check_faults(campaign: Campaign, faults: Sequence[str], strings: int) -> None:
    """Raise AutodiscoError where the program failed at too many new strings of an iteration; `faults` says how."""
    if are_too_many(campaign, len(faults), strings):
        raise AutodiscoError(
            f"the program failed at {len(faults)} of {counted(strings, 'new string')}, more than loop.most_faults = "
            f"{campaign.settings.loop.most_faults:g} allows; the first: {faults[0]}"
        )
