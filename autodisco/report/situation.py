"""The situation of a campaign in sentences: what it does now, what comes next, what its end needs, why it is idle."""

import time
from pathlib import Path
from typing import Any

from autodisco.decide import Status
from autodisco.decide import status as status_of
from autodisco.files import argument
from autodisco.store import END_STATES, STALE_S, Store, at_one_moment, escapes, following
from autodisco.text import counted, duration, joined

LAST_ITERATIONS = 12
"""So many are read: what is told concerns the last one that was judged."""

MOST_NAMED = 5
"""Values far off what is expected that are named."""


@at_one_moment
def situation(store: Store) -> dict[str, str]:
    """Sentences: ``now``, ``left`` (to the end of the stage, where rates are known), ``next``, ``saturation``,
    ``budget``, ``disk``, ``tiers`` where there are several, ``judge`` where there is a posterior and, where nothing
    moves, ``idle``."""
    status = status_of(store, iterations=LAST_ITERATIONS)
    state, settings = status.state, store.get("settings") or {}
    told: dict[str, str] = {}
    does = {stage.name: stage.does for stage in status.loop}
    if state in does:
        told["now"] = f"{state}, iteration {status.iteration}: it {does[state]}{_details(status)}"
        if (left := stage_seconds_left(status)) is not None and status.alive:
            told["left"] = f"about {duration(left)} to the end of {state}, from the rate so far"
        after = following(list(does), state)
        told["next"] = f"{after}: {does[after]}"
        if state == list(does)[-1]:
            told["next"] += ", unless the campaign ends"
    else:
        told["now"] = f"{state}: {status.reason}" if status.reason else str(state)
    if rule := settings.get("saturation"):
        told["saturation"] = _saturation(status, rule, store)
    told["budget"] = _budget(status, store)
    told["disk"] = status.disk.words
    if status.process:
        told["process"] = status.process
    if status.several_tiers:
        told["tiers"] = _tiers(status, store)
    if status.judgement:
        told["judge"] = _judge(status.judgement)
    if idle := _idle(status):
        told["idle"] = idle
    return told


def _tiers(status: Status, store: Store) -> str:
    starved, told = store.starved(), []
    for tier in status.tiers:
        cost = f" of about {duration(tier.cost_s)}" if tier.cost_s else ""
        queued = status.simulations.queued_by_protocol.get(tier.protocol, 0)
        more = f", {tier.running - queued} running" if tier.running > queued else ""
        more += f", {queued} in the queue" if queued else ""
        more += f", {tier.waiting} waiting" if tier.waiting else ""
        more += ", starved: it contributes nothing" if tier.protocol in starved else ""
        builds = counted(tier.done + tier.failed, "build")
        told.append(f"{tier.protocol}: {builds}{cost}, {duration(tier.cpu_s)} of CPU time{more}")
    return "; ".join(told)


def _judge(judgement: dict[str, Any]) -> str:
    fitted = ", ".join(f"{row['labels']} of {row['name']}" for row in judgement["sources"] if row["labels"])
    text = f"ranks by the {judgement['words']}, fitted to values of {judgement['iteration']} iterations: {fitted}"
    if judgement["widened"] > 1.005:
        text += f"; its standard deviations are widened by {judgement['widened']:.2f}, because values lay further off"
    if far := judgement.get("far_off"):  # earlier versions stored none
        named = joined([f"{row['smiles']} ({row['source']})" for row in far[:MOST_NAMED]])
        more = f" and {len(far) - MOST_NAMED} more" if len(far) > MOST_NAMED else ""
        text += f"; {counted(len(far), 'value')} far off what all others say: {named}{more}"
    return text


def stage_seconds_left(status: Status) -> float | None:
    """Estimate of the time (s) to the end of the present stage, from the rate of its simulations or its training; None
    without a rate."""
    return status.simulations.eta_s if _simulates(status) else status.training_left_s


def _simulates(status: Status) -> bool:
    now = status.simulations
    return bool(now.left)


