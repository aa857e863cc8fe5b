"""Two campaigns side by side: settings that differ, what they found, and what it took."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from autodisco.decide import Ranked
from autodisco.report.content import Content, gather
from autodisco.store import Record, Store
from autodisco.text import counted, duration, joined, probability

BEST, SHARED = 5, 10


@dataclass(frozen=True)
class Line(Record):
    """A row of the comparison: what is compared, and the words for either campaign; `values` are the numbers behind
    them, None where there is none."""

    what: str
    words: tuple[str, str]
    values: tuple[Any, Any]


@dataclass(frozen=True)
class Comparison(Record):
    """Two campaigns side by side.

    Attributes
    ----------
    names : of the campaigns
    caveat : why values of one do not compare with those of the other; empty if they do
    settings : keys of the campaign files that differ
    found, cost : in a few numbers
    best : the best new polymers of either one
    shared : polymers that both have a value of, the best of the first campaign first
    """

    names: tuple[str, str]
    caveat: str
    settings: list[Line]
    found: list[Line]
    cost: list[Line]
    best: list[Line]
    shared: list[Line]


def compare(first: Store, second: Store) -> Comparison:
    """Compare two open campaigns."""
    both = gather(first), gather(second)
    return Comparison(
        names=_names(*both),
        caveat=_caveat(*both),
        settings=_settings(*both),
        found=_found(*both),
        cost=_cost(*both),
        best=_best(*both),
        shared=_shared(*both),
    )


def _names(first: Content, second: Content) -> tuple[str, str]:
    """Names of the campaigns, or their folders if both have one name."""
    names = first.status.name, second.status.name
    return names if names[0] != names[1] else (first.status.folder, second.status.folder)


def _caveat(first: Content, second: Content) -> str:
    different = []
    if first.objective.column != second.objective.column:
        different.append("objectives")
    if [tier.protocol for tier in first.status.tiers] != [tier.protocol for tier in second.status.tiers]:
        different.append("protocols")
    if first.status.force_field != second.status.force_field:
        different.append("force fields")
    if first.judged != second.judged:
        different.append("what expected values are")
    return f"Values do not compare: the campaigns differ in {joined(different)}." if different else ""


def _flat(settings: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Keys and values of nested settings, the keys of sections joined by dots."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _settings(first: Content, second: Content) -> list[Line]:
    here, there = dict(_flat(first.settings)), dict(_flat(second.settings))
    keys = [key for key in (*here, *(key for key in there if key not in here)) if key != "name"]
    pairs = ((key, here.get(key), there.get(key)) for key in keys)
    return [Line(key, (_setting(a), _setting(b)), (a, b)) for key, a, b in pairs if a != b]


def _setting(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_setting, value)) or "none"
    return "–" if value is None or value == "" else str(value).lower() if isinstance(value, bool) else str(value)


def _found(first: Content, second: Content) -> list[Line]:
    def line(what: str, *pairs: tuple[Any, str]) -> Line:
        return Line(what, (pairs[0][1], pairs[1][1]), (pairs[0][0], pairs[1][0]))

    def number(value: int) -> tuple[int, str]:
        return value, str(value)

    both = first, second
    return [
        line("state", *((one.status.state, str(one.status.state)) for one in both)),
        line("iterations finished", *(number(one.status.iterations_ended) for one in both)),
        line("new polymers with a value", *(number(_new(one)) for one in both)),
        line("better than the reference", *(number(one.status.n_better) for one in both)),
        line("tied with it", *(number(one.status.n_tied) for one in both)),
        line("expected of the reference", *(_value(one.reference) for one in both)),
        line("chance that the next draw is new", *(_chance(one) for one in both)),
        line("failed replicas", *(_failed(one) for one in both)),
    ]


def _new(content: Content) -> int:
    return sum(row.source == "generated" for row in content.ranking)


def _value(row: Ranked | None) -> tuple[float | None, str]:
    return (row.expected, row.objective.with_unit(row.interval)) if row else (None, "–")


def _chance(content: Content) -> tuple[float | None, str]:
    seen = content.status.saturation
    if seen is None or seen.chance_new is None:
        return None, "–"
    interval = ""
    if seen.chance_new_low is not None and seen.chance_new_high is not None:
        interval = f" ({seen.chance_new_low:.0%} to {seen.chance_new_high:.0%})"
    return seen.chance_new, f"{seen.chance_new:.0%}{interval}"


def _failed(content: Content) -> tuple[int, str]:
    codes = ", ".join(f"{code} {n}" for code, n in content.status.failures.items())
    return len(content.failed), f"{len(content.failed)} of {len(content.replicas)}" + (f": {codes}" if codes else "")


def _cost(first: Content, second: Content) -> list[Line]:
    def line(what: str, *seconds: float | None) -> Line:
        return Line(what, (duration(seconds[0]), duration(seconds[1])), (seconds[0], seconds[1]))

    both = first, second
    return [
        line("time at work", *(one.status.active_s or None for one in both)),
        line("CPU time of simulations", *(one.cpu_s for one in both)),
        line("of these, without a value", *(sum(row.cpu_s or 0.0 for row in one.failed) for one in both)),
        line("per new polymer with a value", *(_per(one.cpu_s, _new(one)) for one in both)),
        line("per polymer better than the reference", *(_per(one.cpu_s, one.status.n_better) for one in both)),
        line("training of models", *(sum(model.seconds for model in one.models) for one in both)),
    ]


def _per(seconds: float, number: int) -> float | None:
    return seconds / number if number else None


def _best(first: Content, second: Content) -> list[Line]:
    lists = [[row for row in one.ranking if row.source == "generated"][:BEST] for one in (first, second)]
    return [
        Line(str(place), (_named(a), _named(b)), (_brief(a), _brief(b)))
        for place, (a, b) in enumerate(zip_longest(*lists), 1)
    ]


def _named(row: Ranked | None) -> str:
    if row is None:
        return ""
    better = f", p better {probability(row.p_better)}" if row.p_better is not None else ""
    return f"{row.monomer_smiles}  {row.objective.with_unit(row.interval)}{better}"


def _brief(row: Ranked | None) -> dict[str, Any] | None:
    names = ("key", "monomer_smiles", "value", "sem", "expected", "expected_low", "expected_high", "p_better", "rank")
    return {name: getattr(row, name) for name in names} if row else None


def _shared(first: Content, second: Content) -> list[Line]:
    there = {row.key: row for row in second.ranking}
    pairs = [(row, there[row.key]) for row in first.ranking if row.key in there]
    return [
        Line(a.monomer_smiles, (f"{a.shown}, rank {a.rank}", f"{b.shown}, rank {b.rank}"), (_brief(a), _brief(b)))
        for a, b in pairs
    ]


def tables(found: Comparison) -> Iterable[tuple[str, list[Line]]]:
    """Titles and rows for people, in their order."""
    if found.settings:
        yield "Settings that differ", found.settings
    yield "Found", found.found
    yield "Cost", found.cost
    if found.best:
        yield "Best new polymers, as expected", found.best
    if found.shared:
        more = len(found.shared) - SHARED
        rest = f", {SHARED} of them" if more > 0 else ""
        yield f"Measured by both: {counted(len(found.shared), 'polymer')}{rest}", found.shared[:SHARED]
