"""The table of faults in the documentation, and which tests inject one: `pytest.mark.fault("<first cell of a row>")`.

A marked test injects one fault, or as many as it records under the name `injections`.
"""

import ast
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
HEADING = "## What goes wrong, and what happens then"


def faults() -> list[str]:
    """The first cells of the table, in order."""
    section = PAGE.read_text().partition(HEADING)[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    return rows[2:]  # after the head and its rule


def marked() -> list[str]:
    """What the tests name with their marks, each as often as it stands there."""
    found = []
    for file in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
                (name,) = node.args
                found.append(ast.literal_eval(name))
    return found
