"""filter: every new string gets a verdict with a reason; those that are new polymers are candidates for simulation.

If there are too few, more is drawn, up to `generate.max_draws`. Whether the campaign is saturated is decided after
`retrain`.
"""

import contextlib
from collections import Counter
from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.faults import check_faults, kept
from autodisco.campaign.judging import judge
from autodisco.campaign.pool import has_pool, waiting, wanted_new
from autodisco.campaign.replicas import finish
from autodisco.campaign.saturation import judge_last
from autodisco.campaign.scores import calculate
from autodisco.campaign.stages.stage import NEXT, Event, Stage
from autodisco.campaign.states import advance
from autodisco.errors import AutodiscoError
from autodisco.polymer import Material, RepeatUnit, flags_of, read_material, scores_of
from autodisco.store import FAULT, Candidate, Store
from autodisco.text import counted


def filter_candidates(campaign: Campaign, store: Store) -> None:
    """Judge the new strings in the order of the draws, then draw more, or go on with or without simulations."""
    settings = campaign.settings
    iteration = store.get("iteration")
    short = nothing = False
    _calculate(campaign, store, iteration)
    with store.transaction():
        known = store.known_keys()
        for draw in store.candidates(iteration, "drawn"):
            try:
                _judge(campaign, store, draw, known)
            except (OSError, MemoryError, AutodiscoError):
                raise
            except Exception as error:
                why = kept(campaign.folder, error, "filter", draw.smiles)
                store.set_verdict(iteration, draw.draw, FAULT, why)
                store.note("fault", draw.smiles, {}, "do not simulate", why)
            known.add(draw.key or "")
        rows = store.candidates(iteration)
        new = sum(row.verdict in store.new_string_verdicts() for row in rows)
        check_faults(campaign, [row.reason for row in rows if row.verdict == FAULT], new)
        counts = Counter(row.verdict for row in rows)
        seen = {"draws": len(rows), **counts}
        survivors = [row for row in rows if row.verdict == "new"]
        size = wanted_new(campaign, store)
        least = size if settings.generate.until == "survivors" else 1
        if len(survivors) < least and len(rows) < settings.generate.max_draws:
            missing = size - len(survivors)
            store.note("filtered", f"iteration {iteration}", seen, f"draw for {missing} more", "too few survive")
            advance(store, "short")
            short = True
        elif survivors or waiting(campaign, store):
            verb = "choose from a pool with" if has_pool(campaign) else "simulate"
            decided = f"{verb} {counted(len(survivors), 'new polymer')}"
            enough = "every string has its verdict" if least == 1 else "as many as wanted"
            why = enough if len(survivors) >= least else f"max_draws = {settings.generate.max_draws} is reached"
            store.note("filtered", f"iteration {iteration}", seen, decided, why)
            advance(store, "filled")
        else:
            nothing = True
    if nothing:
        _nothing_left(campaign, store, iteration, counts)
    if not short:
        duplicates = counted(counts["duplicate-symmetry"], "symmetry duplicate")
        found = f"{counted(len(survivors), 'new polymer')} in {counted(len(rows), 'draw')}"
        campaign.say(f"{found} of iteration {iteration}, {duplicates}")


def _nothing_left(campaign: Campaign, store: Store, iteration: int, counts: Counter[str]) -> None:
    """No draw of this iteration is a candidate. If most are known polymers, the saturation rule decides after
    `retrain`; otherwise the campaign ends."""
    duplicates = counts["duplicate-string"] + counts["duplicate-symmetry"]
    unusable = counts["invalid"] + counts["rejected"] + counts[FAULT]
    total = duplicates + unusable
    split = f"{counted(duplicates, 'known polymer')}, {counts['invalid']} invalid, {counts['rejected']} rejected"
    split += f", {counts[FAULT]} at which the program failed" if counts[FAULT] else ""
    reason = f"none of {total} draws of iteration {iteration} is a new polymer to simulate ({split})"
    if duplicates >= unusable:
        with store.transaction():
            store.note("filtered", f"iteration {iteration}", dict(counts), "ask the saturation rule", reason)
            advance(store, "none-new")
        return
    finish(campaign, store)
    judge(store)
    with store.transaction():
        judgement = judge_last(campaign, store, 1)[-1].to_dict()
        store.note("end", f"iteration {iteration}", {**counts, **judgement}, "nothing-usable", reason)
        store.end_iteration(iteration, dict(counts), judgement)
        advance(store, "nothing-usable", reason)


