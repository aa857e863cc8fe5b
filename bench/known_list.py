"""What `autodisco novelty` costs with a long list: CPU time, memory and disk, once to read it and again from the cache.

    python bench/known_list.py [--rows 100000] [--polymers 500]

The list is made of repeat units of the program's grammar, in one process; a million rows take ten times as long.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from autodisco.polymer.grammar import units_from_grammar
from autodisco.polymer.library_files import read_strings
from autodisco.surrogate.known_list import KnownList, write_list


def main() -> None:
    """Write a list, read it, compare polymers with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--polymers", type=int, default=500)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as place:
        file, folder = Path(place, "list.csv"), Path(place, "index")
        with file.open("w") as target:
            target.write("SMILES\n")
            written = 0
            while written < given.rows:
                units = units_from_grammar(min(20_000, given.rows - written), rng)
                target.writelines(f"{unit}\n" for unit in units)
                written += len(units)
        polymers = units_from_grammar(given.polymers, rng)
        KnownList.of_rows([(0, "*OCC*")]).nearest(polymers[:2])  # compiles
        before, begin = peak_mb(), time.process_time()
        write_list(read_strings(file, None), folder)
        told = f"{given.rows} rows read: {time.process_time() - begin:.1f} s of CPU"
        print(f"{told}, {peak_mb() - before:.0f} MB of memory more, {size_mb(folder):.1f} MB on disk")
        begin = time.process_time()
        known = KnownList.read(folder)
        known.nearest(polymers)
        print(f"{given.polymers} polymers compared with {len(known)}: {time.process_time() - begin:.1f} s of CPU")
        print(f"peak of memory: {peak_mb():.0f} MB")


def peak_mb() -> float:
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def size_mb(folder: Path) -> float:
    """Size of the files in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


if __name__ == "__main__":
    main()
