"""Judging: the posterior is fitted to all values so far, and what it says of every polymer is written into the store.

It is done before the first model, at `acquire`, and where a campaign is left in the middle of an iteration, so that
values count in the ranking which it ends with. Values that came are compared with what was said before they came.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodisco.decide import ranking
from autodisco.decide.front import FRONT
from autodisco.store import Candidate, Forecast, Store
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.decide import Objective
    from autodisco.decide.judge import Judge  # with RDKit and SciPy, which a process loads where it judges


LEAST_AGREEMENT = 0.4
"""Rank correlation with a random forest below which the two disagree."""


def judge(store: Store) -> "Judge | None":
    """Judge by the values so far, unless that was done; None without a posterior."""
    from autodisco.decide.judge import forecasts, judged

    found = judged(store)
    if found is None:
        return None
    seen = list(store.values_seen())
    if (store.get("judgement") or {}).get("seen") == seen:
        return found
    came, told = forecasts(found, store), (store.get("judgement") or {}).get("far_off", [])
    with store.transaction():
        store.add_forecasts(came)
        if came:
            _note_calibration(store, came)
            found = judged(store) or found  # what came may widen it
        _write(store, found, seen)
        _note(store, found)
        _check(store, found)
        _note_far_off(store, found.objective, told)
    return found


def _note_far_off(store: Store, objective: "Objective", told: Sequence[Mapping[str, Any]]) -> None:
    """Journal values that lie far off what all others say of them, each once."""
    for one in store.get("judgement")["far_off"]:
        if any((one["smiles"], one["source"]) == (old["smiles"], old["source"]) for old in told):
            continue
        value, expected = (objective.scale.value(one[name]) for name in ("value", "expected"))
        seen = {"source": one["source"], objective.columns["value"]: value, objective.columns["expected"]: expected}
        why = f"it lies {abs(one['off']):.0f} times as far off what all others say as is usual; is its unit right?"
        store.note("far off", one["smiles"], seen, "use the value, and show it in the report", why)


def _check(store: Store, found: "Judge") -> None:
    """Ask a random forest about the polymers that wait, and journal it if it ranks them quite otherwise."""
    from autodisco.decide.judge import forest_agreement
    from autodisco.decide.outlook import canonical

    units = canonical(row.smiles for row in store.waiting())
    agreement = forest_agreement(found, store.get("protocol"), units)
    if agreement is not None and agreement < LEAST_AGREEMENT:
        seen = {"polymers": len(units), "rank correlation": round(agreement, 3)}
        why = "a random forest on the same descriptors, fitted to the builds alone, ranks the pool otherwise"
        store.note("check", f"iteration {store.get('iteration')}", seen, "go on with the posterior", why)


def judge_again(store: Store) -> None:
    """Write what the posterior said at the end of the present iteration into a store that forgot what came later."""
    from autodisco.decide.judge import judged

    store.set(judgement=None)
    if found := judged(store):
        _write(store, found, list(store.values_seen()))


def _write(store: Store, found: "Judge", seen: list[Any]) -> None:
    store.set(judgement={"seen": seen, **_facts(found, store)})
    write_estimates(store, found, store.waiting())
    _write_front(store, found)


def _write_front(store: Store, found: "Judge") -> None:
    """Write the front of a campaign with several objectives: of polymers with a value that violate no constraint."""
    from autodisco.decide.judge import further_aims
    from autodisco.decide.outlook import Aim, canonical
    from autodisco.decide.trade_offs import front_rows

    further = further_aims(store)
    rows = [row for row in ranking(store) if not row.violated] if further else []
    if not rows:
        store.set(**{FRONT: None})
        return
    given = {row.key: row.monomer_smiles for row in rows}
    units = dict(zip(given, canonical(given.values()), strict=True))
    aims = [Aim(found.objective, found.posterior), *further]
    seed = [store.get("seed") or 0, store.get("iteration") or 0]
    store.set(**{FRONT: front_rows(aims, units, given, seed)})


def write_estimates(store: Store, found: "Judge", pool: Sequence[Candidate]) -> None:
    """Write what a judge says of polymers with a value, of those in the pool, and of those whose values are to come."""
    from autodisco.decide.judge import estimates

    best = store.get("settings")["surrogate"]["best"]
    store.write_estimates(estimates(found, store, [*pool, *store.awaited()], best))


def _facts(found: "Judge", store: Store) -> dict[str, Any]:
    """What readers of the store want to know of a judge."""
    from autodisco.surrogate import far_off

    by = found.posterior.hyperparameters
    return {
        "iteration": store.get("iteration"),
        "target": found.target,
        "words": found.words,
        "best": store.get("settings")["surrogate"]["best"],
        "widened": found.posterior.widened,
        "widened_by_forecasts": found.widened,
        "far_off": [vars(one) for one in far_off(found.posterior, found.labels)],
        "sources": [
            {
                "name": source.name,
                "kind": source.kind,
                "labels": sum(label.source == source.name for label in found.labels),
                "offset": float(by.offset[n]),
                "slope": float(by.slope[n]),
                "systematic": float(np.sqrt(by.systematic[n])),
                "scatter": float(np.sqrt(by.noise[n])),
            }
            for n, source in enumerate(found.sources)
        ],
    }


def _note(store: Store, found: "Judge") -> None:
    seen = dict(Counter(label.source for label in found.labels))
    iteration = store.get("iteration")
    why = "all values so far in one model" + (
        f"; standard deviations are widened by {found.posterior.widened:.2f}" if found.posterior.widened > 1 else ""
    )
    store.note("judged", f"iteration {iteration}", seen, f"rank by the {found.words}", why)


def _note_calibration(store: Store, came: Sequence[Forecast]) -> None:
    """Journal how far values lie from what was said before they came, those of now and all so far."""
    from autodisco.decide.judge import widened_by
    from autodisco.surrogate import coverage

    every = store.forecasts()
    z = np.array([row.z for row in every])
    seen = {
        "values": len(came),
        "within their 90 % now": sum(row.within for row in came),
        "values so far": len(every),
        "within their 90 % so far": round(coverage(z), 3),
        "root mean square of z": round(float(np.sqrt(np.mean(z**2))), 3),
    }
    factor = widened_by(every)
    decided = (
        f"widen standard deviations by {factor:.2f}" if factor > 1.005 else "leave standard deviations as they are"
    )
    store.note(
        "calibration", f"iteration {store.get('iteration')}", seen, decided, counted(len(came), "value") + " came"
    )