def _calculate(campaign: Campaign, store: Store, iteration: int) -> None:
    """Values of the structure of the new strings to which nothing else objects, before each is judged."""
    if not any(one.structure for one in campaign.wanted.every):
        return
    known, texts = store.known_keys(), []
    for draw in store.candidates(iteration, "drawn"):
        if draw.key in known:
            continue
        known.add(draw.key or "")
        with contextlib.suppress(Exception):  # judging meets it again, and tells it
            unit = read_material(draw.smiles)
            if not _objection(campaign, unit, _flags(campaign, unit), scores_of(unit)):
                texts.append(unit.smiles)
    calculate(campaign, texts)


def _flags(campaign: Campaign, unit: Material) -> list[dict[str, Any]]:
    return [flag.to_dict() for flag in flags_of(unit, campaign.settings.filter.stability_rules())]


def _judge(campaign: Campaign, store: Store, draw: Candidate, known: set[str]) -> None:
    iteration, number, key = draw.iteration, draw.draw, draw.key
    assert key is not None, "an invalid string has its verdict already"
    if key in known:
        store.set_verdict(iteration, number, "duplicate-symmetry", f"the same polymer as {store.first_seen(key)}")
        return
    unit = read_material(draw.smiles)
    flags, values = _flags(campaign, unit), scores_of(unit)
    reason = _objection(campaign, unit, flags, values)
    if not reason:  # what may take long is asked last
        values |= campaign.wanted.of_structure(unit.smiles)
        reason = _outside(campaign, values)
    if reason:
        store.set_verdict(iteration, number, "rejected", reason, flags)
        store.note("reject", unit.given, {"flags": [flag["name"] for flag in flags]}, "do not simulate", reason)
        return
    store.add_polymer(key, unit.smiles, unit.given, "generated", iteration, "", flags, values)
    store.set_verdict(iteration, number, "new", "not known before", flags)


def _objection(campaign: Campaign, unit: Material, flags: list[dict[str, Any]], values: dict[str, Any]) -> str | None:
    """Why a new polymer is not simulated, by the settings of the filter; None if nothing is against it."""
    settings = campaign.settings.filter
    if flags and settings.unstable == "reject":
        where = "" if flags[0]["bond"] == flags[0]["name"] else f" ({flags[0]['bond']})"
        return f"{flags[0]['name']}{where}: {flags[0]['reason']}"
    limit = settings.max_sa_score
    if limit and (sa_score := values["sa_score"]) is not None and sa_score > limit:
        return f"synthetic accessibility score {sa_score:.2f} is above {limit:g}"
    return _weakness(campaign, unit) if settings.weak_groups == "reject" else None


def _outside(campaign: Campaign, values: dict[str, Any]) -> str | None:
    """The constraint on a value of the structure that a polymer violates, in words, or None."""
    for one in campaign.wanted.constraints:
        if one.structure and one.excludes(values):
            return f"constraint: {one.bounds}, and it has {one.exact(values[one.column])}"
    return None


def _weakness(campaign: Campaign, unit: Material) -> str | None:
    """Why the force field of the program is not trusted with a polymer, or None."""
    from autodisco.simulation.forcefield import DEFAULT, weaknesses

    if campaign.settings.simulation.force_field != DEFAULT:
        return None
    found: list[dict[str, str]] = []
    for part, _ in unit.chains:
        if (weak := weaknesses(part)) is None:
            return f"the force field has no parameters for {'it' if unit.homopolymer else part.smiles}"
        if unit.architecture != "plasticised" or isinstance(part, RepeatUnit):  # a plasticiser is the file's choice
            found += weak
    return f"weak group of the force field, {found[0]['name']}: {found[0]['reason']}" if found else None


FILTER = Stage(
    name="filter",
    does="gives each new string a verdict",
    seed_number=2,
    after=("generate",),
    run=filter_candidates,
    events={
        "short": Event(
            "generate",
            "too few survive, or none does, and more may be drawn",
            "verdicts are written; the draws go on where they ended",
        ),
        "filled": Event(NEXT, "every new string has its verdict", "verdicts and survivors are written"),
        "none-new": Event(
            "acquire",
            "as many draws as allowed gave no candidate, and most were known polymers",
            "verdicts are written; nothing is simulated, and the saturation rule judges after `retrain`",
        ),
        "nothing-usable": Event(
            "exhausted",
            "as many draws as allowed gave no candidate, and most were invalid or rejected",
            "the iteration is closed with what the rule saw",
        ),
    },
)
