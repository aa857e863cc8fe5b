"""The tables of the page: ranking with drawn structures, failures, models, and the decisions of the loop."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from autodisco.analysis.quantities import quantities
from autodisco.analysis.quantity import Quantity
from autodisco.decide import Ranked
from autodisco.decide.decisions import decided
from autodisco.errors import InvalidRepeatUnit
from autodisco.names import name_of
from autodisco.polymer import ORGANIC_ELEMENTS, NoDrawings, in_common, read_material, render_svg
from autodisco.report.content import RANKING_ROWS, Content
from autodisco.text import duration, probability, quantity, significant

DRAWN = 60
"""Structures are drawn for this many rows of a table; a page with thousands of them does not load."""

MODEL_ROWS, FAILURE_ROWS, JOURNAL_ROWS, VALUELESS_ROWS = 600, 500, 500, 1000
"""Longest tables of the page beside the ranking; the rest is in `autodisco export`."""

FRONT_ROWS = 100
"""Longest table of a front."""

COMPARED = 100
"""Polymers that are looked at for what those with a failure have in common, and as many without one."""

METRICS = ("validity", "uniqueness", "novelty", "synthesizability", "similarity", "diversity", "valid_unique_novel")


@dataclass(frozen=True)
class Table:
    """Headings and rows of a table; `left_out` rows are not shown, but stand in `rest_in`.

    A heading that begins with ``>`` stands above numbers, at the right.
    """

    headings: Sequence[str]
    rows: Sequence[Any]
    left_out: int = 0
    rest_in: str = ""


@dataclass(frozen=True)
class RankingRow:
    """A row of the ranking: the polymer, its drawn repeat unit, its numbers, and where it comes from."""

    row: Ranked
    drawing: Markup
    cells: list[str]
    origin: str


def ranking_table(content: Content) -> Table:
    """All polymers with a value, best first."""
    sole = content.objective.sole_quantity
    columns: list[tuple[str, Callable[[Ranked], str]]] = [
        *_values(content),
        *_against(content),
        ("p better", lambda row: probability(row.p_better)),
        ("builds", _builds_by_tier if content.status.several_tiers else _builds),
        *((entry.heading, _reader(entry)) for entry in quantities(printed="ranking") if entry.name != sole),
        ("SA score", lambda row: significant(row.scores.get("sa_score"))),
    ]
    ranked = content.ranking[:RANKING_ROWS]
    rows = [
        RankingRow(row, drawing, [show(row) for _, show in columns], _origin(row))
        for row, drawing in zip(ranked, _drawn([row.monomer_smiles for row in ranked]), strict=True)
    ]
    headings = ["", "", "polymer", f"against {content.reference_name}", *(name for name, _ in columns), "from"]
    return Table(headings, rows, len(content.ranking) - len(rows), "ranking.csv")


def _values(content: Content) -> list[tuple[str, Callable[[Ranked], str]]]:
    """Columns of the measured and the expected value; that by which the ranking is comes first."""
    objective, judgement = content.objective, content.status.judgement or {}
    if not content.judged:
        return [(objective.heading, _value), ("expected (90 %)", lambda row: row.interval)]
    unit = f", {objective.read_unit}" if objective.read_unit else ""
    return [
        (f"{content.judged.partition(',')[0]} (90 %){unit}", lambda row: row.interval),
        *((f"{protocol}: {objective.heading}", _value_at(protocol)) for protocol in content.measured_at),
        (f"p best {judgement['best']}", lambda row: probability(row.p_best)),
    ]


def _against(content: Content) -> list[tuple[str, Callable[[Ranked], str]]]:
    """Column of the comparison with the reference; none where no posterior makes it."""
    if not any(row.shown_against for row in content.ranking):
        return []
    heading = f"times {content.reference_name} (90 %)"
    if content.objective.scale.floor is None:
        heading = f"minus {content.reference_name} (90 %), {content.objective.read_unit}".rstrip(", ")
    return [(heading, lambda row: row.shown_against)]


def front(content: Content) -> Table:
    """The polymers that none surpasses in all objectives; empty for a campaign with one."""
    found = content.status.front
    if not found:
        return Table((), ())
    shown, drawn = found.leading[:FRONT_ROWS], _drawn([row.monomer_smiles for row in found.leading[:FRONT_ROWS]])
    rows = [
        (row.key, row.monomer_smiles, name_of(row.key), drawing, probability(row.p_front), *found.shown(row))
        for row, drawing in zip(shown, drawn, strict=True)
    ]
    headings = ("", "polymer", ">p front", *(">" + one.heading for one in found.objectives))
    return Table(headings, rows, len(found.leading) - len(rows), "ranking.json")


def novelty(content: Content) -> Table:
    """The ranking beside lists of known polymers; empty where none was brought."""
    found = content.novelty
    drawn = _drawn([one.row.monomer_smiles for one in found])
    rows = []
    for one, drawing in zip(found, drawn, strict=True):
        shown = one.known_as or one.nearest
        known = "new" if one.known_as is None else "known"
        cells = (f"{shown.similarity:.2f}", shown.source, shown.row) if shown else ("", "", "")
        rows.append((one.row, drawing, known, *cells, [listed.source for listed in one.listed]))
    headings = (">rank", "", "polymer", "", ">similarity", "list", "same or nearest row")
    return Table(headings, rows, len(content.ranking) - len(rows), "autodisco novelty --out FILE")


def _drawn(units: Sequence[str]) -> list[Markup]:
    """The structures of the first `DRAWN` units, and nothing for the others."""
    return [structure(smiles) if place < DRAWN else Markup() for place, smiles in enumerate(units)]


def structure(smiles: str) -> Markup:
    """The drawn repeat unit on white, for which its colours are made; empty if it cannot be drawn."""
    try:
        svg = render_svg(smiles)
    except (InvalidRepeatUnit, NoDrawings):
        return Markup()
    return Markup('<span class="drawing">{}</span>').format(Markup(svg[svg.index("<svg") :]))


def tiers(content: Content) -> Table:
    """Builds and CPU time of each tier, and what it contributes; empty for a campaign with one."""
    if not content.status.several_tiers:
        return Table((), ())
    rows = [
        (
            tier.protocol, tier.done, tier.failed, tier.waiting + tier.running, duration(tier.cpu_s),
            duration(tier.mean_cpu_s), significant(content.contributions.get(tier.protocol)),
        )
        for tier in content.status.tiers
    ]  # fmt: skip
    headings = ("protocol", ">builds", ">failed", ">running or waiting", ">CPU time", ">of a build", ">contribution")
    return Table(headings, rows)


def failures(content: Content) -> Table:
    """Replicas without a value: which, the code, and what was seen."""
    rows = []
    for row in content.failed[:FAILURE_ROWS]:
        number = f"{row.replica} at {row.protocol}" if content.status.several_tiers else row.replica
        smiles = content.failed_smiles.get(row.key, row.key)
        rows.append((smiles, number, row.failure_code or "unknown", row.detail))
    headings = ("polymer", ">replica", "code", "what was seen")
    return Table(headings, rows, len(content.failed) - len(rows), "replicas.csv of autodisco export")


def failure_codes(content: Content) -> Table:
    """Failures by code: how many, and what polymers with such a failure have in common that those without any lack."""
    failed = {row.key for row in content.failed}
    others = _readable(row.monomer_smiles for row in content.ranking if row.key not in failed)
    rows = []
    for code, number in content.status.failures.items():
        keys = {row.key for row in content.failed if (row.failure_code or "unknown") == code}
        units = _readable(content.failed_smiles[key] for key in sorted(keys))
        shared = in_common(units, others).removeprefix("in common: ") if units and others else ""
        rows.append((code, number, len(keys), shared))
    return Table(("code", ">replicas", ">polymers", "in common"), rows)


def _readable(units: Iterable[str]) -> list[str]:
    """At most `COMPARED` of the repeat units, evenly spaced, without those that cannot be read."""
    found = list(units)
    step = max(1, -(-len(found) // COMPARED))
    return [smiles for smiles in found[::step] if _is_unit(smiles)]


def valueless(content: Content) -> Table:
    """Polymers that the campaign found, and seeds, without a simulated value."""
    shown = content.valueless[:VALUELESS_ROWS]
    rows = [
        (one.polymer, name_of(one.polymer.key, one.polymer.name), drawing, one.fate)
        for one, drawing in zip(shown, _drawn([one.polymer.given for one in shown]), strict=True)
    ]
    left_out = len(content.valueless) - len(rows)
    return Table(("", "polymer", ">iteration", "what became of it"), rows, left_out, "polymers.csv of autodisco export")


def models(content: Content) -> Table:
    """The generator after each iteration and its metrics."""
    rows = [
        (model.iteration, *(significant(model.metrics.get(name)) for name in METRICS), f"{model.seconds:.0f} s")
        for model in content.models[-MODEL_ROWS:]
    ]
    headings = (">model", *(">" + name.replace("_", ", ") for name in METRICS), ">training")
    return Table(headings, rows, len(content.models) - len(rows))


def journal(content: Content) -> Table:
    """The last decisions that the loop took by itself."""
    rows = [
        (
            time.strftime("%m-%d %H:%M:%S", time.localtime(row.time)),
            row.iteration, row.state, row.event, row.subject, decided(row), row.why,
        )
        for row in content.journal[-JOURNAL_ROWS:]
    ]  # fmt: skip
    headings = (">time", "iteration", "state", "event", "about", "decided", "why")
    return Table(headings, rows, len(content.journal) - len(rows))


def _builds(row: Ranked) -> str:
    failed = f" (+{row.n_failed} failed)" if row.n_failed else ""
    censored = row.properties.get("censored")
    return f"{row.n_replicas}{failed}" + (f", stopped early {censored} the reference" if censored else "")


def _builds_by_tier(row: Ranked) -> str:
    told = (f"{one.n_replicas} {one.protocol}" + (f" (+{one.n_failed} failed)" if one.n_failed else "")
            for one in reversed(row.tiers))  # fmt: skip
    return ", ".join(told)


def _value_at(protocol: str) -> Callable[[Ranked], str]:
    def shown(row: Ranked) -> str:
        found = row.at(protocol)
        return _value(found) if found else ""

    return shown


def _value(row: Ranked) -> str:
    return quantity(row.properties, row.objective.column, row.objective.factor)


def _reader(entry: Quantity) -> Callable[[Ranked], str]:
    return lambda row: entry.shown(row.properties)


def _origin(row: Ranked) -> str:
    text = f"iteration {row.iteration}" if row.source == "generated" else row.source
    return text if row.origin == "simulated" else f"{text}, value from file"


def _is_unit(smiles: str) -> bool:
    try:
        read_material(smiles, ORGANIC_ELEMENTS)
    except InvalidRepeatUnit:
        return False
    return True
