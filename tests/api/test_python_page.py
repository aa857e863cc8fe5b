"""docs/python.md and the docstrings of the calls: examples run, and the table of calls is that of the code."""

import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autodisco
from autodisco.api.campaign import Campaign
from tests.filled_store import fill

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "python.md"
BEGIN, END = "<!-- calls: written by python -m tests.api.test_python_page -->\n", "<!-- end of calls -->"
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = ("campaign", "check", "predict", "simulate", "table")


def as_markdown() -> str:
    """A row for each call: parameters without defaults, the first sentence of its docstring."""
    names = sorted(set(autodisco.__all__) - {"errors", "Campaign"})
    rows = [_row(name, getattr(autodisco, name)) for name in names]
    methods = [name for name, value in vars(Campaign).items() if name[0] != "_" and callable(getattr(Campaign, name))]
    rows += [_row(f"Campaign.{name}", getattr(Campaign, name)) for name in methods]
    return "\n".join(["| call | what it gives |", "|---|---|", *rows]) + "\n"


def _row(name: str, call: object) -> str:
    taken = [one.name for one in inspect.signature(call).parameters.values() if one.name != "self"]
    shown = ", ".join(taken[:4] + ["…"] * (len(taken) > 4))
    sentence = re.split(r"\. (?=[A-Z])", " ".join(inspect.getdoc(call).split("\n\n")[0].split()))[0].rstrip(".")
    return f"| `{name}({shown})` | {sentence.replace('``', '`')} |"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A working directory with two campaigns."""
    folder = tmp_path_factory.mktemp("python")
    for name in ("found", "small"):
        fill(folder / "runs" / name, state="exhausted", alive=False).close()
    return folder


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.delenv("AUTODISCO_RUNS", raising=False)


def failures(name: str, text: str) -> list[str]:
    """What the examples in a text print that it does not say."""
    told: list[str] = []
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    assert test.examples
    doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=told.append)
    return told


def test_the_examples_of_the_page_give_what_it_says(here):
    text = "\n".join(re.findall(r"```pycon\n(.*?)```", PAGE.read_text(), re.DOTALL))
    assert failures("python.md", text) == []


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_docstrings_run(name, here):
    module = importlib.import_module(f"autodisco.api.{name}")
    tests = [test for test in doctest.DocTestFinder(exclude_empty=True).find(module) if test.examples]
    assert tests
    told: list[str] = []
    for test in tests:
        doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=told.append)
    assert told == []


def test_the_table_of_calls_is_that_of_the_code():
    page = PAGE.read_text()
    shown = page[page.index(BEGIN) + len(BEGIN) : page.index(END)]
    assert shown == as_markdown(), "run: python -m tests.api.test_python_page"


def test_every_public_name_is_there_and_documented():
    for name in autodisco.__all__:
        assert inspect.getdoc(getattr(autodisco, name))
    assert set(autodisco.__all__) <= set(dir(autodisco))
    with pytest.raises(AttributeError, match="'autodisco' has no attribute 'simulations'"):
        _ = autodisco.simulations


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("numpy", "rdkit", "torch", "pandas", "pydantic", "sqlite3", "typer", "MDAnalysis", "autodisco.api.table")
    code = f"import sys, autodisco; autodisco.errors.InputError; print([n for n in {heavy!r} if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_type_checkers_see_the_names(tmp_path):
    assert (ROOT / "autodisco" / "py.typed").is_file()
    text = (ROOT / "autodisco" / "__init__.py").read_text()
    checked, _, at_run_time = text.partition("else:")
    for name in set(autodisco.__all__) - {"errors"}:
        assert re.search(rf"import .*\b{name}\b", checked), name
        assert f'"{name}"' in at_run_time.partition("__all__")[0], name


if __name__ == "__main__":
    page = PAGE.read_text()
    PAGE.write_text(page[: page.index(BEGIN) + len(BEGIN)] + as_markdown() + page[page.index(END) :])
