"""The pictures of docs/architecture.md are those of the code."""

from pathlib import Path

from autodisco.campaign.diagram import with_diagrams

ROOT = Path(__file__).parents[1]


def test_the_pictures_of_the_architecture_are_up_to_date():
    page = (ROOT / "docs" / "architecture.md").read_text()
    expected = with_diagrams(page, (ROOT / "pyproject.toml").read_text())
    assert page == expected, "run: python -m autodisco.campaign.diagram docs/architecture.md pyproject.toml"
    assert page.count("```mermaid") == 2
    for package in (path.name for path in (ROOT / "autodisco").iterdir() if (path / "__init__.py").exists()):
        assert f"`{package}`" in page, f"docs/architecture.md does not say what {package} holds"
