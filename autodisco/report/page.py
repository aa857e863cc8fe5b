"""The HTML page of a report: one file without links to anything outside, readable on a phone, light or dark.

Everything that came from a file, a model or a person passes `html.escape` on its way in.
"""

import time
from html import escape
from pathlib import Path

from autodisco.decide import Ranked
from autodisco.report import charts
from autodisco.report.facts import Facts, caveat, probability, short_name, versions
from autodisco.report.rows import failures, journal, models, ranking_table, structure
from autodisco.report.why import chance
from autodisco.text import duration, significant

BEST_DRAWN = 14
CARDS = 8
TIES_NAMED = 20


def page(facts: Facts) -> str:
    """The whole page."""
    style = Path(__file__).with_name("page.css").read_text()
    name = escape(str(facts.status.name))
    parts = [_head(facts), _answer(facts), _charts(facts), _ranking(facts), _failed(facts), _behind(facts)]
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{name} · autodisco</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n{''.join(parts)}</body>\n</html>\n"
    )


def _head(facts: Facts) -> str:
    status = facts.status
    end = status.ended or facts.written
    took = duration(end - status.started) if status.started else "–"
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(end))
    state = f"<b>{escape(str(status.state))}</b>" + (f": {escape(status.reason)}" if status.reason else "")
    finished = sum(1 for row in status.iterations if row.ended)
    done = sum(row.status == "done" for row in facts.replicas)
    simulated = len({row.key for row in facts.replicas if row.status == "done"})
    against = facts.reference_name
    tiles = [
        (len(facts.found("better")), f"new polymers better than {against}"),
        (len(facts.found("tie")), f"new polymers tied with {against}"),
        (simulated, "polymers simulated"),
        (f"{done} / {len(facts.failed)}", "replicas done / failed"),
        (finished, "iterations finished"),
        (duration(facts.cpu_s), "CPU time of simulations"),
    ]
    boxes = "".join(f'<div class="tile"><b>{value}</b><span>{escape(label)}</span></div>' for value, label in tiles)
    return (
        f"<h1>{escape(str(status.name))}</h1>\n"
        f'<p class="soft">{state}. {date}, after {took}. Made with autodisco.</p>\n'
        f'<div class="tiles">{boxes}</div>\n'
        f'<p class="note"><b>What these values are.</b> {escape(caveat(facts))}</p>\n'
    )


def _answer(facts: Facts) -> str:
    reference = facts.reference
    if reference is None:
        return "<h2>Result</h2><p>The reference polymer has no value yet, so nothing is compared with it.</p>\n"
    against = escape(facts.reference_name)
    better, tied = facts.found("better"), facts.found("tie")
    sure = f"with a probability of {facts.better_probability:.0%} or more"
    text = f"<h2>What beats {against}</h2>\n"
    if better:
        text += (
            f"<p>{len(better)} new polymer{'s' * (len(better) != 1)} {'is' if len(better) == 1 else 'are'} better than "
            f"{against} ({escape(reference.shown)} under the same conditions) {sure}.</p>\n"
        )
        text += '<div class="cards">' + "".join(_card(row, reference) for row in better[:CARDS]) + "</div>\n"
        if len(better) > CARDS:
            text += f'<p class="soft">{len(better) - CARDS} more are in the table below.</p>\n'
    else:
        text += (
            f"<p>No new polymer is better than {against} ({escape(reference.shown)} under the same conditions) "
            f"{sure}.</p>\n"
        )
    if tied:
        names = ", ".join(f"<code>{escape(row.monomer_smiles)}</code>" for row in tied[:TIES_NAMED])
        if len(tied) > TIES_NAMED:
            names += f", and {len(tied) - TIES_NAMED} more in the table below"
        text += f"<p>Tied with {against}, neither better nor worse {sure}: {names}.</p>\n"
    return text


