"""Figures for print: their files, their numbers, and that no two labels touch each other."""

import csv
import itertools
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from autodisco.analysis import analyze
from autodisco.analysis.means import mean
from autodisco.decide import Standings
from autodisco.decide.front import FRONT
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.decide.wanted import wanted
from autodisco.report.content import gather
from autodisco.report.figure import svg
from autodisco.report.figures import FIGURES, Source, write_figures
from autodisco.report.figures.generator import nearest_of
from autodisco.report.figures.style import FORMATS, STYLE
from autodisco.store import FINALISTS, SCAN_FILE, Store
from tests.analysis.test_replica_folder import walkers, write_replica
from tests.filled_store import SETTINGS, fill

SIGMA = CONDUCTIVITY.column
OBJECTIVES = [{"name": "conductivity"}, {"name": "density", "aim": "target", "value": 1.1}, {"name": "sa_score"}]
FRONT_ROWS = [
    ("key-2", "*OCOCCOC*", 0.93, True, [[0.048, 0.03, 0.06], [1.12, 1.05, 1.2], [3.2, 3.2, 3.2]]),
    ("key-0", "*OCC*", 0.51, True, [[0.0102, 0.008, 0.02], [1.08, 1.0, 1.1], [2.9, 2.9, 2.9]]),
    ("key-4", "*CNC*", 0.04, False, [[0.0047, 0.004, 0.007], [1.3, 1.2, 1.4], [3.4, 3.4, 3.4]]),
]
MOLALITIES = {0.5: (0.004, 0.006), 1.0: (0.009, 0.012), 1.5: (0.011, 0.010), 3.0: (0.005, 0.004)}
BOX = (30.0, 30.0, 30.0)


