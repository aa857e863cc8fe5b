"""The notebooks of the documentation run, and show what the present code gives."""

import nbformat
import pytest

from tests.api.notebooks import NOTEBOOKS, kinds, run, words


def test_there_are_two_notebooks_with_outputs_and_without_errors():
    assert [path.stem for path in NOTEBOOKS] == ["campaign", "polymers"]
    for path in NOTEBOOKS:
        cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
        assert sum("image/png" in kind for cell in cells for kind in kinds(cell)) >= 1
        assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)
        assert all(cell.execution_count for cell in cells)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_its_outputs_are_those_of_the_present_code(path, tmp_path, monkeypatch):
    monkeypatch.delenv("AUTODISCO_RUNS", raising=False)
    committed, made = nbformat.read(path, 4), run(path, tmp_path)
    for before, now in zip(committed.cells, made.cells, strict=True):
        if now.cell_type == "code":
            assert kinds(now) == kinds(before), f"{now.source}\nrun: python -m tests.api.notebooks {path.stem}"
            if "exact" in now.metadata.get("tags", ()):
                assert words(now) == words(before)
