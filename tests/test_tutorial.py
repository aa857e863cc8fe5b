"""The tutorial: its commands are run in order in an empty folder, and print what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
SHORT = {
    "AUTODISCO_SIMULATION_PROTOCOL": "smoke",
    "AUTODISCO_SIMULATION_REPLICAS": "1",
    "AUTODISCO_SIMULATION_REFERENCE_REPLICAS": "1",
    "AUTODISCO_SEEDS_GRAMMAR": "100",
    "AUTODISCO_GENERATOR_ITERATIONS": "100",
    "AUTODISCO_GENERATE_BATCH_SIZE": "2",
    "AUTODISCO_GENERATE_POOL": "20",
    "AUTODISCO_BUDGET_ITERATIONS": "1",
}
"""The campaign of the tutorial takes a minute with these."""


def steps():
    """Commands with the lines that they print."""
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = step.splitlines()
            yield command, lines


def pattern(lines):
    """Lines as an expression: `…` stands for anything, as a line for any number of lines; blanks do not count."""
    parts = []
    for line in lines:
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            words = r"\s+".join(re.escape(word) for word in line.split())
            parts.append(r"\s*" + words.replace("…", ".*") + r".*\n\s*")
    return "".join(parts)


@pytest.mark.slow
def test_every_command_of_the_tutorial_prints_what_it_says(tmp_path):
    (tmp_path / "bin").mkdir()
    (program := tmp_path / "bin" / "autodisco").write_text(f'#!/bin/sh\nexec {sys.executable} -m autodisco "$@"\n')
    program.chmod(0o755)
    (place := tmp_path / "work").mkdir()
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "120", "PYTHONUNBUFFERED": "1"}
    found = list(steps())
    assert len(found) > 10
    for command, lines in found:
        variables = environment | (SHORT if command.startswith("autodisco run") else {})
        done = subprocess.run(
            command, shell=True, cwd=place, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert done.returncode == 0, f"{command}: {done.stdout}"
        assert re.search(pattern(lines), done.stdout + "\n"), f"{command} printed\n{done.stdout}"