def written_scan(folder: Path) -> Path:
    """The file that `autodisco scan` leaves, for the reference."""
    values = [
        {"molality_mol_per_kg": m, "molality_in_box_mol_per_kg": 0.97 * m, "temperature_k": 500.0, "ion_pairs": 4,
         "replicas_s_per_cm": several}
        for m, several in MOLALITIES.items()
    ]  # fmt: skip
    file = folder / "key-0" / "scan-quick" / "seed-1" / SCAN_FILE
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"key": "key-0", "protocol": "quick", "force_field": "pcff+", "values": values}))
    return file


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A campaign with data for every figure, and what was written of it."""
    here = tmp_path_factory.mktemp("figures")
    store = fill(here / "several", "exhausted", alive=False)
    names = ("key", "monomer_smiles", "p_front", "on_front", "values")
    front = {"columns": [one.column for one in wanted(OBJECTIVES).aims], "hypervolume": 2.5, "of": 9,
             "rows": [dict(zip(names, row, strict=True)) for row in FRONT_ROWS]}  # fmt: skip
    store.set(settings={**SETTINGS, "objective": OBJECTIVES}, **{FRONT: front})
    for replica in range(2):
        folder = store.replica_folder("key-0", "quick", replica)
        folder.mkdir(parents=True)
        write_replica(folder, walkers(np.array(BOX), 4, 60, (0.4, 0.2), seed=replica), BOX, 4)
    written_scan(here / "scans")
    written = write_figures(store, here / "out", scans=here / "scans")
    with store:
        yield store, here, written


def rows_of(here: Path, name: str) -> list[dict[str, str]]:
    with (here / "out" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_figure_is_there_in_every_format_with_its_numbers_and_a_caption(made):
    _, here, written = made
    assert written.left_out == {}
    names = {path.name for path in written.files}
    assert names == {f"{name}.{kind}" for name in FIGURES for kind in (*FORMATS, "csv")} | {"captions.md"}
    assert all(path.stat().st_size > 0 for path in written.files)
    captions = (here / "out" / "captions.md").read_text()
    assert re.findall(r"^## (\w+)$", captions, re.MULTILINE) == list(FIGURES)
    ranking = captions.partition("## ranking")[2].partition("## ")[0]
    assert "standard error over independent builds" in ranking
    assert "8 polymers; protocol quick, force field pcff+, 500 K" in ranking


def test_the_numbers_are_those_of_the_store(made):
    store, here, _ = made
    ranked = {row.key: row for row in Standings(store).rows()}
    every = rows_of(here, "iterations")
    assert {row["key"] for row in every} == set(ranked)
    for row in every:
        assert float(row[SIGMA]) == ranked[row["key"]].value
        assert row["verdict"] == ranked[row["key"]].verdict
    best = rows_of(here, "ranking")
    generated = [row.key for row in ranked.values() if row.source == "generated"]
    assert [row["key"] for row in best] == [*generated, "key-0"]
    assert best[0]["builds"] == ";".join(f"{value:g}" for value in ranked[best[0]["key"]].values)
    (first,) = [row for row in rows_of(here, "structures") if row["key"] == generated[0]]
    assert float(first["transference_number"]) == pytest.approx(0.31)
    assert float(first["cation_diffusivity_cm2_per_s"]) == pytest.approx(4.1e-6)
    assert [row["number"] for row in rows_of(here, "front")] == ["1", "2", ""]
    assert [float(row["conductivity_s_per_cm_expected"]) for row in rows_of(here, "front")] == [0.048, 0.0102, 0.0047]


def test_convergence_shows_displacements_of_the_kept_trajectories(made):
    store, here, _ = made
    rows = [row for row in rows_of(here, "convergence") if row["panel"] == "time"]
    assert {(row["key"], row["builds"]) for row in rows} == {("key-0", "2")}
    lags = np.array([float(row["lag_ps"]) for row in rows])
    expected = [analyze(store.replica_folder("key-0", "quick", n)).properties for n in range(2)]
    slope = np.polyfit(lags, [float(row["msd_angstrom2"]) for row in rows], 1)[0]
    diffusivity = mean([one.cation_diffusivity_cm2_per_s for one in expected])[0]
    assert slope / 6 * 1e-4 == pytest.approx(diffusivity, rel=0.35)  # Å²/ps to cm²/s


def test_the_mean_over_builds_is_shown_with_its_error(tmp_path):
    with fill(tmp_path / "many", "exhausted", alive=False) as store:
        values = [0.0102, 0.0098, 0.012, 0.007]
        for replica in (2, 3):
            store.plan_replica("key-0", "quick", replica, 0)
            done = {SIGMA: values[replica], "temperature_k": 500.0}
            store.update_replica("key-0", "quick", replica, status="done", properties=done, cpu_s=1.0, ended=1.0)
        made = FIGURES["convergence"](Source(store, gather(store), tmp_path))
    rows = [row for row in made.rows if row["panel"] == "builds"]
    assert [row["builds"] for row in rows] == [1, 2, 3, 4]
    for row in rows:
        known = values[: row["builds"]]
        assert row[SIGMA] == pytest.approx(np.mean(known))
        if len(known) > 1:
            assert row[f"{SIGMA}_sem"] == pytest.approx(np.std(known, ddof=1) / len(known) ** 0.5)


def test_conductivity_against_salt_is_that_of_the_scan(made):
    _, here, _ = made
    rows = rows_of(here, "salt")
    assert [float(row["molality_in_box_mol_per_kg"]) for row in rows] == pytest.approx([0.97 * m for m in MOLALITIES])
    assert [float(row[SIGMA]) for row in rows] == pytest.approx([np.mean(several) for several in MOLALITIES.values()])


def test_scans_of_finalists_are_those_of_the_campaign(tmp_path):
    with fill(tmp_path / "scanned", "exhausted", alive=False) as store:
        written_scan(store.folder / FINALISTS)
        made = FIGURES["salt"](Source(store, gather(store), tmp_path / "none"))
    assert [row["molality_mol_per_kg"] for row in made.rows] == list(MOLALITIES)
    assert "1 polymer, 8 builds at 500 K" in made.caption


def test_similarity_is_one_for_a_learnt_polymer_in_another_spelling_and_less_for_others():
    nearest = nearest_of(["*COCCOC*", "*CC(*)C#N"], ["*OCC*", "*CC(*)(C)C#N"])
    assert nearest[0] == pytest.approx(1.0)
    assert 0.1 < nearest[1] < 0.9


def test_pdf_files_hold_all_their_fonts_as_outlines(made):
    for path in (path for path in made[2].files if path.suffix == ".pdf"):
        content = path.read_bytes()
        assert content.count(b"/FontFile2") == content.count(b"/Type /FontDescriptor") > 0, path
        assert b"/Type3" not in content
        assert b"/CreationDate" not in content


def test_svg_files_keep_text_as_text_and_hold_no_picture(made):
    for path in (path for path in made[2].files if path.suffix == ".svg"):
        text = path.read_text()
        assert "<text" in text
        assert "<image" not in text
        assert "dc:date" not in text
    structures = (made[1] / "out" / "structures.svg").read_text()
    assert structures.count("<path") > 50


def test_the_same_campaign_gives_the_same_files(made, tmp_path):
    store, here, _ = made
    again = write_figures(store, tmp_path, ("svg", "pdf"), ("ranking", "structures", "front"))
    for path in again.files[:-1]:
        assert path.read_bytes() == (here / "out" / path.name).read_bytes(), path.name


def test_a_figure_without_data_is_left_out_with_one_line(store, tmp_path):
    written = write_figures(store, tmp_path / "out", ("svg",), scans=tmp_path / "none")
    assert set(written.left_out) == {"generator", "front", "convergence", "salt"} - {"generator"}
    assert all("\n" not in reason for reason in written.left_out.values())
    assert "autodisco scan" in written.left_out["salt"]


def texts_of(figure) -> list[Text]:
    """What is drawn of the texts of a figure: ticks beyond the ends of an axis are not."""
    ticks = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    of_ticks = {label for axis in ticks for label in axis.get_ticklabels(which="both")}
    shown = {tick.label1 for axis in ticks if axis.axes.axison for tick in axis._update_ticks()}
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in found if text in shown or text not in of_ticks]


def touching(made) -> list[tuple[str, str]]:
    """Pairs of texts that overlap, and texts that leave the page."""
    with matplotlib.rc_context(STYLE):
        figure = made.drawn()
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in texts_of(figure)]
    pairs = [(a, b) for (a, one), (b, two) in itertools.combinations(boxes, 2) if one.padded(-0.5).overlaps(two)]
    page = figure.bbox.padded(1.0)
    return pairs + [(a, "") for a, box in boxes if not (page.contains(*box.min) and page.contains(*box.max))]


@pytest.mark.parametrize(
    ("polymers", "iterations"), [(6, 2), (500, 10), pytest.param(500, 120, marks=pytest.mark.slow)]
)
def test_no_labels_touch_each_other(polymers, iterations, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    from filled_campaign import fill as fill_campaign

    folder = fill_campaign(tmp_path, polymers, iterations)
    assert "filled_campaign" in sys.modules
    with Store.open_readonly(folder) as store:
        source = Source(store, gather(store), tmp_path)
        for name in ("generator", "iterations", "ranking", "structures", "convergence"):
            assert touching(FIGURES[name](source)) == [], name


def test_a_title_of_any_text_is_no_markup_and_no_pattern():
    title = r'against *C/C=C\COCO* "x" <i>\1'
    drawn = svg(Figure(), "against", title)
    assert ElementTree.fromstring(drawn).attrib["aria-label"] == title


def test_no_labels_touch_each_other_on_a_front_and_in_a_scan(made):
    store, here, _ = made
    source = Source(store, gather(store), here / "scans")
    for name in ("front", "salt", "convergence"):
        assert touching(FIGURES[name](source)) == [], name


def test_expected_values_far_below_simulated_ones_are_shown_whole_in_the_ranking(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    from filled_campaign import fill as fill_campaign

    with Store.open_readonly(fill_campaign(tmp_path, 6, 2)) as store:
        content = gather(store)
        lower = [
            replace(row, expected=1e-5 * row.rank, expected_low=4e-6 * row.rank, expected_high=2e-5 * row.rank)
            for row in content.ranking
        ]
        source = Source(store, replace(content, ranking=lower), tmp_path)
        made = FIGURES["ranking"](source)
        with matplotlib.rc_context(STYLE):
            (axes,) = made.drawn().axes
    assert "another quantity than the simulated one" in made.caption
    left, right = axes.get_xlim()
    for row in source.compared():
        ends = [row.objective.read(value) for value in (row.expected_low, row.expected, row.expected_high)]
        assert left < min(ends) < max(ends) < right
    diamonds = [found.get_offsets()[0][0] for found in axes.collections if len(found.get_paths()[0]) == 5]
    for row in source.compared():
        assert any(x == pytest.approx(row.objective.read(row.expected)) for x in diamonds)


def test_zero_on_a_logarithmic_axis_is_an_open_triangle_and_the_caption_says_so(tmp_path):
    with fill(tmp_path / "zero", "exhausted", alive=False) as store:
        for replica, value in enumerate((0.0, 0.0, 0.0004)):
            store.plan_replica("key-0", "quick", replica, 0)
            done = {SIGMA: value, "temperature_k": 500.0}
            store.update_replica("key-0", "quick", replica, status="done", properties=done, cpu_s=1.0, ended=1.0)
        source = Source(store, gather(store), tmp_path)
        made = FIGURES["convergence"](source)
        assert "Open triangles: values from 0 to 0.001 mS/cm" in made.caption
        assert "Open triangles" not in FIGURES["iterations"](source).caption  # no mean of a polymer is zero
        with matplotlib.rc_context(STYLE):
            (full, bounds) = made.drawn().axes[0].collections[-2:]
    assert len(full.get_facecolors()) == 1
    assert len(full.get_offsets()) == 1
    assert len(bounds.get_facecolors()) == 0
    assert [y for _, y in bounds.get_offsets()] == pytest.approx([0.001, 0.001])
