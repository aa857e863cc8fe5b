"""Selection: which candidates of an iteration are simulated.

The rule of the campaign file is a subclass of `Selection`, chosen by name or by the path of a file. The rules of the
program are in `autodisco.decide.selections`, one file each.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from autodisco.arrays import Floats
from autodisco.decide.objective import Objective
from autodisco.decide.outlook import Aim, Outlook, canonical
from autodisco.decide.ranking import Ranked
from autodisco.errors import InputError
from autodisco.registry import Registry
from autodisco.store import Candidate

if TYPE_CHECKING:
    from autodisco.surrogate import Posterior


LEAST_ALLOWED = 0.1
"""Chance to fulfil all constraints below which a candidate is left out."""


@dataclass(frozen=True)
class Choice:
    """What a selection chooses from.

    Attributes
    ----------
    candidates : polymers that passed the filter and have not been simulated: new ones of the iteration in the order in
        which they were drawn, then those that earlier iterations left in the pool, the latest first
    most : how many of them may be chosen, 1 or more
    objective
    ranked : polymers with a value, best first
    rng : random numbers that depend on the seed of the campaign and the iteration only
    posterior : what is believed of every polymer, on the scale of the objective; None before there is one
    further : further objectives with what is believed of them, for rules that weigh several
    constraints : the same of constraints
    """

    candidates: Sequence[Candidate]
    most: int
    objective: Objective
    ranked: Sequence[Ranked]
    rng: np.random.Generator
    posterior: "Posterior | None" = None
    further: Sequence[Aim] = ()
    constraints: Sequence[Aim] = ()

    @cached_property
    def units(self) -> list[str]:
        """Canonical repeat unit of each candidate."""
        return canonical(row.smiles for row in self.candidates)

    @cached_property
    def measured(self) -> list[str]:
        """Canonical repeat unit of each polymer with a value."""
        return canonical(row.monomer_smiles for row in self.ranked)

    def allowed(self) -> "Choice":
        """The same without the candidates that probably violate a constraint: those whose chance to fulfil all is below
        `LEAST_ALLOWED`. Of these the ones with the highest chance stay where fewer than `most` would be left."""
        if not self.constraints:
            return self
        chance = np.ones(len(self.candidates))
        for aim in self.constraints:
            chance *= chance_within(aim, self.units)
        order = np.argsort(-chance, kind="stable")
        kept = np.sort(order[: max(self.most, int((chance >= LEAST_ALLOWED).sum()))])
        return replace(self, candidates=[self.candidates[place] for place in kept])

    @cached_property
    def outlooks(self) -> list[Outlook]:
        """The candidates as each aim sees them, the objective of the campaign first; none without a posterior."""
        if self.posterior is None:
            return []
        aims = [Aim(self.objective, self.posterior), *self.further]
        return [Outlook(aim, self.units, self.measured) for aim in aims]


def chance_within(aim: Aim, units: Sequence[str]) -> Floats:
    """Chance of each repeat unit to lie within the bounds of a constraint, shape (n,)."""
    from scipy.special import ndtr  # here, because settings load this module

    one, seen = aim.objective, aim.posterior.predict(units)
    sd = np.maximum(seen.sd, 1e-12)
    above = np.zeros(len(units)) if one.at_least is None else ndtr((one.scale.place(one.at_least) - seen.mean) / sd)
    below = np.ones(len(units)) if one.at_most is None else ndtr((one.scale.place(one.at_most) - seen.mean) / sd)
    chances: Floats = np.maximum(below - above, 0.0)
    return chances


class Selection(ABC):
    """Base class of rules that choose candidates. It is made without arguments."""

    by_posterior: ClassVar[bool] = False
    """Whether it judges candidates by the posterior. An iteration then draws a pool for it by default."""

    @abstractmethod
    def select(self, choice: Choice) -> Sequence[Candidate]:
        """The candidates to simulate, one or more."""


SELECTIONS: Registry[type[Selection]] = Registry(
    "selections",
    "selection",
    {
        "batch-ucb": "autodisco.decide.selections.batch_ucb:BatchUcb",
        "greedy": "autodisco.decide.selections.greedy:Greedy",
        "thompson": "autodisco.decide.selections.thompson:Thompson",
        "expected-improvement": "autodisco.decide.selections.expected_improvement:ExpectedImprovement",
        "chebyshev-ucb": "autodisco.decide.selections.chebyshev_ucb:ChebyshevUcb",
        "ehvi": "autodisco.decide.selections.ehvi:Ehvi",
        "diverse": "autodisco.decide.selections.diverse:Diverse",
        "paper": "autodisco.decide.selections.paper:Paper",
        "random": "autodisco.decide.selections.chance:Chance",
    },
    Selection,
)


def selected(name: str, choice: Choice) -> list[Candidate]:
    """The candidates that the selection `name` chooses, in the order of the choice.

    Raises InputError if it chooses none, more than `most`, or something that is no candidate.
    """
    draws = {(row.iteration, row.draw) for row in SELECTIONS.get(name)().select(choice)}
    chosen = [row for row in choice.candidates if (row.iteration, row.draw) in draws]
    if not 0 < len(draws) == len(chosen) <= choice.most:
        raise InputError(
            f"selection '{name}' chose {len(draws)} draws, of which {len(chosen)} are candidates; allowed are 1 to "
            f"{choice.most} of the {len(choice.candidates)} candidates"
        )
    return chosen
