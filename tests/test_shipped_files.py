"""What ships beside the code: seeds that are polymers with a source, campaigns that load, pages that are true."""

import csv
import re
import tomllib
from pathlib import Path

import pytest

from autodisco.campaign.running import executor_of
from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_file import read_settings
from autodisco.campaign.settings_table import with_table
from autodisco.generator import GENERATORS
from autodisco.polymer import DEFAULT_RULES, parse, scores
from autodisco.simulation.forcefield import ions, overrides
from autodisco.simulation.forcefield.charge_types import CHARGE_RULES
from autodisco.simulation.forcefield.typing import TYPING_RULES
from autodisco.simulation.protocols import shipped
from autodisco.simulation.task import RETRY

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OF_THE_MACHINE = "as it was, when the fault of the machine has passed"
CAMPAIGNS = sorted((ROOT / "campaigns").glob("*.toml"))
SITES = sorted((ROOT / "campaigns" / "sites").glob("*.toml"))


@pytest.fixture(scope="module")
def seeds() -> list[dict[str, str]]:
    with (ROOT / "campaigns" / "seeds" / "known_polymers.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_seed_list_holds_sixty_polymers_no_two_of_them_the_same(seeds):
    keys = [parse(row["monomer_smiles"]).key for row in seeds]
    assert len(keys) >= 60
    assert len(set(keys)) == len(keys)


def test_every_seed_has_a_name_of_its_own_and_a_reference(seeds):
    names = [row["name"] for row in seeds]
    assert all(names)
    assert len(set(names)) == len(names)
    assert [row["name"] for row in seeds if len(row["reference"]) < 20] == []


def test_a_seed_label_says_what_it_was_computed_with(seeds):
    for row in seeds:
        if row["conductivity_s_per_cm"]:
            assert float(row["conductivity_s_per_cm"]) >= 0
            assert int(row["n_replicas"]) >= 1
            assert row["protocol"]
            assert row["force_field"]
            assert row["program_version"]


@pytest.mark.parametrize("site", SITES, ids=lambda file: file.stem)
def test_every_shipped_site_can_be_named_by_a_campaign(site, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(f'name = "mine"\n[executor]\nsite = "{site}"\n[simulation]\nthreads = 2\n')
    settings = read_settings(file, environment={})
    executor_of(settings)
    assert settings.simulation.engine != "auto"
    assert settings.simulation.threads == 2


@pytest.mark.parametrize("file", CAMPAIGNS, ids=lambda file: file.name)
def test_every_shipped_campaign_is_named_after_its_file_and_can_be_read(file, tmp_path):
    if (dataset := tomllib.loads(file.read_text()).get("seeds", {}).get("dataset")) and not (
        file.parent / dataset
    ).is_file():
        pytest.skip(f"{dataset} is to be imported by the user")
    assert read_settings(file, environment={}).name == file.stem


def test_the_page_on_campaigns_lists_every_setting_with_its_default_and_its_description():
    page = (ROOT / "docs" / "campaigns.md").read_text()
    for name in ("campaigns.md", "clusters.md"):
        file = ROOT / "docs" / name
        assert with_table(file) == file.read_text(), f"run: python -m autodisco.campaign.settings_table {file}"
    listed = dict(re.findall(r"^\| `([a-z0-9_.]+)` \| `([^`]*)` \| \S", page, re.MULTILINE))
    defaults = Settings(name="x").flat()
    del defaults["name"]
    assert {key: tomllib.loads(f"value = {text}")["value"] for key, text in listed.items()} == defaults


def test_the_page_on_generators_lists_every_kind():
    page = (ROOT / "docs" / "generator.md").read_text()
    assert all(f"\n| `{kind}` |" in page for kind in GENERATORS)


def test_the_page_on_polymers_lists_every_stability_rule_code_and_score():
    page = (ROOT / "docs" / "polymers.md").read_text()
    for rule in DEFAULT_RULES:
        sound = "; ".join(exception.name for exception in rule.exceptions)
        smarts = rule.smarts.replace("|", "\\|")
        name = rule.name if rule.active else f"{rule.name} (off)"
        assert f"| {name} | `{smarts}` | {rule.reason} | {sound} | {rule.reference} |" in page
    assert all(f"`{name}`" in page for name in scores("*OCC*"))


def test_the_page_on_simulations_lists_atom_types_overrides_ions_and_protocols():
    page = (ROOT / "docs" / "all-atom.md").read_text()
    for rule in TYPING_RULES:
        assert f"| `{rule.smarts}` | {rule.type} | {rule.note} |" in page
    for row in overrides.ROWS:
        assert f"| {' '.join(row.types)} | {' '.join(map(str, row.values))} | {row.source} |" in page
    for charge_rule in CHARGE_RULES:
        assert f"| `{charge_rule.smarts}` | {charge_rule.name} |" in page
    for name, ion in ions.shipped().items():
        assert f"| {name} | {ion.charge:+d} | {ion.lennard_jones} | {ion.source} |" in page
    assert all(f"| `{name}` |" in page for name in shipped())


def test_the_page_on_reliability_says_what_mends_each_failure():
    page = (ROOT / "docs" / "reliability.md").read_text()
    named = re.findall(
        r"^\| `([a-z-]+)` \| .* \| (.*) \|$", page.partition("## Failures")[2].partition("\n## ")[0], re.MULTILINE
    )
    mended = {code: what for code, what in named if what not in ("counts as failed", OF_THE_MACHINE)}
    assert mended == RETRY


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page):
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)  # SMARTS look like links
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_block_of_a_page_ends_before_the_next_one_begins(page):
    inside = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```"):
            assert not (inside and line != "```"), f"{page.name}:{number}: a block begins within another one"
            inside = not inside
    assert not inside


def test_the_page_on_overnight_shows_the_table_of_its_study():
    page = (ROOT / "docs" / "overnight-protocol.md").read_text()
    shown = re.findall(r"^\| `(\*\S+\*)`[^|]*\| ([\d., ]+) \| (\S+) \|$", page, re.MULTILINE)
    with (ROOT / "docs" / "long-study.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["protocol"] == "overnight"]
    told: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        published = f"{1e3 * float(row['published_s_per_cm']):.2f}" if row["published_s_per_cm"] else "–"
        built = f"{1e3 * float(row['conductivity_s_per_cm']):.1f}"
        told.setdefault((row["monomer_smiles"], published), []).append(built)
    assert sorted(shown) == sorted((smiles, ", ".join(built), published) for (smiles, published), built in told.items())