def _details(status: Status) -> str:
    if _simulates(status):
        now = status.simulations
        more = f", {now.queued} in the queue" if now.queued else ""
        more += f", {now.failed} failed" if now.failed else ""
        if now.total_ahead:
            more += f"; {now.ended_ahead} of {now.total_ahead} of the next batch done"
        more += f"; {status.activity}" if status.activity and now.queued else ""
        return f" ({now.done} of {counted(now.total, 'replica')} done, {now.running} running{more})"
    return f" ({status.activity})" if status.activity else ""


def _saturation(status: Status, rule: dict[str, Any], store: Store) -> str:
    judged = [row.saturation for row in status.iterations if row.saturation]
    asked = f"above {rule['threshold']:.0%} with probability {rule['confidence']:g}"
    if rule["patience"] > 1:
        asked += f" in {rule['patience']} iterations in a row"
    if not judged:
        return f"asks for a duplicate rate {asked}, and that it has risen; no iteration is done yet"
    last = judged[-1]
    text = f"asks for a duplicate rate {asked}; "
    text += f"the rate of iteration {last['iteration']} is above it with probability {last['p_above']:.2f}"
    if last.get("count", "strings") == "polymers":
        text += f" ({last['known']} of {last['draws']} valid draws are known polymers)"
    else:
        text += f" ({last['duplicates']} of {last['new_strings']} new strings)"
    if last["p_risen"] is not None:
        text += f", risen with probability {last['p_risen']:.2f}"
    if last.get("short"):
        text += ", and the draws were used up"
    if last["chance_new"] is not None:
        text += f"; the next valid draw is a new polymer with probability {chance(last)}"
    if rule["patience"] > 1 and status.saturation:
        text += f"; {status.saturation.in_a_row} of {rule['patience']} iterations in a row have it so far"
    if left := (rule.get("escape") or [])[len(escapes(store)) :]:
        text += f"; before the end it may still try: {', '.join(left)}"
    return text


def chance(judgement: dict[str, Any]) -> str:
    """Good-Turing chance of a new polymer with its 90 % interval, as far as it was stored."""
    text = f"{judgement['chance_new']:.0%}"
    if "chance_new_low" in judgement:
        text += f" ({judgement['chance_new_low']:.0%} to {judgement['chance_new_high']:.0%})"
    return text


def _budget(status: Status, store: Store) -> str:
    budget = status.budget or {}
    used = {
        "iterations": status.iterations_ended,
        "simulations": store.simulations_done(),
        "hours": round((store.get("active_s") or 0.0) / 3600, 2),
    }
    parts = [f"{used[name]:g} of {limit:g} {name}" for name, limit in budget.items() if limit]
    return ", ".join(parts) if parts else "none is set"


def _idle(status: Status) -> str:
    name = argument(Path(status.folder))
    if status.hung:
        return (
            f"its process has given no heartbeat for {duration(status.heartbeat_age_s)} (more than "
            f"{duration(STALE_S)} means hung); end it with kill -9 {status.pid}, then autodisco resume "
            f"{name}"
        )
    if status.state == "paused":
        left = f"; its pilots go on until this is possible: {status.undone}" if status.undone else ""
        return f"paused by a person; autodisco resume {name} goes on{left}"
    if status.undone and status.state in END_STATES:
        return f"it has ended ({status.state}), and its pilots go on: {status.undone}; then autodisco stop {name} again"
    if status.state in END_STATES:
        if status.state in ("saturated", "settled", "exhausted"):
            return f"it has ended; with a larger budget or another saturation rule (autodisco set {name}) it can go on"
        return f"it was {status.state}; autodisco resume {name} goes on"
    if not status.alive:
        beat = status.heartbeat
        since = f", and none was seen for {duration(time.time() - beat)}" if beat else ""
        return f"no process runs it{since}; autodisco resume {name} goes on"
    if status.request:
        return f"{status.request} was asked for; it obeys at the next safe point"
    if status.trouble:
        return f"it waits for a fault to pass: {status.trouble}"
    if status.short_of_room:
        return f"no further replica is started: {status.short_of_room}"
    if status.waits_for_cores:
        return f"the next replica waits for cores of this machine: {status.waits_for_cores}"
    return ""
