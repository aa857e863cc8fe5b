"""The course of a campaign over its iterations: the best polymer so far, and the chance that the next one is new."""

from collections.abc import Mapping
from dataclasses import dataclass

from autodisco.decide.standings import Standings
from autodisco.store import Chance, Record, Store


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
