"""The end of a campaign in a few lines of text: why it ended, what beats the reference, what the values are."""

import textwrap

from autodisco.decide import Ranked
from autodisco.report.content import Content, caveat, gather, told
from autodisco.store import Store
from autodisco.text import duration, joined

SHOWN = 10


def summary(store: Store) -> list[str]:
    """Lines for a terminal: outcome, the polymers that beat the reference, ties, failures, and the caveat."""
    return lines(gather(store))


def lines(content: Content) -> list[str]:
    """`summary` of content that were gathered before."""
    status = content.status
    took = duration((status.ended or content.written) - status.started) if status.started else "–"
    text = [f"{status.name}: {status.state} after {took}" + (f" ({status.reason})" if status.reason else "")]
    if status.process:
        text.append(f"It goes on: {status.process}.")
    better, tied = content.found("better"), content.found("tie")
    if content.reference is None:
        text.append("The reference polymer has no value yet, so nothing is compared with it.")
    elif better:
        text.append(f"{len(better)} new {_polymers(len(better))} better than {_reference(content)}:")
        text += [_line(row, status.several_tiers) for row in better[:SHOWN]]
        if len(better) > SHOWN:
            text.append(f"  and {len(better) - SHOWN} more")
    else:
        sure = f"with a probability of {content.better_probability:.0%} or more"
        text.append(f"No new polymer is better than {_reference(content)} {sure}.")
    if front := status.front:
        wanted = joined([one.name for one in front.objectives])
        text.append(f"Pareto front of {wanted} (probability to be on it):")
        text += [f"  {row.monomer_smiles:<24} {row.p_front:.2f}   {front.told(row)}" for row in front.leading[:SHOWN]]
        if len(front.leading) > SHOWN:
            text.append(f"  and {len(front.leading) - SHOWN} more")
    if tied:
        text.append(f"{len(tied)} new {_polymers(len(tied))} neither better nor worse (a tie): " + _names(tied))
    if excluded := content.found("excluded"):
        n = len(excluded)
        text.append(f"{n} new {_polymers(n)} excluded by a constraint: {_names(excluded)}")
    if content.failed:
        text.append(f"{len(content.failed)} of {len(content.replicas)} replicas failed; the report says why for each.")
    return [*text, textwrap.fill(caveat(content), 100)]


def _polymers(n: int) -> str:
    return "polymer is" if n == 1 else "polymers are"


def _reference(content: Content) -> str:
    row = content.reference
    assert row is not None
    return f"{content.reference_name} ({told(row)})"


def _line(row: Ranked, several: bool) -> str:
    flags = f"  flags: {', '.join(flag['name'] for flag in row.flags)}" if row.flags else ""
    unit = row.objective.read_unit
    if row.judged:
        value, beside = f"{row.interval:>18}", f"{row.how} {row.measured(True) if several else row.number}"
    else:
        value, beside = f"{row.number:>14}", f"expected {row.interval}"
    return f"  {row.monomer_smiles:<24} {value} {unit}   {beside}   n = {row.n_replicas}{flags}"


def _names(rows: list[Ranked]) -> str:
    shown = ", ".join(row.monomer_smiles for row in rows[:SHOWN])
    return shown + (f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "")
