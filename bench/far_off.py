"""Whether a wrong value among good ones is found, and good ones are left alone.

    python bench/far_off.py --reference DIR

Samples of the HTP-MD table, unchanged and with one value too large by a factor of 10, 100 or 1,000, as a user's table
beside the prior mean. Prints for each factor in how many samples the wrong value was named, and how many others were.
"""

import argparse
from pathlib import Path

import numpy as np
from published import htp_md

from autodisco.analysis.quantity import CONDUCTIVITY_SCALE
from autodisco.surrogate import far_off, from_tables, labels_of

SAMPLES = [(size, seed) for size in (20, 50, 200) for seed in range(3)] + [(1500, 0)]


def main() -> None:
    """Print a line for each factor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    published = htp_md(parser.parse_args().reference)
    values = CONDUCTIVITY_SCALE.values(published.values)
    for decades in range(4):
        named = others = 0
        for size, seed in SAMPLES:
            rows = np.random.default_rng(seed).choice(len(values), size, replace=False)
            table = [(published.units[row], float(values[row])) for row in rows]
            wrong, value = table[size // 2]
            table[size // 2] = wrong, value * 10**decades
            found = [one.smiles == wrong for one in far_off(from_tables({"t": table}), labels_of({"t": table}))]
            named, others = named + any(found), others + len(found) - sum(found)
        print(f"factor {10**decades}: named in {named} of {len(SAMPLES)} samples, {others} others named", flush=True)


if __name__ == "__main__":
    main()
