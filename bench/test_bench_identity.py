"""Which repeat units are the same polymer: keys against the published way, and files of a million lines.

The published script turns the characters of the SMILES between the ends round and compares what RDKit makes of the
readable ones. Its method is written anew here, for the comparison only. Both are timed on the HTP-MD set where the
reference data is there, else on units of the grammar; the verdicts of both on the published candidates are compared by
hand in docs/polymers.md.
"""

import csv
import itertools
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, rdBase

from autodisco.polymer import ORGANIC_ELEMENTS, parse, units_from_grammar

DATASET = Path(__file__).parents[2] / "shared" / "reference" / "polygen" / "PolyGen-train-set-from-HTP-MD.csv"

# The high-water mark of a process counts what RDKit and the interpreter take, too.
PEAK = """
import itertools, sys
from autodisco.polymer import Library, units_from_grammar
import numpy as np

units = units_from_grammar(3000, np.random.default_rng(0))

def rows(n):
    # Side chains of every length make as many polymers as wanted.
    for line in range(n):
        unit = units[line % len(units)]
        yield line, f"*{unit[1:-1]}{'C' * (line // len(units) % 97)}O{'CO' * (line // 97 // len(units))}C*"

with Library(rows(int(sys.argv[1]))) as library:
    groups = sum(1 for _ in library.groups())
print(groups, next(int(s.split()[1]) / 1000 for s in open("/proc/self/status") if s.startswith("VmHWM")))
"""


@pytest.fixture(scope="module")
def units():
    if DATASET.is_file():
        with open(DATASET, newline="") as table:
            return [row["mol_smiles"].replace("[Cu]", "[*]").replace("[Au]", "[*]") for row in csv.DictReader(table)]
    return units_from_grammar(6000, np.random.default_rng(0), max_pieces=12)


def with_numba(units):  # the name that the table of ratios knows as ours
    return [parse(unit, ORGANIC_ELEMENTS).key for unit in units]


def with_rdkit_reading_alone(units):
    """The floor: no method that knows chemistry does less."""
    return [Chem.MolFromSmiles(unit) for unit in units]


def with_rotated_characters(units):
    return [frozenset(rotations(unit)) for unit in units]


def rotations(unit):
    """Canonical SMILES of all turned readings of the text without its ends, those that RDKit can read."""
    text = unit.replace("[*]", "").replace("*", "")
    with rdBase.BlockLogs():
        for k in range(len(text)):
            mol = Chem.MolFromSmiles(text[k:] + text[:k])
            if mol is not None:
                yield Chem.MolToSmiles(mol)


@pytest.mark.bench
@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(
    "tool", [with_numba, with_rdkit_reading_alone, with_rotated_characters], ids=lambda f: f.__name__
)
def test_identity(benchmark, units, tool):
    chosen = units if tool is not with_rotated_characters else units[:500]
    benchmark.group = "which polymer a repeat unit is"
    benchmark.extra_info["units"] = len(chosen)
    found = benchmark.pedantic(tool, args=(chosen,), rounds=5, warmup_rounds=1)
    if tool is with_numba:
        assert len(set(found)) == len(chosen)


@pytest.mark.bench
def test_memory_of_a_library_does_not_grow_with_its_rows():
    """A tenth and the whole of a hundred thousand distinct polymers; `docs/benchmarks.md` has a million."""
    peaks = []
    for n in (10_000, 100_000):
        run = [sys.executable, "-c", PEAK, str(n)]
        groups, peak = map(float, subprocess.run(run, capture_output=True, text=True, check=True).stdout.split())
        assert groups > 0.9 * n
        peaks.append(peak)
    print(f"peak memory: {peaks[0]:.0f} MB for 10,000 rows, {peaks[1]:.0f} MB for 100,000")
    assert peaks[1] < 1.2 * peaks[0]


def test_rotation_is_as_published():
    """The two faults it is known for: a branched chain taken for a linear one, and a doubled unit not seen."""
    assert set(rotations("*C(C)N*")) & set(rotations("*NCC*"))
    assert not set(rotations("*OCC*")) & set(rotations("*OCCOCC*"))
    assert len(list(itertools.chain(rotations("*OCC*")))) == 3
