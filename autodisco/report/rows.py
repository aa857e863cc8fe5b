"""The tables of the page: ranking with drawn structures, failures, models, and the decisions of the loop."""

import time
from collections.abc import Callable, Sequence
from html import escape

from autodisco.analysis.quantities import Quantity, quantities
from autodisco.decide import Ranked
from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import render_svg
from autodisco.report.facts import Facts, probability
from autodisco.store import Flag
from autodisco.text import quantity, significant

DRAWN = 60
"""Structures are drawn for this many rows; a campaign of thousands would make a page nobody can load."""

RANKING_ROWS, MODEL_ROWS, FAILURE_ROWS, JOURNAL_ROWS = 500, 40, 200, 200
"""Longest tables of the page; the ranking is whole in ranking.csv, the rest in `autodisco export`."""

METRICS = ("validity", "uniqueness", "novelty", "synthesizability", "similarity", "diversity", "valid_unique_novel")


def ranking_table(facts: Facts) -> str:
    """All polymers with a value, best first."""
    sole = facts.objective.sole_quantity
    columns: list[tuple[str, Callable[[Ranked], str]]] = [
        (facts.objective.heading, _value),
        ("expected (90 %)", lambda row: row.interval),
        ("p better", lambda row: probability(row.p_better)),
        ("builds", _builds),
        *((entry.heading, _reader(entry)) for entry in quantities(printed="ranking") if entry.name != sole),
        ("SA score", lambda row: significant(row.scores.get("sa_score"))),
    ]
    head = ["", "polymer", "", f"against {facts.reference_name}", *(name for name, _ in columns), "from"]
    body = []
    for row in facts.ranking[:RANKING_ROWS]:
        verdict = row.verdict or ""
        name = f'<br><span class="soft small">{escape(row.name)}</span>' if row.name else ""
        flags = f'<br><span class="small">{", ".join(map(_flag, row.flags))}</span>' if row.flags else ""
        if row.force_field_flags:
            weak = escape(", ".join(row.force_field_flags))
            flags += f'<br><span class="small">force field weak: <span class="flag">{weak}</span></span>'
        cells = [
            f'<td class="n">{row.rank}</td>',
            f"<td>{structure(row) if row.rank <= DRAWN else ''}</td>",
            f"<td><code>{escape(row.monomer_smiles)}</code>{name}{flags}</td>",
            f'<td class="{verdict}">{verdict}</td>',
            *(f'<td class="n">{escape(show(row))}</td>' for _, show in columns),
            f'<td class="small">{_origin(row)}</td>',
        ]
        body.append(f"<tr{' class=is-reference' if verdict == 'reference' else ''}>{''.join(cells)}</tr>")
    return _table(head, body) + _left_out(len(facts.ranking) - len(body), "ranking.csv")


def _builds(row: Ranked) -> str:
    failed = f" (+{row.n_failed} failed)" if row.n_failed else ""
    censored = row.properties.get("censored")
    return f"{row.n_replicas}{failed}" + (f", stopped early {censored} the reference" if censored else "")


def structure(row: Ranked) -> str:
    """The drawn repeat unit on white, which is what its colours are made for; nothing for one that cannot be drawn."""
    try:
        svg = render_svg(row.monomer_smiles)
    except InvalidRepeatUnit:
        return ""
    return f'<span class="drawing">{svg[svg.index("<svg") :]}</span>'


def failures(facts: Facts) -> str:
    """Replicas without a value: which, the code, and what was seen."""
    body = []
    for row in facts.failed[:FAILURE_ROWS]:
        polymer = facts.polymers.get(row.key)
        smiles = polymer.given if polymer else row.key
        code = escape(row.failure_code or "unknown")
        body.append(
            f'<tr><td><code>{escape(smiles)}</code></td><td class="n">{row.replica}</td>'
            f"<td><code>{code}</code></td><td>{escape(row.detail or '')}</td></tr>"
        )
    table = _table(["polymer", "replica", "code", "what was seen"], body)
    return table + _left_out(len(facts.failed) - len(body), "replicas.csv of autodisco export")


def models(facts: Facts) -> str:
    """The generator after each iteration and its metrics."""
    if not facts.models:
        return ""
    body = []
    for model in facts.models[-MODEL_ROWS:]:
        values = "".join(f'<td class="n">{significant(model.metrics.get(name))}</td>' for name in METRICS)
        body.append(f'<tr><td class="n">{model.iteration}</td>{values}<td class="n">{model.seconds:.0f} s</td></tr>')
    heads = ["model", *(name.replace("_", ", ") for name in METRICS), "training"]
    last = f", the last {len(body)} of {len(facts.models)} models" if len(facts.models) > len(body) else ""
    return f'<p class="small soft">The generator: shares of its draws, 1 is all{last}.</p>\n' + _table(heads, body)


def journal(facts: Facts) -> str:
    """The last decisions that the loop took by itself."""
    rows = facts.journal[-JOURNAL_ROWS:]
    if not rows:
        return ""
    body = []
    for row in rows:
        moment = time.strftime("%m-%d %H:%M:%S", time.localtime(row.time))
        cells = (row.iteration, row.state, row.event, row.subject, row.decided, row.why)
        body.append(
            f'<tr><td class="n">{moment}</td>' + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
        )
    left = len(facts.journal) - len(rows)
    more = f", the last {len(rows)} of {len(facts.journal)}" if left else ""
    table = _table(["time", "iteration", "state", "event", "about", "decided", "why"], body)
    return f"<details><summary>Decisions{more}</summary>{table}</details>\n"


def _left_out(n: int, where: str) -> str:
    return f'<p class="soft small">{n} more are in {escape(where)}.</p>\n' if n > 0 else ""


def _value(row: Ranked) -> str:
    return quantity(row.properties, row.objective.column, row.objective.factor)


def _reader(entry: Quantity) -> Callable[[Ranked], str]:
    return lambda row: entry.shown(row.properties)


def _origin(row: Ranked) -> str:
    text = f"iteration {row.iteration}" if row.source == "generated" else escape(row.source)
    return text if row.origin == "simulated" else f"{text}, value from file"


def _flag(flag: Flag) -> str:
    return f'<span class="flag" title="{escape(flag.get("reason", ""))}">{escape(flag["name"])}</span>'


def _table(heads: Sequence[str], body: Sequence[str]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>\n'
