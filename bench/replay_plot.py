"""Figure and tables of the replays in a folder (`surrogate_replay.py --plot`)."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from autodisco.errors import InputError

SHOWN = (100, 150, 300)
"""Numbers of labels in the tables."""

COLOURS = {
    "batch-ucb": "#0072b2", "greedy": "#d55e00", "expected-improvement": "#009e73", "thompson": "#cc79a7",
    "chebyshev-ucb": "#d55e00", "ehvi": "#009e73", "diverse": "#e69f00", "paper": "#999999", "random": "#777777",
    "interleaved": "#0072b2", "knowledge gradient": "#009e73", "never starved": "#cc79a7", "long only": "#777777",
}  # fmt: skip

Curves = dict[str, tuple[np.ndarray, np.ndarray]]
"""By rule: numbers of labels, shape (steps,), and what was found, shape (seeds, steps)."""


def read_replays(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of each CSV file by its name. Raises InputError for a folder without any."""
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise InputError(f"{folder}: no replays in it")
    found = {}
    for file in files:
        with file.open() as rows:
            found[file.stem] = list(csv.DictReader(rows))
    return found


def curves(rows: list[dict[str, str]], quantity: str) -> Curves:
    """`quantity` against the number of labels, for the rules of one file."""
    runs: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        runs[row["rule"]][row["seed"]].append((int(float(row["labels"])), float(row[quantity])))
    return {
        rule: (
            np.array([x for x, _ in next(iter(seeds.values()))]),
            np.array([[y for _, y in s] for s in seeds.values()]),
        )
        for rule, seeds in runs.items()
    }


def tables(folder: Path) -> str:
    """The results of every file as Markdown: mean and standard deviation over the seeds."""
    return "\n\n".join(_table(name, rows) for name, rows in read_replays(folder).items())


def _table(name: str, rows: list[dict[str, str]]) -> str:
    if "policy" in rows[0]:
        return _table_of_fidelities(name, rows)
    several = "hypervolume" in rows[0]
    quantity, digits = ("hypervolume", 2) if several else ("found", 1)
    title = "share of the dominated volume" if several else f"found of {rows[0]['of']}"
    found = curves(rows, quantity)
    steps = next(iter(found.values()))[0]
    columns = [n for n in SHOWN if n in steps] or [int(steps[len(steps) // 2]), int(steps[-1])]
    lines = [f"{name}: {title}", "", "| rule | seeds | " + " | ".join(f"at {n} labels" for n in columns) + " |"]
    lines.append("|---" * (2 + len(columns)) + "|")
    for rule, (labels, values) in found.items():
        at = values[:, np.searchsorted(labels, columns)]
        sd = at.std(axis=0, ddof=1) if len(at) > 1 else np.zeros(len(columns))
        cells = [f"{mean:.{digits}f} ± {spread:.{digits}f}" for mean, spread in zip(at.mean(axis=0), sd, strict=True)]
        lines.append(f"| `{rule}` | {len(values)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _table_of_fidelities(name: str, rows: list[dict[str, str]]) -> str:
    groups: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[row["world"], row["policy"]].append(row)
    lines = [
        name,
        "",
        "| short runs | policy | seeds | of 10 in the top share | below the ten best | short, long runs |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for (world, policy), group in groups.items():
        found, gap, short, long = (
            np.array([float(row[key]) for row in group]) for key in ("found", "gap", "short", "long")
        )
        spread = found.std(ddof=1) if len(group) > 1 else 0.0
        cells = f"{found.mean():.1f} ± {spread:.1f} | {gap.mean():.3f} | {short.mean():.0f}, {long.mean():.0f}"
        lines.append(f"| {world} | {policy} | {len(group)} | {cells} |")
    return "\n".join(lines)


def draw(folder: Path, file: Path) -> None:
    """A panel for each file: what was found against the number of labels, mean and deviation over the seeds."""
    from matplotlib.figure import Figure

    replays = read_replays(folder)
    columns = min(2, len(replays))
    lines = -(-len(replays) // columns)
    figure = Figure(figsize=(9.0 if columns > 1 else 6.0, 3.4 * lines), layout="constrained")
    panels = np.atleast_1d(figure.subplots(lines, columns)).ravel()
    for panel, (name, rows) in zip(panels, replays.items(), strict=False):
        panel.set_title(name.replace("-", " "), loc="left", fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
        if "policy" in rows[0]:
            _draw_fidelities(panel, rows)
        else:
            _draw_curves(panel, rows)
    for panel in panels[len(replays) :]:
        panel.set_axis_off()
    figure.savefig(file, dpi=150)


def _draw_curves(panel: Axes, rows: list[dict[str, str]]) -> None:
    several = "hypervolume" in rows[0]
    found = curves(rows, "hypervolume" if several else "found")
    ends = []
    for rule, (labels, values) in found.items():
        mean, sd = values.mean(axis=0), values.std(axis=0)
        colour = COLOURS.get(rule, "black")
        panel.plot(labels, mean, color=colour, linewidth=1.6)
        panel.fill_between(labels, mean - sd, mean + sd, color=colour, alpha=0.12, linewidth=0)
        ends.append((float(mean[-1]), rule, colour))
    panel.set_xlabel("labels")
    panel.set_ylabel("share of the dominated volume" if several else f"found of the best {rows[0]['of']}")
    panel.set_xlim(labels[0], labels[-1])
    top = 1.05 if several else 1.05 * int(rows[0]["of"])
    panel.set_ylim(0, top)
    place = -np.inf
    for mean, rule, colour in sorted(ends):  # names at the ends of the lines, moved apart
        place = max(mean, place + 0.055 * top)
        panel.annotate(
            rule, (1.0, place / top), xycoords="axes fraction", xytext=(4, 0), textcoords="offset points",
            color=colour, fontsize=8, va="center",
        )  # fmt: skip


def _draw_fidelities(panel: Axes, rows: list[dict[str, str]]) -> None:
    worlds = list(dict.fromkeys(row["world"] for row in rows))
    policies = list(dict.fromkeys(row["policy"] for row in rows))
    rng = np.random.default_rng(0)
    for number, policy in enumerate(policies):
        for world, marker in zip(worlds, "os", strict=False):
            found = np.array([float(r["found"]) for r in rows if (r["policy"], r["world"]) == (policy, world)])
            at = number + (0.18 if marker == "s" else -0.18)
            panel.scatter(
                at + rng.uniform(-0.07, 0.07, len(found)), found, marker=marker, s=14, alpha=0.5,
                color=COLOURS.get(policy, "black"), linewidths=0, label=f"short runs {world}" if not number else None,
            )  # fmt: skip
            if len(found):
                panel.hlines(found.mean(), at - 0.14, at + 0.14, color=COLOURS.get(policy, "black"), linewidth=2)
    panel.set_xticks(range(len(policies)), [policy.replace(" ", "\n") for policy in policies])
    panel.set_ylim(-0.3, 10.4)
    panel.set_ylabel("of 10 recommended, in the top 1 %")
    legend = panel.legend(frameon=False, fontsize=8, loc="lower left")
    for handle in legend.legend_handles:
        handle.set_color("#555555")
