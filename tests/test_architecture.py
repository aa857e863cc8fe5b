"""The pictures of docs/architecture.md are those of the code; functions are short, and nothing stands twice."""

import ast
from pathlib import Path

from autodisco.campaign.diagram import with_diagrams

ROOT = Path(__file__).parents[1]
LONGEST, MOST_SHARED = 60, 9
FILES = sorted([*(ROOT / "autodisco").rglob("*.py"), *(ROOT / "kernels").rglob("*.py")])


def test_the_pictures_of_the_architecture_are_up_to_date():
    page = (ROOT / "docs" / "architecture.md").read_text()
    expected = with_diagrams(page, (ROOT / "pyproject.toml").read_text())
    assert page == expected, "run: python -m autodisco.campaign.diagram docs/architecture.md pyproject.toml"
    assert page.count("```mermaid") == 2
    for package in (path.name for path in (ROOT / "autodisco").iterdir() if (path / "__init__.py").exists()):
        assert f"`{package}`" in page, f"docs/architecture.md does not say what {package} holds"


def test_no_function_is_longer_than_sixty_lines_but_commands_whose_options_are():
    long = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            # The signature of a command is the list of its options, and does not count.
            first = node.body[0].lineno if path.parent.name == "cli" else node.lineno
            if (n := (node.end_lineno or first) - first + 1) > LONGEST:
                long.append(f"{path.relative_to(ROOT)}: {node.name} has {n} lines")
    assert not long, "; ".join(long)


def test_no_module_is_longer_than_350_lines():
    long = {str(path.relative_to(ROOT)): n for path in FILES if (n := len(path.read_text().splitlines())) > 350}
    assert long == {}


def test_no_two_places_share_ten_lines_or_more():
    """Equal lines in a row; blank lines, comments and imports do not count."""
    places, twice = {}, []
    for path in FILES:
        text = path.read_text()
        imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
        left_out = {number for node in imports for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
        numbered = [
            (number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if number not in left_out
        ]
        lines = [(number, line) for number, line in numbered if line and not line.startswith("#")]
        for start in range(len(lines) - MOST_SHARED):
            run = tuple(line for _, line in lines[start : start + MOST_SHARED + 1])
            here = f"{path.relative_to(ROOT)}:{lines[start][0]}"
            if run in places:
                twice.append(f"{places[run]} and {here}")
            places[run] = here
    assert not twice, "; ".join(twice)
