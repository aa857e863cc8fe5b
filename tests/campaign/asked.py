"""A small campaign whose values are told: the file, a table of all polymers that it can draw, and who answers."""

import csv
from itertools import islice
from pathlib import Path

import numpy as np

from autodisco.polymer import draw_units, parse

TOKENS = 5
TEMPLATE = """\
name = "small"
seed = 3
[seeds]
grammar = 20
[generator]
kind = "random"
max_tokens = {tokens}
[generate]
batch_size = {batch}
pool = {pool}
max_draws = 300
[filter]
selection = "{selection}"
[surrogate]
kind = "{surrogate}"
[simulation]
protocol = "{protocol}"
replicas = {replicas}
reference_replicas = {replicas}
most_failed = 1.0
[budget]
iterations = {iterations}
[executor]
kind = "{executor}"
"""
DEFAULTS = {
    "batch": 5, "pool": 0, "selection": "paper", "surrogate": "none", "protocol": "experiment@333", "replicas": 1,
    "iterations": 1, "executor": "ask", "tokens": TOKENS,
}  # fmt: skip


def write_asking(folder: Path, **changes) -> Path:
    """Write the campaign file; returns its path."""
    file = folder / "small.toml"
    file.write_text(TEMPLATE.format(**DEFAULTS | changes))
    return file


def conductivity(smiles: str) -> float:
    """The synthetic truth (S/cm): more oxygen and carbon between is better, up to a length."""
    unit = parse(smiles).smiles
    oxygen, atoms = unit.count("O"), sum(character.isalpha() for character in unit)
    return 10 ** (-5 + 3 * oxygen / atoms - 0.3 * (atoms - 3) ** 2 / 4)


def write_table(path: Path) -> str:
    """Write the known table of all polymers that the campaign can draw; returns the key of the best."""
    units = {
        parse(text).key: text for text in islice(draw_units(np.random.default_rng(0), max_characters=TOKENS), 3000)
    }
    units |= {parse("*OCC*").key: "*OCC*"}
    values = {key: conductivity(text) for key, text in units.items()}
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["monomer_smiles", "value"])
        rows.writerows([units[key], value] for key, value in values.items())
    return max(values, key=values.__getitem__)
