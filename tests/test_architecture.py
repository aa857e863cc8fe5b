"""The pictures of docs/architecture.md are those of the code, and functions are short enough to be read at once."""

import ast
from pathlib import Path

from autodisco.campaign.diagram import with_diagrams

ROOT = Path(__file__).parents[1]
LONGEST = 60


def test_the_pictures_of_the_architecture_are_up_to_date():
    page = (ROOT / "docs" / "architecture.md").read_text()
    expected = with_diagrams(page, (ROOT / "pyproject.toml").read_text())
    assert page == expected, "run: python -m autodisco.campaign.diagram docs/architecture.md pyproject.toml"
    assert page.count("```mermaid") == 2
    for package in (path.name for path in (ROOT / "autodisco").iterdir() if (path / "__init__.py").exists()):
        assert f"`{package}`" in page, f"docs/architecture.md does not say what {package} holds"


def test_no_function_is_longer_than_sixty_lines_but_commands_whose_options_are():
    long = []
    for path in sorted([*(ROOT / "autodisco").rglob("*.py"), *(ROOT / "kernels").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            # The signature of a command is the list of its options, and does not count.
            first = node.body[0].lineno if path.parent.name == "cli" else node.lineno
            if (n := (node.end_lineno or first) - first + 1) > LONGEST:
                long.append(f"{path.relative_to(ROOT)}: {node.name} has {n} lines")
    assert not long, "; ".join(long)
