"""The documentation as pages."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from autodisco.cli import commands
from autodisco.simulation.protocols import Protocol
from autodisco.simulation.steps import Step

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", place]
    subprocess.run(command, cwd=ROOT, check=True)  # a link that leads nowhere is an error
    return place


def test_every_page_is_on_the_site_and_needs_no_network(site):
    for page in (ROOT / "docs").glob("*.md"):
        text = (site / f"{page.stem}.html").read_text()
        assert not re.findall(r'<(?:script|img)[^>]+src="https?:|<link[^>]+rel="stylesheet"[^>]+href="https?:', text), (
            page
        )


def test_every_command_has_its_help_on_the_site(site):
    text = (site / "commands.html").read_text()
    assert all(f'<h2 id="{command.name}">' in text for command in commands().registered_commands)
    assert "Usage: autodisco data import" in text


def test_files_outside_of_the_pages_are_beside_them(site):
    linked = re.findall(r'href="(files/[^"#]+)"', "".join(page.read_text() for page in site.glob("*.html")))
    assert "files/campaigns/quickstart.toml" in linked
    assert all((site / place).is_file() for place in linked)


def test_every_notebook_is_a_page_with_its_pictures(site):
    for notebook in (ROOT / "docs" / "notebooks").glob("*.ipynb"):
        page = site / "notebooks" / f"{notebook.stem}.html"
        pictures = re.findall(r'<img alt="png" src="([^"]+)"', page.read_text())
        assert pictures
        assert all((page.parent / place).is_file() for place in pictures)
        assert f'href="notebooks/{page.name}"' in (site / "python.html").read_text()


@pytest.mark.slow
def test_the_search_works_from_the_folder(site):
    if (browser := shutil.which("chromium")) is None:
        pytest.skip("Chromium is not installed")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom"]
    page = subprocess.run([browser, *options, f"file://{site}/index.html?q=saturation"], capture_output=True, text=True)
    assert re.search(r'md-search-result__meta">\d+ matching documents', page.stdout)


def test_every_key_of_a_protocol_file_is_on_the_site(site):
    text = (site / "files.html").read_text()
    keys = {key for step in (*get_args(get_args(Step)[0]), Protocol) for key in step.model_fields}
    assert not [key for key in keys if f"<code>{key}</code>" not in text]


def test_equations_are_drawn_without_a_script(site):
    text = (site / "analysis.html").read_text()
    assert text.count("<math") > 20
    assert "arithmatex" not in text
