"""The HTML page of a report: one file without links to anything outside, readable on a phone, light or dark.

The template escapes every text. Only drawings, which this package makes, are inserted as they are.
"""

import time
from collections import Counter
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autodisco.decide import Ranked, Status
from autodisco.report import charts, course_charts, posterior_charts, scan_charts, tables
from autodisco.report.content import Content, caveat, short_name, told, versions
from autodisco.report.figure import bounds_told
from autodisco.report.front_chart import front_chart
from autodisco.report.lives import packed
from autodisco.report.situation import chance
from autodisco.text import counted, duration, joined, probability, significant

TEMPLATES = Path(__file__).with_name("templates")
BEST_DRAWN = 14
AGAINST_DRAWN = 20
CARDS = 8
TIES_NAMED = 20


def page(content: Content, folder: Path) -> str:
    """The whole page; links in it are relative to its `folder`."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    better, tied = content.found("better"), content.found("tie")
    status = content.status
    end = status.ended or content.written
    return environment.get_template("page.html").render(
        style=Markup((TEMPLATES / "page.css").read_text()),
        status=status,
        objective=content.objective,
        date=time.strftime("%Y-%m-%d %H:%M", time.localtime(end)),
        took=duration(end - status.started) if status.started else "–",
        tiles=_tiles(content),
        caveat=caveat(content),
        judged=content.judged,
        reference_value=told(content.reference) if content.reference else "",
        reference=content.reference,
        against=content.reference_name,
        sure=f"{content.better_probability:.0%}",
        better=better,
        tied=tied,
        ties_named=tied[:TIES_NAMED],
        cards=[_card(row, content.reference, status.several_tiers) for row in better[:CARDS] if content.reference],
        figures=_figures(content),
        scans=[(Markup(svg), caption) for svg, caption in scan_charts.scan_charts(content.scans)],
        scan_table=scan_charts.scan_table(content.scans),
        front=status.front,
        front_table=tables.front(content),
        front_chart=Markup(front_chart(status.front)) if status.front else "",
        novelty=tables.novelty(content),
        ranking=tables.ranking_table(content),
        replicas=content.replicas,
        failures=tables.failures(content),
        models=tables.models(content),
        tiers=tables.tiers(content),
        versions=", ".join(f"{name} {version}" for name, version in versions().items()),
        settings=content.settings_text,
        journal=tables.journal(content),
        codes=tables.failure_codes(content),
        valueless=tables.valueless(content),
        process=_process(status),
        lives=packed(content.lives, folder),
        script=Markup((TEMPLATES / "page.js").read_text()),
    )


def _process(status: Status) -> str:
    """How the process fares of a campaign that is at work."""
    if not status.alive:
        return ""
    age = f"heartbeat {duration(status.heartbeat_age_s)} before this page was written"
    return f"The process is hung: its last {age}." if status.hung else f"A process runs it, last {age}."


def _tiles(content: Content) -> list[tuple[object, str]]:
    against = content.reference_name
    done = sum(row.status == "done" for row in content.replicas)
    return [
        (len(content.found("better")), f"new polymers better than {against}"),
        (len(content.found("tie")), f"new polymers tied with {against}"),
        (len({row.key for row in content.replicas if row.status == "done"}), "polymers with a value"),
        (f"{done} / {len(content.failed)}", "replicas done / failed"),
        (sum(1 for row in content.status.iterations if row.ended), "iterations finished"),
        (duration(content.cpu_s), "CPU time of simulations"),
    ]


def _against(row: Ranked, reference: Ranked) -> str:
    """The comparison with the reference on a card, followed by a comma; empty where there is none."""
    name = short_name(reference)
    if row.objective.scale.floor is None and row.shown_against:
        return f"difference to {name} {row.objective.with_unit(row.shown_against)}, "
    ratio = row.shown_against or (significant(row.expected / reference.expected) if reference.expected > 0 else "")
    return f"{ratio} × {name}, " if ratio else ""


def _card(row: Ranked, reference: Ranked, several: bool) -> dict[str, Any]:
    return {
        "row": row,
        "drawing": tables.structure(row.monomer_smiles),
        "against": _against(row, reference),
        "replicas": counted(row.n_replicas, "replica"),
        "p_better": probability(row.p_better),
        "value": row.objective.with_unit(row.interval) if row.judged else row.shown,
        "beside": f"{row.how} {row.measured(several)}" if row.judged else f"expected {row.interval}",
    }


def _figures(content: Content) -> list[tuple[Markup, str]]:
    """Charts with their captions."""
    best = [row for row in content.ranking if row.source == "generated"][:BEST_DRAWN]
    figures = _of_course(content)
    figures += _of_posterior(content, best) if content.judged else []
    for protocol in content.measured_at:
        figures += _of_protocol(content, best, protocol)
    if any(row.known[1] for row in content.status.iterations):
        threshold = content.settings.get("saturation", {}).get("threshold")
        figures.append((charts.duplicates_by_iteration(content.status.iterations, threshold), _saturation(content)))
    spent = course_charts.costs(content.status.iterations, content.replicas, content.models)
    if any(row.wall_s for row in spent):
        figures.append(
            (course_charts.time_and_cost(spent),
             "Above: time from the begin of an iteration to its end, pauses included. Below: CPU time of its replicas "
             "with a value (green), of those that failed (amber), and of the training of its model (grey).")
        )  # fmt: skip
    return [(Markup(svg), caption) for svg, caption in figures]


def _of_course(content: Content) -> list[tuple[str, str]]:
    """The best polymer over the iterations."""
    found, reference = content.status.course.leaders, content.reference
    if not found:
        return []
    names = {row.key: row.monomer_smiles for row in content.ranking}
    last = max((row.n for row in content.status.iterations), default=1)
    expected = reference.expected if reference else None
    return [
        (course_charts.best_so_far(found, names, last, content.objective, expected),
         f"The best new polymer up to each iteration: its expected value as it is believed now, with its interval of "
         f"90 %. Dashed: {content.reference_name}.")
    ]  # fmt: skip


def _of_protocol(content: Content, best: list[Ranked], protocol: str) -> list[tuple[str, str]]:
    """Measured values at one protocol: of every polymer, and of the best new ones."""
    measured = f", values of {protocol}" if content.judged else ""
    every, leaders = _at(content.ranking, protocol), _at(best, protocol)
    reference = content.reference.at(protocol) if content.reference else None
    figures = [
        (charts.values_by_iteration(every, reference, content.objective),
         f"Every polymer with a value, by the iteration that proposed it{measured}. Dashed: "
         f"{content.reference_name}. Green beats it, amber is a tie, grey is worse, blue was known before."
         f"{bounds_told([row.value for row in every], content.objective)}")
    ]  # fmt: skip
    if leaders:
        figures.append(
            (charts.best_against_reference(leaders, reference, content.objective),
             f"The best new polymers{measured}: replicas (circles), their box, mean (diamond) and standard error "
             f"(bar); open triangles: values at or beyond the left end. Amber: {content.reference_name}.")
        )  # fmt: skip
    return figures


def _at(rows: list[Ranked], protocol: str) -> list[Ranked]:
    return [found for row in rows if (found := row.at(protocol))]


def _of_posterior(content: Content, best: list[Ranked]) -> list[tuple[str, str]]:
    """What moved the posterior of the best polymers, and whether what it said came true."""
    figures = []
    leaders = best or content.ranking[:BEST_DRAWN]
    others = [row.key for row in leaders]
    reference = content.reference if content.reference and content.reference.key not in others else None
    figures.append(
        (posterior_charts.contributions(leaders, reference, content.objective),
         f"The best new polymers: {content.judged} (diamond) with its interval of 90 % (line). Bars: how far the prior "
         "mean and each source, one after the other, moved it from the vertical line, the mean of the prior over "
         "these polymers.")
    )  # fmt: skip
    if compared := [row for row in content.ranking[:AGAINST_DRAWN] if row.shown_against]:
        name, share = content.reference_name, 100 * content.better_probability
        verdicts = Counter(row.verdict for row in content.ranking)
        excluded = f", {verdicts['excluded']} excluded (grey)" if verdicts["excluded"] else ""
        figures.append(
            (posterior_charts.against(compared, name, content.objective),
             f"The first of the ranking against {name}, known polymers too, with the interval of 90 %. Shared errors, "
             f"such as that of the level, cancel. Of all {len(content.ranking)} polymers with a value, "
             f"{verdicts['better']} are better with a probability of {share:g} % or more (green), "
             f"{verdicts['worse']} are worse (grey), {verdicts['tie']} neither (amber){excluded}.")
        )  # fmt: skip
    if forecasts := content.forecasts:
        came = [content.objective.scale.value(row.came) for row in forecasts]
        bounds = bounds_told(came, content.objective)
        inside = f"{sum(row.within for row in forecasts)} of {len(forecasts)}"
        amber = "" if all(row.within for row in forecasts) else ", the others are amber"
        factor = (content.status.judgement or {})["widened_by_forecasts"]
        widened = f" Standard deviations are widened by {factor:.2f} since." if factor > 1.005 else ""
        figures.append(
            (posterior_charts.calibration(forecasts, content.objective),
             f"Values of {joined(sorted({row.source for row in forecasts}))} against what was said before they came, "
             f"with the interval of 90 % (bars): {inside} lie in it{amber}.{widened}{bounds}")
        )  # fmt: skip
    return figures


def _saturation(content: Content) -> str:
    rule = content.settings.get("saturation", {})
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
    seen = [row.saturation for row in content.status.iterations if row.saturation]
    if seen:
        last = seen[-1]
        text += f" Last: above it with probability {last['p_above']:.2f}"
        if last["chance_new"] is not None:
            text += f"; the next valid draw is a polymer not known yet with probability {chance(last)} (Good–Turing)"
        if last.get("reachable") is not None:
            text += f"; the model can write {last['reachable']:.0f} polymers or more (Chao)"
        text += "."
    return text
