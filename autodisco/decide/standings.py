"""The ranking: which polymers have a value, and where they stand by what is believed of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from autodisco.analysis import BETTER_PROBABILITY, Belief
from autodisco.analysis.belief import Z_90
from autodisco.decide.measured import Found, Measured, compared, surrogate_of, values_found, wanted_of
from autodisco.decide.objective import Objective
from autodisco.decide.ranking import Ranked
from autodisco.names import name_of
from autodisco.store import Believed, Polymer, Store


class Standings:
    """Which polymers of a store have a value, in the order of what is believed of them.

    The posterior says it as of its last fit. Before the first one, and in a campaign without, the builds do; before
    the first fit they give an order and no verdict. The rows of the ranking are made when they are asked for, because a
    reader at a glance needs few of them.

    Attributes
    ----------
    wanted, objective : what the campaign wants, and by what it ranks
    keys : of the polymers, best first
    verdicts : on each polymer against the reference (`Ranked.verdict`)
    """

    def __init__(self, store: Store):
        self._store, self.wanted = store, wanted_of(store)
        self.objective = self.wanted.objective
        self._found = values_found(store, self.objective)
        self._order = [tier.protocol for tier in store.tiers()]
        self._reference = store.get("reference_key", "")
        self._constraints = self.wanted.constraints
        said = store.beliefs()
        self._beliefs = (
            _posterior(self.objective, said, self._reference) if said else _beliefs(store, self.objective, self._found)
        )
        self._p_best = {key: row.p_best for key, row in said.items()}
        judgement = store.get("judgement") or {}
        self._from = judgement["words"] if said else f"builds of all polymers, protocol {store.get('protocol')}"
        self._violated = self._violations() if self._constraints else {}
        self.keys = self._sorted([key for key in self._found if key in self._beliefs])
        self._ranks = {key: rank for rank, key in enumerate(self.keys, 1)}
        settings = (store.get("settings") or {}).get("acquire", {})
        threshold = settings.get("better_probability", BETTER_PROBABILITY)
        self.verdicts = {key: self._verdict(key, threshold) for key in self.keys}

    @property
    def reference(self) -> str | None:
        """Key of the reference, if it has a value."""
        return self._reference if self.verdicts.get(self._reference) == "reference" else None

    def belief(self, key: str) -> Belief:
        """What is believed of a polymer."""
        return self._beliefs[key]

    def measured(self, key: str) -> Measured:
        """What a polymer was measured to have at the highest tier that gave a value."""
        return self._tiers(key)[-1]

    def rows(self, keys: Sequence[str] | None = None) -> list[Ranked]:
        """Rows of the ranking, of all polymers or some."""
        keys = self.keys if keys is None else keys
        polymers, moved = self._store.polymers_by_key(keys), self._store.moved(keys)
        return [self._row(polymers[key], moved.get(key, {})) for key in keys]

    def _row(self, polymer: Polymer, moved: Mapping[str, float]) -> Ranked:
        key = polymer.key
        tiers, belief = self._tiers(key), self._beliefs[key]
        against, low, high = belief.against or (None, None, None)
        highest = tiers[-1]
        return Ranked(
            **vars(highest),
            objective=self.objective,
            key=key,
            name=name_of(key, polymer.name),
            monomer_smiles=polymer.given,
            source=polymer.source,
            iteration=polymer.iteration,
            flags=polymer.flags,
            scores=polymer.scores,
            force_field_flags=highest.properties.get("force_field_flags") or [],
            violated=self._violated.get(key, []),
            tiers=tiers,
            rank=self._ranks[key],
            expected=belief.median,
            expected_low=belief.low,
            expected_high=belief.high,
            p_better=belief.p_better,
            against_reference=against,
            against_reference_low=low,
            against_reference_high=high,
            verdict=self.verdicts[key],
            expected_from=self._from,
            p_best=self._p_best.get(key),
            moved=moved,
        )

    def _tiers(self, key: str) -> tuple[Measured, ...]:
        found = self._found[key]
        return tuple(found[protocol].measured() for protocol in self._order if protocol in found)

    def _violations(self) -> dict[str, list[str]]:
        """Constraints that each polymer violates, by what was measured and by its structure."""
        of_structure = any(one.structure for one in self._constraints)
        polymers = self._store.polymers_by_key(list(self._found)) if of_structure else {}
        found = {}
        for key in self._found:
            known = {**self.measured(key).properties, **(polymers[key].scores if of_structure else {})}
            found[key] = [one.bounds for one in self._constraints if one.excludes(known)]
        return found

    def _sorted(self, keys: Sequence[str]) -> list[str]:
        """By belief; measured values decide between polymers of which the same is believed."""
        same = Counter(self._beliefs[key].median for key in keys)
        worth = self.objective.worth

        def place(key: str) -> tuple[bool, float, float, str]:
            median = self._beliefs[key].median
            value = -worth(self.measured(key).value) if same[median] > 1 else 0.0
            return bool(self._violated.get(key)), -worth(median), value, key

        return sorted(keys, key=place)

    def _verdict(self, key: str, threshold: float) -> str | None:
        if key == self._reference:
            return "reference"
        p_better = self._beliefs[key].p_better
        if self._violated.get(key):
            return "excluded"
        if p_better is None:
            return None
        return "better" if p_better >= threshold else "worse" if p_better <= 1 - threshold else "tie"


def ranking(store: Store) -> list[Ranked]:
    """Polymers with a value, by what is believed of them, best first."""
    return Standings(store).rows()


class LatestStandings:
    """`Standings` of an open store, made again only after their input has changed: for readers that look often."""

    def __init__(self, store: Store):
        self._store = store
        self._seen: tuple[Any, ...] | None = None
        self._standings: Standings | None = None

    def __call__(self) -> Standings:
        """The standings as of now."""
        seen = self._store.values_seen()
        names = ("tiers", "force_field", "reference_key", "settings", "judgement")
        seen = (*seen, *map(self._store.get, names))
        if self._standings is None or seen != self._seen:
            self._standings, self._seen = Standings(self._store), seen
        return self._standings


def _posterior(objective: Objective, said: Mapping[str, Believed], reference: str) -> dict[str, Belief]:
    """What the posterior said last, in the unit of the objective."""
    value, at = objective.scale.value, said.get(reference)

    def against(row: Believed) -> tuple[float, float, float] | None:
        if at is None or not row.difference_sd or objective.target is not None:
            return None
        off, width, apart = row.mean - at.mean, Z_90 * row.difference_sd, objective.scale.apart
        return apart(off), apart(off - width), apart(off + width)

    return {
        key: Belief(
            value(row.mean), value(row.mean - Z_90 * row.sd), value(row.mean + Z_90 * row.sd), row.p_better,
            against(row),
        )
        for key, row in said.items()
    }  # fmt: skip


def _beliefs(store: Store, objective: Objective, found: Mapping[str, Mapping[str, Found]]) -> Mapping[str, Belief]:
    """What the builds of all polymers at the first tier say together; which is better, a posterior says if there will
    be one."""
    # Loaded here, because a campaign with a posterior does without it.
    from autodisco.analysis.shrinkage import beliefs

    comparison, reference = compared(store, objective, found, store.tiers()[0].protocol), store.get("reference_key", "")
    said = beliefs(comparison, reference, objective.spread, lower_is_better=objective.lower_is_better)
    if objective.target is None and surrogate_of(store) is None:
        return said
    return {key: replace(one, p_better=None) for key, one in said.items()}  # only a posterior says which is nearer
