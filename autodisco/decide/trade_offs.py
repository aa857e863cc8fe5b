"""Several objectives judged together: chances by draws from their posteriors, which are independent of each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodisco.arrays import Bools, Floats, Indices
from autodisco.decide.outlook import Aim, Outlook, first_places
from autodisco.decide.pareto import best_by_rank, dominating, front_places, hypervolume, ranks

DRAWS = 200
MOST_DRAWN = 1500
"""Polymers that are compared in joint draws, front by front of their means plus two standard deviations; time grows
with the square of their number. The chances of the others are 0."""

MOST_KEPT = 300
"""Rows of a front that are kept, the surest ones."""


class TradeOffs:
    """Polymers as several aims see them.

    Attributes
    ----------
    units : canonical repeat units, n of them
    means : what each is expected to be worth in each aim, larger is better; shape (n, aims)
    near : places of those that are compared in draws
    """

    def __init__(self, aims: Sequence[Aim], units: Sequence[str]):
        self.units, self._outlooks = units, [Outlook(aim, units) for aim in aims]
        self.means: Floats = np.stack([outlook.moments[0] for outlook in self._outlooks], axis=1)
        self.near = _hopeful(np.stack([outlook.upper(2.0) for outlook in self._outlooks], axis=1))

    def draws(self, seed: int | Sequence[int]) -> Floats:
        """Draws of what the polymers at `near` are worth, shape (DRAWS, k, aims)."""
        rng = np.random.default_rng(seed)
        return np.stack([outlook.draws(self.near, DRAWS, rng) for outlook in self._outlooks], axis=2)

    def chances_on_front(self, seed: int | Sequence[int]) -> Floats:
        """Chance of each polymer that none of the others dominates it, shape (n,)."""
        return self._shares([ranks(draw) == 0 for draw in self.draws(seed)])

    def chances_among_best(self, most: int, seed: int | Sequence[int]) -> Floats:
        """Chance of each polymer to be among the best `most` by the number of its front (`best_by_rank`), (n,)."""
        return self._shares([best_by_rank(draw, most) for draw in self.draws(seed)])

    def on_front(self) -> Bools:
        """Which polymers none dominates by what is expected, shape (n,)."""
        found = np.zeros(len(self.units), dtype=bool)
        found[front_places(self.means)] = True
        return found

    def _shares(self, hits: Sequence[Bools]) -> Floats:
        chances = np.zeros(len(self.units))
        chances[self.near] = np.mean(hits, axis=0)
        return chances


def _hopeful(upper: Floats) -> Indices:
    """Places of at most about `MOST_DRAWN` points, whole fronts at a time."""
    left, found = np.arange(len(upper)), np.empty(0, dtype=np.int64)
    if len(upper) <= MOST_DRAWN:
        return left
    while len(found) < MOST_DRAWN:
        places = front_places(upper[left])
        found, left = np.concatenate([found, left[places]]), np.delete(left, places)
    return np.sort(found)


def chance_front_settled(
    aims: Sequence[Aim], known: Sequence[str], others: Sequence[str], seed: int | Sequence[int], margin: float
) -> float:
    """Probability that no polymer outside of the front of the `known` ones belongs to it.

    The front is that of the expected values. In a draw it is settled if every other polymer is dominated by one of the
    front once its values are lowered by `margin`, which counts in decades of a conductivity and for other objectives
    in proportion to their spread.

    Returns
    -------
    float
        1 without others, 0 without known ones.
    """
    if not known:
        return 0.0
    leading = set(np.array(known)[TradeOffs(aims, known).on_front()].tolist())
    outside = [unit for unit in dict.fromkeys([*known, *others]) if unit not in leading]
    if not outside:
        return 1.0
    every = TradeOffs(aims, [*sorted(leading), *outside])
    slack = margin * np.array([aim.objective.relative_spread for aim in aims])
    inside = np.array([every.units[place] in leading for place in every.near.tolist()])
    settled = [dominating(draw[inside], draw[~inside] - slack).any(axis=0).all() for draw in every.draws(seed)]
    return float(np.mean(settled))


def front_rows(
    aims: Sequence[Aim], units: Mapping[str, str], given: Mapping[str, str], seed: Sequence[int]
) -> dict[str, Any]:
    """What the store keeps of the front of polymers (`autodisco.decide.front`), whose repeat units are canonical and as
    given, both by key."""
    keys, smiles = list(units), list(units.values())
    together = TradeOffs(aims, smiles)
    chances, leading = together.chances_on_front(seed), together.on_front()
    said = [aim.posterior.predict(smiles) for aim in aims]
    ends = [
        [aim.objective.scale.values(end).tolist() for end in (seen.mean, seen.low, seen.high)]
        for aim, seen in zip(aims, said, strict=True)
    ]
    order = [place for place in first_places(chances + leading, MOST_KEPT).tolist() if chances[place] or leading[place]]
    scaled = together.means / np.maximum(together.means.std(axis=0), 1e-12)
    return {
        "columns": [aim.objective.column for aim in aims],
        "hypervolume": hypervolume(scaled, scaled.mean(axis=0) - 1.0),
        "of": len(keys),
        "rows": [
            {
                "key": keys[place],
                "monomer_smiles": given[keys[place]],
                "p_front": round(float(chances[place]), 4),
                "on_front": bool(leading[place]),
                "values": [[end[place] for end in of_aim] for of_aim in ends],
            }
            for place in order
        ],
    }
