"""The life of one polymer in a campaign: where it came from, what was decided about it, its replicas and its rank."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from autodisco.decide.decisions import AGAINST, decided
from autodisco.decide.measured import Measured, quantities_at_hand
from autodisco.decide.objective import Objective
from autodisco.decide.ranking import Ranked, with_properties
from autodisco.decide.standings import Standings
from autodisco.decide.stated import by_key, stated_with_place
from autodisco.errors import InputError
from autodisco.names import key_called, name_of
from autodisco.store import (
    Candidate,
    Event,
    Experiment,
    Polymer,
    Record,
    Replica,
    Store,
    TrainingSpan,
    at_one_moment,
)
from autodisco.text import duration, probability

KEY_LENGTH = 16
MOST_DRAWS = 5

WITHOUT_SIMULATION = "measured, not simulated here"
"""What is said of a polymer whose values are those of a laboratory alone."""

R = TypeVar("R")


@dataclass(frozen=True)
class Life(Record):
    """Everything a campaign holds about a polymer.

    Attributes
    ----------
    polymer : None where it was rejected
    draws, replicas : in order
    training : what the models learnt about it
    ranking : None without a simulated value
    measured : its values in tables that were added to the campaign
    models : number of the model from which each iteration of its draws was drawn
    journal : decisions about it
    protocol, force_field : of the simulations
    """

    objective: Objective
    key: str
    polymer: Polymer | None
    draws: list[Candidate]
    models: dict[int, int]
    replicas: list[Replica]
    training: list[TrainingSpan]
    ranking: Ranked | None
    measured: list[Experiment]
    journal: list[Event]
    protocol: str | None
    force_field: str | None

    def to_dict(self) -> dict[str, Any]:
        """The life as JSON can hold it."""
        fields = {name: value for name, value in vars(self).items() if name != "objective"}
        return fields | {"ranking": self.ranking.to_dict() if self.ranking else None}


@at_one_moment
def explain(store: Store, polymer: str) -> Life:
    """The life of a polymer, given as a repeat unit in any notation, by its key, its name in the
    campaign, or a common name.

    Raises InputError where the campaign does not know it.
    """
    key = store.key_called(polymer) or key_called(polymer) or _key(polymer)
    if life := life_of(store, key, Standings(store)):
        return life
    raise InputError(
        f"{store.folder}: this campaign has not met {polymer}; its report lists the polymers that it knows"
    )


def life_of(store: Store, key: str, standings: Standings) -> Life | None:
    """The life of the polymer with this key; None where the campaign has not met it. `standings` are those of now."""
    rows = standings.rows([key]) if key in standings.verdicts else []
    ranked = {key: next(with_properties(store, rows), None)}
    return next(iter(lives(store, standings.objective, ranked, store.replicas(key=key))), None)


def lives(
    store: Store, objective: Objective, ranked: Mapping[str, Ranked | None], replicas: Iterable[Replica]
) -> Iterator[Life]:
    """The lives of several polymers, by key with their row of the ranking, in this order; `replicas` are theirs.

    Keys that the campaign has not met are left out.
    """
    polymers, draws = store.polymers_by_key(ranked), _by(store.draws_of(ranked), lambda draw: draw.key or "")
    training, newest = _by(store.training_of(ranked), lambda entry: entry.key), store.last_model()
    journal, builds = _by(store.journal(), _subject), _by(replicas, lambda row: row.key)
    measured = by_key(store.experiments())
    model_of = cache(store.model_of)
    for key in ranked:
        row = polymers.get(key)
        if row is None and key not in draws and key not in measured:
            continue
        written = {draw.smiles for draw in draws.get(key, ())} | ({row.given, row.smiles} if row else set())
        events = [event for text in written for event in journal.get(text, ())]
        yield Life(
            objective=objective,
            key=key,
            polymer=row,
            draws=draws.get(key, []),
            models={draw.iteration: model_of(draw.iteration) for draw in draws.get(key, ())},
            replicas=builds.get(key, []),
            training=[
                replace(entry, last=min(entry.last, newest.iteration))
                for entry in training.get(key, ())
                if newest and entry.first <= newest.iteration
            ],
            ranking=ranked[key],
            measured=measured.get(key, []),
            journal=sorted(events, key=lambda event: event.id),
            protocol=store.get("protocol"),
            force_field=store.get("force_field"),
        )


def replicas_at_hand(store: Store, objective: Objective) -> Iterator[Replica]:
    """All replicas with no other properties than those that the ranking needs, which are kept at hand."""
    values = {(row.key, row.protocol): iter(row.done) for row in store.measured(quantities_at_hand(store, objective))}
    for row in store.replica_states():
        done = row.status == "done"
        yield Replica(**vars(row), properties=next(values[row.key, row.protocol], None) if done else None)


def _by(rows: Iterable[R], key: Callable[[R], str]) -> dict[str, list[R]]:
    """Rows in their order, by key."""
    found: dict[str, list[R]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _subject(event: Event) -> str:
    """The repeat unit that an event is about, if it is about one."""
    return event.subject.split(" replica ")[0]


def lines(life: Life) -> list[str]:
    """`explain` for people, in the order in which things happened."""
    row, text = life.polymer, []
    if row:
        name = name_of(life.key, row.name)
        name = f", {name}" if name else ""
        text.append(f"{row.given}{name}   canonical {row.smiles}   key {life.key}")
        known = {"seed": "known from the seeds", "dataset": "known from the data set", "grammar": "enumerated"}
        if row.source in known:
            text.append(f"  {known[row.source]}")
    else:
        text.append(f"{(life.draws or life.measured)[0].smiles}   key {life.key}")
    for draw in life.draws[:MOST_DRAWS]:
        where = f"iteration {draw.iteration}, draw {draw.draw}, from model {life.models[draw.iteration]}"
        text.append(f"  drawn as {draw.smiles} in {where}: {draw.verdict} ({draw.reason})")
    if more := Counter(draw.verdict for draw in life.draws[MOST_DRAWS:]):
        text.append(f"  drawn {more.total()} times more: {', '.join(f'{what} {n}' for what, n in more.items())}")
    if row:
        text += [f"  flagged {flag['name']}: {flag['reason']}" for flag in row.flags]
        if score := row.scores.get("sa_score"):
            text.append(f"  synthetic accessibility {score:.2f} (1 easy, 10 hard)")
    if life.ranking and (weak := life.ranking.force_field_flags):
        text.append(f"  the force field is weak here: {', '.join(weak)}")
    text += [f"  measured: {stated_with_place(row)}" for row in life.measured]
    text += [
        f"  {_replica(replica, life.objective)}   (protocol {replica.protocol}, {life.force_field})"
        for replica in life.replicas
    ]
    if ranked := life.ranking:
        against = ""
        if ranked.violated:
            against = f", excluded: violates {', '.join(ranked.violated)}"
        elif ranked.p_better is not None:
            chance = probability(ranked.p_better)
            against = f", {AGAINST[ranked.verdict or 'tie']} (better with probability {chance})"
        text.append(f"  {_measured(ranked)}: rank {ranked.rank}{against}")
        text += _expected(ranked)
    else:
        text.append(f"  {WITHOUT_SIMULATION if life.measured else 'it has no value'}")
    for entry in life.training:
        first, last = entry.first, entry.last
        which = f"model {first}" if first == last else f"models {first} to {last}"
        text.append(f"  {which} learnt it as {entry.label}, weight {entry.weight:g}: {entry.why}")
    if life.journal:
        text.append("  decisions:")
    for event in life.journal:
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time))
        reason = f" ({event.why})" if event.why else ""
        outcome = f": {decided(event)}" if event.decided else ""
        text.append(f"    {moment}  {event.event} {event.subject}{outcome}{reason}")
    return text


def _measured(row: Ranked) -> str:
    """Measured values, those of several protocols with their names."""

    def told(one: Measured, with_protocol: bool) -> str:
        origin = "simulations" if one.origin == "simulated" else one.origin
        at = f" at {one.protocol}" if with_protocol else ""
        return f"{row.objective.shown(one.value, one.sem)} from {origin}{at}"

    return ", ".join(told(one, len(row.tiers) > 1) for one in reversed(row.tiers))


def _expected(row: Ranked) -> list[str]:
    """The expected value, what it is, and what moved it."""
    text = [f"  expected ({row.expected_from}), 90 %: {row.objective.with_unit(row.interval)}"]
    if row.p_best is not None:
        decades = " decades" if row.objective.scale.floor is not None else ""
        first, *others = row.moved.items()
        moves = "".join(f", {name} {by:+.2f}" for name, by in others if abs(by) >= 0.005)
        text.append(
            f"  {first[0]} {first[1]:.2f}{moves}{decades}; among the best with chance {probability(row.p_best)}"
        )
    return text


def _replica(row: Replica, objective: Objective) -> str:
    head = f"replica {row.replica}" + (f", attempt {row.attempt + 1}" if row.attempt else "")
    if row.properties is not None:
        value = objective.shown(objective.value(row.properties))
        early = f" (stopped early: {censored} the reference)" if (censored := row.properties.get("censored")) else ""
        return f"{head}: {value}{early}, {row.atoms} atoms, {duration(row.cpu_s)} of CPU time"
    if row.status == "failed":
        return f"{head}: failed, {row.failure_code} ({row.detail})"
    return f"{head}: {row.status}"


def _key(polymer: str) -> str:
    if len(polymer) == KEY_LENGTH and not set(polymer) - set("0123456789abcdef"):
        return polymer
    from autodisco.polymer import ORGANIC_ELEMENTS, read_material  # slow to import; what is known by name does without

    try:
        return read_material(polymer, ORGANIC_ELEMENTS).key
    except InputError as error:
        raise InputError(f"{polymer!r}: no name or key in this campaign, and no repeat unit: {error}") from None
