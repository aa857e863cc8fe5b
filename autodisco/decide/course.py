"""The course of a campaign over its iterations: the best polymer so far, the chance that the next one is new, and the
distance to saturation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autodisco.decide.standings import Standings
from autodisco.store import Chance, IterationProgress, Record, Store, last_escape


@dataclass(frozen=True)
class Leader(Record):
    """A polymer that was the best of all that the campaign had found up to an iteration.

    What is believed of it is what is believed now: values that came later are part of it.

    Attributes
    ----------
    iteration : from which on it was the best
    expected, low, high : median and interval of 90 %, in the unit of the objective
    """

    iteration: int
    key: str
    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class Course(Record):
    """Leaders in the order of iterations, and the chance of a new polymer in each iteration that was judged."""

    leaders: list[Leader]
    chances: list[Chance]


@dataclass(frozen=True)
class Saturation(Record):
    """What the saturation rule asks for, and what it saw last.

    Attributes
    ----------
    threshold, confidence, patience : settings of the rule
    iteration : that was judged last
    known, draws : that many of the draws that count are known polymers
    p_above, p_risen : probability that this rate is above the threshold, and above that of the first iteration
    in_a_row : that many of the last iterations fulfil the rule
    chance_new, chance_new_low, chance_new_high : chance that the next valid draw is a new polymer, with its interval
    """

    threshold: float
    confidence: float
    patience: int
    iteration: int
    known: int
    draws: int
    p_above: float
    p_risen: float | None
    in_a_row: int
    chance_new: float | None
    chance_new_low: float | None
    chance_new_high: float | None


def course(store: Store, standings: Standings, generated: Mapping[str, int]) -> Course:
    """The course of a campaign; `generated` are the iterations of the polymers that it found, by key."""
    return Course(leaders(standings, generated), store.chances())


def leaders(standings: Standings, generated: Mapping[str, int]) -> list[Leader]:
    """Polymers that led, those of earlier iterations first; excluded ones lead nothing."""
    found: list[Leader] = []
    for key in standings.keys:  # best first: a polymer leads until the iteration of the one before it in the list
        iteration = generated.get(key)
        excluded = standings.verdicts[key] == "excluded"
        if iteration is None or excluded or (found and iteration >= found[-1].iteration):
            continue
        belief = standings.belief(key)
        found.append(Leader(iteration, key, belief.median, belief.low, belief.high))
    return found[::-1]


def saturation(store: Store, rule: Mapping[str, Any], iterations: Sequence[IterationProgress]) -> Saturation | None:
    """How far the last of these iterations is from the end of the campaign by its rule; None before one was judged."""
    judged = [row for row in iterations if "p_above" in (row.saturation or {})]
    if not rule or not judged:
        return None
    last, escaped = judged[-1], last_escape(store)
    seen = last.saturation or {}
    known, draws = last.known
    highs = [bool((row.saturation or {}).get("high")) for row in judged if row.n > escaped]
    return Saturation(
        threshold=rule["threshold"],
        confidence=rule["confidence"],
        patience=rule["patience"],
        iteration=last.n,
        known=known,
        draws=draws,
        p_above=seen["p_above"],
        p_risen=seen.get("p_risen"),
        in_a_row=next((n for n, high in enumerate(reversed(highs)) if not high), len(highs)),
        chance_new=seen.get("chance_new"),
        chance_new_low=seen.get("chance_new_low"),
        chance_new_high=seen.get("chance_new_high"),
    )
