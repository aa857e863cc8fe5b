"""The Pareto front on the page, in the files beside it, and in the monitor."""

import json

import pytest

from autodisco.decide import status
from autodisco.decide.front import FRONT
from autodisco.decide.wanted import wanted
from autodisco.monitor.frame import frame, ranking_rows
from autodisco.report import summary, write_report
from autodisco.report.front_chart import front_chart
from tests.filled_store import SETTINGS, fill
from tests.report.test_report import Page

OBJECTIVES = [{"name": "conductivity"}, {"name": "density", "aim": "target", "value": 1.1}, {"name": "sa_score"}]
ROWS = [
    ("key-2", "*OCOCCOC*", 0.93, True, [[0.048, 0.03, 0.06], [1.12, 1.05, 1.2], [3.2, 3.2, 3.2]]),
    ("key-0", "*OCC*", 0.51, True, [[0.0102, 0.008, 0.02], [1.08, 1.0, 1.1], [2.9, 2.9, 2.9]]),
    ("key-4", "*CNC*", 0.04, False, [[0.0047, 0.004, 0.007], [1.3, 1.2, 1.4], [3.4, 3.4, 3.4]]),
]


@pytest.fixture
def store(tmp_path):
    """A campaign of three objectives with a front."""
    store = fill(tmp_path / "several", "exhausted", alive=False)
    names = ("key", "monomer_smiles", "p_front", "on_front", "values")
    rows = [dict(zip(names, row, strict=True)) for row in ROWS]
    columns = [one.column for one in wanted(OBJECTIVES).aims]
    front = {"columns": columns, "hypervolume": 2.5, "of": 9, "rows": rows}
    store.set(settings={**SETTINGS, "objective": OBJECTIVES}, **{FRONT: front})
    return store


def test_the_page_shows_the_front_with_its_intervals(store):
    text = write_report(store).read_text()
    words = " ".join(" ".join(Page(text).words).split())
    assert "2 of 9 polymers with a value are surpassed by no other" in words
    assert "density: aim: 1.1 g/cm³; SA score: lower is better" in words
    table = text[text.index("<h2>Pareto front") : text.index("<h2>The course of")]
    assert table.index("*OCOCCOC*</code>") < table.index("*OCC*</code>")
    assert "48 (30–60)" in table
    assert table.count('class="drawing"') == 2
    assert "*CNC*</code>" not in table
    assert table.count("data-key=") == 2 + 3 * 3  # rows of the table, and points of three panels
    found = json.loads((store.folder / "report" / "ranking.json").read_text())["front"]
    assert [row["p_front"] for row in found["polymers"]] == [0.93, 0.51, 0.04]


def test_the_end_of_a_run_names_the_front(store):
    said = summary(store)
    at = said.index("Pareto front of conductivity, density and SA score (probability to be on it):")
    assert (
        said[at + 1].split()
        == "*OCOCCOC* 0.93 σ 48 (30–60) mS/cm, density 1.1 (1.1–1.2) g/cm³, SA 3.2 (3.2–3.2)".split()
    )


def test_the_chart_draws_a_panel_for_each_pair_and_tells_each_point(store):
    chart = front_chart(status(store).front)
    for label in ("conductivity, mS/cm →", "density, g/cm³", "SA score ←"):
        assert label in chart
    assert 'data-tip="*CNC*: σ 4.7 (4.0–7.0) mS/cm, density 1.3 (1.2–1.4) g/cm³, SA 3.4 (3.4–3.4)"' in chart


@pytest.mark.parametrize(("width", "height"), [(80, 30), (140, 40)])
def test_the_monitor_shows_the_front_below_the_ranking(store, width, height):
    seen = status(store)
    lines = [line.plain for line in frame(seen, width, height).lines]
    at = next(n for n, line in enumerate(lines) if "Pareto front  2" in line)
    assert "*OCOCCOC*" in lines[at + 1]
    assert "0.93" in lines[at + 1]
    assert "48 (30–60)" in lines[at + 1]
    assert len(lines) <= height
    without = fill(store.folder.parent / "one", "exhausted", alive=False)
    assert ranking_rows(status(without), width, height) - ranking_rows(seen, width, height) == 3
    assert not any("Pareto" in line.plain for line in frame(status(without), width, height).lines)