def _card(row: Ranked, reference: Ranked) -> str:
    ratio = ""
    if reference.expected > 0:
        times = row.expected / reference.expected
        ratio = f"{significant(times)} × {escape(short_name(reference))}, "
    flags = ", ".join(escape(flag["name"]) for flag in row.flags)
    return (
        f'<div class="card">{structure(row)}<code>{escape(row.monomer_smiles)}</code>'
        f'<div class="value">{escape(row.shown)}</div>'
        f'<div class="soft small">expected {escape(row.interval)}<br>'
        f"{ratio}{row.n_replicas} replica{'s' * (row.n_replicas != 1)}"
        + (f", better with probability {escape(probability(row.p_better))}" if row.p_better is not None else "")
        + (f"<br>flags: {flags}" if flags else "")
        + "</div></div>"
    )


def _charts(facts: Facts) -> str:
    figures = []
    if facts.ranking:
        best = [row for row in facts.ranking if row.source == "generated"][:BEST_DRAWN]
        figures.append(
            (charts.values_by_iteration(facts.ranking, facts.reference, facts.objective),
             f"Every polymer with a value, by the iteration that proposed it. Dashed: {facts.reference_name}. "
             "Green beats it, amber is a tie, grey is worse, blue was known before.")
        )  # fmt: skip
        if best:
            figures.append(
                (charts.best_against_reference(best, facts.reference, facts.objective),
                 f"The best new polymers: replicas (circles), their box, mean (diamond) and standard error (bar). "
                 f"Amber: {facts.reference_name}.")
            )  # fmt: skip
    if any(row.known[1] for row in facts.status.iterations):
        threshold = facts.settings.get("saturation", {}).get("threshold")
        figures.append((charts.duplicates_by_iteration(facts.status.iterations, threshold), _saturation(facts)))
    if not figures:
        return ""
    drawn = "".join(f"<figure>{svg}<figcaption>{escape(text)}</figcaption></figure>" for svg, text in figures)
    return f'<h2>The course of the campaign</h2>\n<div class="charts">{drawn}</div>\n'


def _saturation(facts: Facts) -> str:
    rule = facts.settings.get("saturation", {})
    text = (
        "Bars: known polymers among what the saturation rule counts, with 90 % interval. Crosses: the count of Khajeh "
        "et al. 2025, strings that were new as strings but a known polymer. Green: chance that the next valid draw is "
        "a polymer not known yet; below, at least how many polymers the model can write. "
    )
    if rule:
        text += (
            f"The campaign is saturated when the rate is above {rule['threshold']:.0%} (dashed) with probability "
            f"{rule['confidence']:.0%} and has risen as surely"
            + (f", in {rule['patience']} iterations in a row." if rule["patience"] != 1 else ".")
        )
    seen = [row.saturation for row in facts.status.iterations if row.saturation]
    if seen:
        last = seen[-1]
        text += f" Last: above it with probability {last['p_above']:.2f}"
        if last["chance_new"] is not None:
            text += f"; the next valid draw is a polymer not known yet with probability {chance(last)} (Good–Turing)"
        if last.get("reachable") is not None:
            text += f"; the model can write {last['reachable']:.0f} polymers or more (Chao)"
        text += "."
    return text


def _ranking(facts: Facts) -> str:
    if not facts.ranking:
        return ""
    return (
        "<h2>Ranking</h2>\n"
        f'<p class="soft small">Mean ± standard error over replicas; {escape(facts.objective.symbol)}: '
        f"{escape(facts.objective.label)}. The same table for programs: <code>ranking.csv</code>, "
        "<code>ranking.json</code>. "
        "Below a repeat unit: its unstable bonds, the reason under the pointer, and the groups for which the force "
        "field is weak (docs/validation.md).</p>\n" + ranking_table(facts)
    )


def _failed(facts: Facts) -> str:
    if not facts.replicas:
        return ""
    head = "<h2>Replicas that failed</h2>\n"
    return head + (failures(facts) if facts.failed else "<p>None.</p>\n")


def _behind(facts: Facts) -> str:
    used = ", ".join(f"{escape(name)} {escape(version)}" for name, version in versions().items())
    text = "<h2>How it was made</h2>\n" + models(facts)
    text += f'<p class="small">{used}</p>\n'
    if facts.settings_text:
        text += f"<details><summary>Settings</summary><pre>{escape(facts.settings_text)}</pre></details>\n"
    return text + journal(facts)
