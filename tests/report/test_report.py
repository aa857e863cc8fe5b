"""The report of a campaign: page, table for programs, and summary."""

import base64
import csv
import gzip
import itertools
import json
import math
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from autodisco.campaign.export import tables
from autodisco.campaign.judging import judge
from autodisco.campaign.measurements import read_table
from autodisco.decide import Standings
from autodisco.decide.life import life_of, lines
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.polymer import parse, units_from_grammar
from autodisco.report import summary, write_report
from autodisco.report.charts import best_against_reference, duplicates_by_iteration, values_by_iteration
from autodisco.report.content import gather
from autodisco.report.lives import packed, page_lives
from autodisco.store import DATASET, Candidate, Store
from autodisco.text import significant
from tests.filled_store import SETTINGS, fill, iteration_row, ranked_row

SIGMA = CONDUCTIVITY.column
VOID = {"meta", "br", "path", "use", "rect", "line", "circle", "ellipse"}


class Page(HTMLParser):
    """Collects tags, text and what the page would load; fails on tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.loads, self.ids = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self._look(attributes)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self._look(attributes)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def _look(self, attributes):
        for name, value in attributes:
            if name in ("src", "href", "xlink:href") and not value.startswith("#"):
                self.loads.append(value)
            if name == "id":
                self.ids.append(value)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    store = fill(tmp_path_factory.mktemp("runs") / "found", state="exhausted", alive=False)
    return store, write_report(store)


@pytest.fixture(scope="module")
def page(written):
    return Page(written[1].read_text())


def test_the_page_is_one_well_formed_file_that_loads_nothing(page):
    assert page.open == []
    assert page.loads == []
    assert len(page.ids) == len(set(page.ids))


def test_the_page_says_why_the_campaign_ended_and_what_the_values_are(page):
    assert "exhausted" in page.text
    assert "as many as the budget allows" in page.text
    assert "500 K" in page.text
    assert "boxes of 524 atoms" in page.text
    assert "they do not predict" in page.text


def test_the_page_lists_what_beats_the_reference_and_what_ties(page):
    assert "2 new polymers are better than PEO" in page.text
    assert "10.00 ± 0.20 mS/cm" in page.text
    tied = page.text[page.text.index("Tied with PEO") :].split(".")[0]
    assert "*OCCCO*" in tied
    assert "*COCOC*" not in tied


def test_the_page_draws_five_charts_and_every_ranked_structure(page, written):
    figures = page.tags.count("figure")
    drawn = page.tags.count("svg") - figures
    assert figures == 5
    ranked = len(list(csv.DictReader((written[1].parent / "ranking.csv").open())))
    assert drawn == ranked + 2  # the two that beat the reference have a card, too


def test_polymers_without_a_value_are_drawn_and_named(tmp_path):
    with fill(tmp_path / "works") as store:
        store.add_polymer(parse("*CC(*)C#N").key, "*CC(*)C#N", "*CC(*)C#N", "generated", 2)
        text = write_report(store).read_text()
    table = text[text.index("<h2>Polymers without a simulated value") :].partition("</table>")[0]
    assert table.count("<svg") == 2  # of three, one cannot be drawn
    row = table[table.index("*CC(*)C#N") :].partition("</tr>")[0]
    assert "poly(acrylonitrile)" in row


def test_measured_values_are_told_wherever_their_polymer_is(tmp_path):
    header = "monomer_smiles,quantity,value,unit,error,temperature,temperature_unit,salt,salt_content,salt_content_unit"
    file = tmp_path / "own.csv"
    rows = ("*CCCO*,conductivity,1.3,µS/cm,0.3,70,°C", "*OCC*,conductivity,0.92,mS/cm,,60,°C")
    file.write_text("\n".join([header, *(f"{row},LiTFSI,1,mol/kg" for row in rows)]) + "\n")
    bare, ranked = "key-1", "key-0"  # as the filled store calls them
    with fill(tmp_path / "works") as store:
        store.write("DELETE FROM labels WHERE key = ?", bare)
        own = [
            replace(row, key=key)
            for row, key in zip(read_table(str(file), "experiment").rows, (bare, ranked), strict=True)
        ]
        store.set_experiments("own.csv", own)
        folder = write_report(store).parent
        told = lines(life_of(store, bare, Standings(store)))
        assert told[-2:] == [
            "  measured: conductivity 0.00130 ± 0.00030 mS/cm at 70 °C (343.15 K), LiTFSI 1 mol/kg "
            "(source experiment, own.csv line 2)",
            "  measured, not simulated here",
        ]
        exported = {row["key"]: row["measured"] for row in tables(store)["polymers"]}
        assert "0.00130 ± 0.00030 mS/cm" in exported[bare]
        assert {key for key, cell in exported.items() if cell} == {bare, ranked}
    page = (folder / "index.html").read_text()
    without = page[page.index("Polymers without a simulated value") :].partition("</table>")[0]
    row = without[without.index("poly(oxetane)") :].partition("</tr>")[0]
    assert "measured, not simulated here: 0.00130 ± 0.00030 mS/cm at 70 °C" in row
    of_csv = {row["monomer_smiles"]: row["measured"] for row in csv.DictReader((folder / "ranking.csv").open())}
    assert of_csv["*OCC*"].startswith("conductivity 0.92 mS/cm at 60 °C")
    assert not of_csv["*COCOC*"]
    of_json = {row["key"]: row["measured"] for row in json.loads((folder / "ranking.json").read_text())["polymers"]}
    assert [one["value"] for one in of_json[ranked]] == [pytest.approx(9.2e-4)]


def test_the_page_tells_the_life_of_every_polymer_in_the_words_of_explain(written, page):
    store = written[0]
    packed = re.search(r'id="lives">(.*?)</script>', written[1].read_text())[1]
    told = json.loads(gzip.decompress(base64.b64decode(packed)))
    keys = [row.key for row in store.polymers()]
    assert sorted(told) == sorted(keys)
    for key in keys:
        assert told[key]["text"].splitlines() == lines(life_of(store, key, Standings(store)))
    assert "*OCC(C)<b>*" in page.text[page.text.index("Polymers without a simulated value") :]
    assert "failed: build-overlap" in page.text


def test_links_to_replicas_are_relative_to_the_page(tmp_path):
    with fill(tmp_path / "a b") as store:
        store.replica_folder("key-2", "quick", 1).mkdir(parents=True)
        standings = Standings(store)
        told, _ = page_lives(store, standings, standings.rows())
        unpacked = json.loads(gzip.decompress(base64.b64decode(packed(told, tmp_path / "elsewhere"))))
    assert unpacked["key-2"]["links"] == {"1": "../a%20b/simulations/key-2/1/"}
    assert unpacked["key-3"]["links"] == {}


def test_what_polymers_with_a_failure_have_in_common_is_told_by_code(tmp_path):
    with fill(tmp_path / "failing", state="exhausted") as store:
        for n in range(8):
            for kind, smiles in (("done", f"*{'C' * (n + 2)}O*"), ("failed", f"*OO{'C' * (n + 1)}*")):
                store.add_polymer(f"{kind}-{n}", smiles, smiles, "generated", 2)
                store.plan_replica(f"{kind}-{n}", "quick", 0, 2)
                columns = {"properties": {SIGMA: 1e-3}} if kind == "done" else {"failure_code": "nan"}
                store.update_replica(f"{kind}-{n}", "quick", 0, status=kind, ended=1.0, **columns)
        page = Page(write_report(store).read_text())
    assert re.search(r"nan 8 8 bond O–O in 8 of them and 1 of \d+ others", page.text)


def test_the_best_so_far_and_the_cost_of_iterations_are_drawn(written, page):
    assert "The best new polymer up to each iteration" in page.text
    assert "CPU time of its replicas" in page.text
    text = written[1].read_text()
    assert 'data-tip="from iteration 1: *OCOCCOC*, ' in text
    assert re.search(r'data-tip="iteration 1: [\d:]+( s)?, simulations"', text)


def test_every_point_tells_what_it_stands_for():
    iterations, ranked = long_campaign(40)
    drawn = values_by_iteration(ranked, None, CONDUCTIVITY)
    assert drawn.count("data-tip=") == len(ranked)
    drawn = duplicates_by_iteration(iterations, 0.3)
    assert drawn.count("data-tip=") == len([row for row in iterations if row.known[1]])
    assert 'data-tip="iteration 7: 7 of 50 known (14%), next draw new with 14%"' in drawn


def test_numbers_that_are_read_keep_their_digits():
    ranked = [ranked_row(value, 1.4e-7, iteration=n) for n, value in enumerate((0.0, 1.234e-6, 1e-2))]
    drawn = values_by_iteration(ranked, None, CONDUCTIVITY)
    assert ">0.001<" in drawn
    assert "0.00123 ± 0.00014 mS/cm" in drawn
    assert not re.search(r"<path[^>]*\d\.\d{3}", re.sub(r'data-tip="[^"]*"', "", drawn))


def test_what_is_told_of_a_point_is_escaped():
    drawn = values_by_iteration([ranked_row(1e-3, 1e-4, monomer_smiles='*<b>"*')], None, CONDUCTIVITY)
    assert "*&lt;b&gt;&quot;*: 1.00 ± 0.10 mS/cm" in drawn


def test_what_the_model_can_write_is_drawn_where_the_rule_saw_it():
    judged = iteration_row(1, saturation={"chance_new": 0.4, "reachable": 310.0})
    assert "can be written" not in duplicates_by_iteration([iteration_row(1)], 0.3)
    drawn = duplicates_by_iteration([judged, iteration_row(2)], 0.3)
    assert "can be written" in drawn
    assert "300" in drawn


def test_the_chart_shows_what_the_rule_counted():
    judged = {"count": "polymers", "known": 93, "draws": 100, "chance_new": 0.07, "chance_new_low": 0.04,
              "chance_new_high": 0.12}  # fmt: skip
    assert "93 of 100" in duplicates_by_iteration([iteration_row(1, saturation=judged)], 0.9)
    assert "20 of 50" in duplicates_by_iteration([iteration_row(1)], 0.9)


def test_an_iteration_without_a_new_string_is_within_the_axis():
    judged = {"count": "polymers", "known": 100, "draws": 100, "chance_new": 0.0, "chance_new_low": 0.0,
              "chance_new_high": 0.03}  # fmt: skip
    last = iteration_row(5, new_strings=0, verdicts={}, saturation=judged)
    assert ">5<" in duplicates_by_iteration([*(iteration_row(n, verdicts={}) for n in range(1, 5)), last], 0.9)


def test_a_polymer_that_conducts_nothing_has_its_value_at_the_edge_of_the_comparison():
    rows = [
        ranked_row(mean, sem, verdict=verdict, monomer_smiles=smiles)
        for smiles, mean, sem, verdict in (("*COC*", 2e-2, 1e-3, "better"), ("*CC*", 0.0, 0.0, "worse"))
    ]  # fmt: skip
    assert "◂ 0" in best_against_reference(rows, None, CONDUCTIVITY)
    assert "◂" not in best_against_reference(rows[:1], None, CONDUCTIVITY)


def long_campaign(n):
    """Rows of a campaign of n iterations with three polymers each."""
    iterations = [
        iteration_row(
            i, verdicts={"duplicate-symmetry": i % 50}, saturation={"chance_new": 1 / i, "reachable": 300.0 + i}
        )
        for i in range(1, n + 1)
    ]
    ranked = [ranked_row(1e-3 * (1 + (7 * i + k) % 50), 1e-4, iteration=i) for i in range(1, n + 1) for k in range(3)]
    return iterations, ranked


@pytest.mark.parametrize("n", [3, 12, 13, 120])
def test_the_axis_of_iterations_has_a_dozen_numbers_at_most(n):
    iterations, ranked = long_campaign(n)
    for svg in (duplicates_by_iteration(iterations, 0.3), values_by_iteration(ranked, None, CONDUCTIVITY)):
        ticks = re.findall(r'id="[^"]*xtick_\d+"', svg)
        panels = 2 if "duplicates" in svg else 1
        assert 3 * panels <= len(ticks) <= 13 * panels
        counts = re.findall(r">(\d+) of 50<", svg)
        assert len(counts) == (n if n <= 12 and "duplicates" in svg else 0)


def test_no_label_of_a_chart_of_many_iterations_overlaps_another():
    from matplotlib.figure import Figure

    from autodisco.report.course_charts import costs, time_and_cost
    from autodisco.report.figure import Drawing

    drawn = []
    iterations, ranked = long_campaign(120)

    def kept(self, name, title):
        drawn.append(self.figure)
        return ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Drawing, "svg", kept)
        duplicates_by_iteration(iterations, 0.3)
        values_by_iteration(ranked, None, CONDUCTIVITY)
        time_and_cost(costs(iterations, [], []))
        best_against_reference([ranked_row(10**-k, 0.0) for k in (2, 3.2, 4.4)], None, CONDUCTIVITY)
    assert len(drawn) == 4
    for figure in drawn:
        assert isinstance(figure, Figure)
        figure.canvas.draw()
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                shown = [
                    label for label in axis.get_ticklabels(which="both") if label.get_text() and label.get_visible()
                ]
                boxes = [label.get_window_extent() for label in shown]
                assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_the_tables_of_a_long_campaign_are_cut_and_say_where_the_rest_is(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.report.tables.RANKING_ROWS", 4)
    monkeypatch.setattr("autodisco.report.tables.MODEL_ROWS", 1)
    monkeypatch.setattr("autodisco.report.tables.FAILURE_ROWS", 1)
    monkeypatch.setattr("autodisco.report.page.TIES_NAMED", 0)
    page = Page(write_report(fill(tmp_path / "long", state="exhausted", alive=False)).read_text())
    assert "5 more are in ranking.csv" in page.text
    assert "the last 1 of 2 models" in page.text
    assert re.search(r"and \d more in the table below", page.text)
    assert "1 more are in replicas.csv of autodisco export" in page.text


def test_a_name_that_begins_like_a_formula_is_text_for_a_spreadsheet(tmp_path):
    store = fill(tmp_path / "found", state="exhausted", alive=False)
    store.write("UPDATE polymers SET name = '=HYPERLINK(\"x\")' WHERE key = 'key-0'")
    rows = list(csv.DictReader((write_report(store).parent / "ranking.csv").open()))
    assert [row["name"] for row in rows if row["name"].startswith(("=", "'"))] == ['\'=HYPERLINK("x")']


def test_the_settings_on_the_page_are_those_in_force(tmp_path):
    """The file in the folder is a copy, which may be older or edited."""
    store = fill(tmp_path / "found", state="exhausted", alive=False)
    (tmp_path / "found" / "campaign.toml").write_text("[saturation]\nthreshold = 0.99\n")
    assert "threshold = 0.3" in Page(write_report(store).read_text()).text


def test_a_report_is_of_one_moment(tmp_path):
    """What a daemon writes between two looks is in none of its parts."""
    with fill(tmp_path / "busy") as store, Store.open_readonly(tmp_path / "busy") as reader:
        seen = []

        def meanwhile(statement):
            if statement.startswith("SELECT") and len(seen) < 30:
                seen.append(statement)
                store.note("tick")

        reader._connection.set_trace_callback(meanwhile)
        content = gather(reader)
        reader._connection.set_trace_callback(None)
        assert len(seen) == 30
        ticks = sum(row.event == "tick" for row in content.journal)
    assert ticks <= 1


def test_a_wide_ranking_scrolls_in_a_box_of_its_own_and_says_so(page, written):
    text = written[1].read_text()
    assert '<div class="scroll" tabindex="0"><table class="ranking">' in text
    assert 'D cation, <span class="unit">10⁻⁶ cm²/s</span>' in text
    assert "it scrolls sideways" in page.text


def test_failures_are_listed_with_their_code(page):
    assert "build-overlap" in page.text
    assert "no room <for> the chain" in page.text


def test_what_came_from_outside_is_escaped(tmp_path):
    store = fill(tmp_path / "found", state="exhausted", alive=False)
    store.write("UPDATE polymers SET name = '<img src=x onerror=alert(1)>' WHERE source = 'seed'")
    store.set(settings=SETTINGS | {"name": "a & b"})
    html = write_report(store).read_text()
    assert "<img" not in html
    assert html.count("&lt;img src=x") >= 2  # in the ranking, and as the name of the reference
    assert "*OCC(C)<b>*" not in html
    assert "no room <for>" not in html
    assert "&lt;for&gt;" in html
    assert "a &amp; b" in html


def test_the_duplicates_per_iteration_and_the_rule_are_shown(page):
    assert page.text.count("1 of 5") == 2
    assert "above 30% (dashed) with probability 90%" in page.text


def test_the_csv_ranks_polymers_with_values_errors_and_flags(written):
    rows = list(csv.DictReader((written[1].parent / "ranking.csv").open()))
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 10)]
    assert rows[0]["monomer_smiles"] == "*COCOC*"
    assert float(rows[0]["conductivity_s_per_cm"]) == pytest.approx(0.047)
    assert float(rows[0]["conductivity_s_per_cm_sem"]) == pytest.approx(0.004)
    assert rows[0]["verdict"] == "better"
    low, expected, high = (float(rows[0][f"expected_{name}s_per_cm"]) for name in ("low_", "", "high_"))
    assert low < expected < high
    assert {row["monomer_smiles"]: row["flags"] for row in rows}["*OCCOCCN*"] == "n-o"
    weak = {row["monomer_smiles"]: row["force_field_flags"] for row in rows}
    assert {smiles: names for smiles, names in weak.items() if names} == {"*OCCOCCN*": "estimated charges;hydrazine"}
    values = [float(row["conductivity_s_per_cm"]) for row in rows]
    assert values == sorted(values, reverse=True)


def test_polymers_for_which_the_force_field_is_weak_are_marked_on_the_page(page):
    assert page.text.count("force field weak: estimated charges, hydrazine") == 1


def test_the_json_holds_the_same_ranking_with_its_conditions(written):
    content = json.loads((written[1].parent / "ranking.json").read_text())
    assert content["protocol"] == "quick"
    assert "autodisco" in content["versions"]
    assert len(content["polymers"]) == 9
    assert "they do not predict" in content["note"]


def test_a_value_from_a_file_brings_no_replicas_that_nobody_ran(written):
    content = json.loads((written[1].parent / "ranking.json").read_text())
    values = {row["monomer_smiles"]: row["values"] for row in content["polymers"]}
    assert values["*COCOC*"] == [0.051, 0.043]
    assert values["*CCCO*"] == []


def test_the_summary_names_winners_ties_and_the_caveat(written):
    text = "\n".join(summary(written[0]))
    assert "found: exhausted after 11:30" in text
    assert "2 new polymers are better than PEO (10.00 ± 0.20 mS/cm):" in text
    assert re.search(r"\*COCOC\* +47 ± 4 mS/cm +expected \d+ \(\d+–\d+\) +n = 2", text)
    assert "neither better nor worse (a tie): *OCCOCCN*, *OCCCO*" in text
    assert "2 of 18 replicas failed" in text
    assert "do not predict" in " ".join(text.split())


def test_a_report_can_be_made_of_a_campaign_that_has_only_begun(tmp_path):
    store = Store.create(tmp_path / "new")
    store.set(name="<new>", state="prepare", iteration=0)
    page = Page(write_report(store).read_text())
    assert "The reference polymer has no value yet" in page.text
    assert page.open == []
    assert "no value yet" in "\n".join(summary(store))


def test_a_report_is_made_beside_a_daemon_that_writes(tmp_path):
    store = fill(tmp_path / "busy")
    with store.transaction():
        store.set(activity="half way")
        with Store.open_readonly(tmp_path / "busy") as reader:
            assert write_report(reader, tmp_path / "elsewhere") == tmp_path / "elsewhere" / "index.html"


@pytest.fixture
def judged(tmp_path):
    """A campaign with a data set, judged before and after two polymers came."""
    units = [parse(text) for text in units_from_grammar(30, np.random.default_rng(5))]
    with fill(tmp_path / "judged", state="exhausted") as store:
        store.set(settings={**SETTINGS, "surrogate": {"kind": "posterior", "best": 3}})
        for row in store.polymers():  # keys and canonical forms, as the filter writes them
            unit = parse(row.given.replace("<b>", ""))
            store.write("UPDATE polymers SET smiles = ? WHERE key = ?", unit.smiles, row.key)
        for n, unit in enumerate(units):
            store.add_polymer(unit.key, unit.smiles, unit.given, "dataset")
            store.set_label(unit.key, SIGMA, 1e-4 * (1 + n), protocol=DATASET, force_field="", origin="table.csv")
        late = next(row.key for row in store.polymers() if row.given == "*COCOC*")
        store.write("UPDATE replicas SET status = 'waiting' WHERE key = ?", late)
        store.add_candidates([Candidate(2, 40, "*COCOC*", late, "not-selected")])
        store.write("UPDATE polymers SET source = 'grammar' WHERE key = ?", late)
        judge(store)
        store.write("UPDATE polymers SET source = 'generated' WHERE key = ?", late)
        store.write("UPDATE replicas SET status = 'done' WHERE key = ?", late)
        store.set(iteration=3)
        judge(store)
        yield store


def test_a_report_says_what_the_posterior_speaks_about_and_what_moved_it(judged):
    folder = write_report(judged).parent
    page = Page((folder / "index.html").read_text())
    assert "posterior at 353 K (90 %), mS/cm" in page.text
    assert "quick: σ, mS/cm" in page.text
    assert "posterior at 353 K, reference protocol" in page.text
    assert "30 of table.csv" in page.text
    assert "Values of quick against what was said before they came" in page.text
    assert len(page.ids) == len(set(page.ids))
    rows = list(csv.DictReader((folder / "ranking.csv").open()))
    assert {row["expected_from"] for row in rows} == {"posterior at 353 K, reference protocol"}
    reference, *others = sorted(rows, key=lambda row: row["verdict"] != "reference")
    assert reference["against_reference"] == ""
    for row in others:
        ratio, low, high = (float(row[f"against_reference{end}"]) for end in ("", "_low", "_high"))
        assert ratio == pytest.approx(
            (float(row["expected_s_per_cm"]) + 1e-6) / (float(reference["expected_s_per_cm"]) + 1e-6), rel=1e-4
        )  # six digits
        assert f"{significant(ratio)} ({significant(low)}–{significant(high)})" in page.text
    assert "times PEO (90 %)" in page.text
    verdicts = Counter(row["verdict"] for row in rows)
    assert f"{verdicts['worse']} are worse (grey), {verdicts['tie']} neither (amber)" in page.text
    best = rows[0]
    moved = [float(cell) for name, cell in best.items() if name.startswith("moved_by_")]
    assert sum(moved) == pytest.approx(math.log10(float(best["expected_s_per_cm"]) + 1e-6), abs=2e-5)  # six digits
    content = json.loads((folder / "ranking.json").read_text())
    assert content["judgement"]["target"] == "htp-md"
    assert [row["source"] for row in content["forecasts"]] == ["quick"]
    assert any("mS/cm, posterior at 353 K, reference protocol)" in line for line in summary(judged))
