"""Runs the notebooks of docs/notebooks: ``python -m tests.api.notebooks`` writes their outputs, and a test compares."""

import os
import sys
from pathlib import Path

import nbclient
import nbformat

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
TIMEOUT_S = 1800


def run(file: Path, folder: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of the present code, run in an empty folder."""
    notebook = nbformat.read(file, 4)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    client = nbclient.NotebookClient(
        notebook, timeout=TIMEOUT_S, coalesce_streams=True, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("metadata", {}).clear()
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    return notebook


def kinds(cell: nbformat.NotebookNode) -> list[list[str]]:
    """What a cell shows: a list of types for each output."""
    return [[output.name] if output.output_type == "stream" else sorted(output.data) for output in cell.outputs]


def words(cell: nbformat.NotebookNode) -> list[str]:
    """The texts that a cell shows, tables as HTML."""
    return [output.data.get("text/html") or output.data["text/plain"] for output in cell.outputs]


if __name__ == "__main__":
    import tempfile

    for path in NOTEBOOKS:
        if sys.argv[1:] and path.stem not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as empty:
            nbformat.write(run(path, Path(empty)), path)
