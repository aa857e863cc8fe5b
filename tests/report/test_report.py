"""The report of a campaign: page, table for programs, and summary."""

import csv
import json
import re
from html.parser import HTMLParser

import pytest

from autodisco.report import summary, write_report
from autodisco.report.charts import best_against_reference, duplicates_by_iteration
from autodisco.store import Store
from tests.filled_store import fill

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
    assert "2 new polymers conduct better than PEO" in page.text
    assert "10.00 ± 0.20 mS/cm" in page.text
    tied = page.text[page.text.index("Tied with PEO") :].split(".")[0]
    assert "*OCCCO*" in tied
    assert "*COCOC*" not in tied


def test_the_page_draws_three_charts_and_every_ranked_structure(page, written):
    figures = page.tags.count("figure")
    drawn = page.tags.count("svg") - figures
    assert figures == 3
    ranked = len(list(csv.DictReader((written[1].parent / "ranking.csv").open())))
    assert drawn == ranked + 2  # the two that beat the reference have a card, too


def test_what_the_model_can_write_is_drawn_where_the_rule_saw_it():
    row = {"n": 1, "new_strings": 50, "verdicts": {"duplicate-symmetry": 20}, "saturation": None}
    judged = row | {"saturation": {"chance_new": 0.4, "reachable": 310.0}}
    assert "can be written" not in duplicates_by_iteration([row], 0.3)
    drawn = duplicates_by_iteration([judged, row | {"n": 2}], 0.3)
    assert "can be written" in drawn
    assert "300" in drawn


def test_a_polymer_that_conducts_nothing_has_its_value_at_the_edge_of_the_comparison():
    rows = [
        {"conductivity_s_per_cm": mean, "conductivity_s_per_cm_sem": sem, "verdict": verdict, "origin": "simulated",
         "values": [mean - sem, mean + sem], "n_replicas": 2, "monomer_smiles": smiles}
        for smiles, mean, sem, verdict in (("*COC*", 2e-2, 1e-3, "better"), ("*CC*", 0.0, 0.0, "worse"))
    ]  # fmt: skip
    assert "◂ 0" in best_against_reference(rows, None)
    assert "◂" not in best_against_reference(rows[:1], None)


def test_failures_are_listed_with_their_code(page):
    assert "build-overlap" in page.text
    assert "no room <for> the chain" in page.text


def test_what_came_from_outside_is_escaped(written):
    html = written[1].read_text()
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
    assert re.search(r"\*COCOC\* +47 ± 4 mS/cm +n = 2", text)
    assert "within the error (a tie): *OCCOCCN*, *OCCCO*" in text
    assert "2 of 18 replicas failed" in text
    assert "do not predict" in text


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
