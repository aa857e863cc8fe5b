"""Whether conditions in the prompt of a generator do anything (docs/generator.md, "Conditions").

    python bench/condition_tokens.py --out DIR [--simulated TABLE]

Two or three sets, each a row for every polymer and condition: `law`, the polymers of the shipped table of measured
conductivities with values of a known law, in which the activation energy rises with the share of oxygen, so that the
best polymers at 300 K are the worst at 500 K; `measured`, that table itself (112 values, temperature and molality);
and `simulated`, the tables `scan.csv` of several polymers as one file, if it is given.

1. Likelihood: three parts by polymer. A model trained on two parts says how probable the strings of the third are with
   their own label in the prompt, and with a label in which one condition, or the class, is another one. The mean
   difference (nats per string) has an interval of 90 % from a bootstrap over polymers.
2. Draws: a model trained on all rows draws 150 strings of each class at each condition. A judge that has seen neither
   values nor conditions scores the new polymers: the share of oxygen for `law`, `autodisco predict` for the others.
"""

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from autodisco.decide.measurements import read_measurements
from autodisco.generator import Generator, fit, generator_settings
from autodisco.generator.batches import encode_rows
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.neural import GptGenerator
from autodisco.generator.training_data import TrainingData, read_training_data
from autodisco.polymer import parse
from autodisco.surrogate import from_tables

MEASURED = Path(__file__).parents[1] / "autodisco" / "surrogate" / "data" / "measured.csv"
NETWORK = {"iterations": 400, "batch_size": 32, "learning_rate": 3e-3, "device": "cpu"}
PARTS, DRAWS, SPELLINGS, TOP_FRACTION = 3, 150, 3, 0.25
RELATIVE: dict[str, dict[str, int]] = {"high or low at its conditions": {}}
QUANTILES: dict[str, dict[str, int]] = {"quantile of all rows": {"conductivity": 3}}
KELVINS = (300.0, 500.0)
Judge = Callable[[Sequence[str]], np.ndarray]
Set = tuple[Path, dict[str, int | None], dict[str, dict[str, int]], Judge]


def main() -> None:
    """Run the comparison and print its tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--simulated", type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    columns: dict[str, int | None] = {"temperature_k": 2, "molality_mol_per_kg": 2}
    all_of_t: dict[str, int | None] = {"temperature_k": None}
    sets: dict[str, Set] = {
        "law": (_law(given.out / "law.csv"), all_of_t, RELATIVE, oxygen),
        "measured": (_measured(given.out / "measured.csv"), columns, RELATIVE | QUANTILES, predicted),
    }
    if given.simulated:
        sets["simulated"] = (given.simulated, all_of_t | {"molality_mol_per_kg": None}, RELATIVE, predicted)
    for name, (file, conditions, kinds, judge) in sets.items():
        for kind, classes in kinds.items():
            data = read_training_data(file, TOP_FRACTION, classes, 0.0, 1, conditions)
            print(f"\n{name}, class: {kind}; {len(data.rows)} rows, {len(set(data.smiles))} polymers")
            print("; ".join(one.told for one in data.conditions), flush=True)
            likelihood(data)
            draws(data, judge)


def _law(file: Path) -> Path:
    """log10 of the conductivity is -5 at 400 K; the activation energy is 0.1 eV + 1 eV times the share of oxygen."""
    units = sorted({one.unit.smiles for one in read_measurements(MEASURED)})
    rows = [
        (unit, 10 ** (-5 - 5040 * (0.1 + share) * (1 / kelvin - 1 / 400)), kelvin, 1.0)
        for unit, share in zip(units, oxygen(units), strict=True)
        for kelvin in KELVINS
    ]
    return _written(file, rows)


def _measured(file: Path) -> Path:
    found = [one for one in read_measurements(MEASURED) if one.quantity == "conductivity_s_per_cm"]
    rows = [(one.unit.smiles, one.value, one.temperature_k, one.molality_mol_per_kg) for one in found]
    return _written(file, rows)


def _written(file: Path, rows: Sequence[tuple[object, ...]]) -> Path:
    with file.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["monomer_smiles", "conductivity", "temperature_k", "molality_mol_per_kg"])
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return file


def oxygen(units: Sequence[str]) -> np.ndarray:
    """Share of oxygen among the heavy atoms."""
    atoms = [[atom.GetSymbol() for atom in parse(unit).mol.GetAtoms() if atom.GetAtomicNum() > 1] for unit in units]
    return np.array([symbols.count("O") / len(symbols) for symbols in atoms])


def predicted(units: Sequence[str]) -> np.ndarray:
    """What `autodisco predict` expects without any table, log10 of S/cm at 353 K."""
    return np.asarray(from_tables({}).predict(list(units)).mean)


def fitted(rows: Sequence[TrainingRow], data: TrainingData) -> Generator:
    """A model with the settings of this comparison."""
    generator = fit(rows, generator_settings(**NETWORK), seed=1)
    generator.conditions = data.conditions
    return generator


def likelihood(data: TrainingData) -> None:
    """Print what own conditions and own class add to the likelihood of polymers that the model has not seen."""
    units = sorted(set(data.smiles))
    part = dict(zip(units, np.random.default_rng(1).permutation(len(units)) % PARTS, strict=True))
    columns = [one.column for one in data.conditions]
    gains: dict[str, dict[str, list[float]]] = {name: {} for name in (*columns, "class")}
    for number in range(PARTS):
        generator = fitted([row for row in data.rows if part[row.smiles] != number], data)
        places = sorted({label.partition(" ")[2] for label in generator.labels})
        classes = sorted({label.partition(" ")[0] for label in generator.labels} - {"unlabelled"})
        for row in (row for row in data.rows if part[row.smiles] == number):
            own_class, _, own = row.label.partition(" ")
            if own not in places or own_class not in classes:
                continue
            labels = {"class": [f"{word} {own}" for word in classes if word != own_class]}
            for number_of, column in enumerate(columns):
                labels[column] = [f"{own_class} {place}" for place in places if _differs(place, own) == {number_of}]
            right = nats(generator, row.smiles, row.label)
            for name, wrong in labels.items():
                if wrong:
                    rest = float(np.mean([nats(generator, row.smiles, label) for label in wrong]))
                    gains[name].setdefault(row.smiles, []).append(right - rest)
    print("\n| own … instead of another one | nats per string | 90 % interval | rows |\n|---|---|---|---|")
    for name, by_unit in gains.items():
        values = list(by_unit.values())
        rng = np.random.default_rng(2)
        again = [
            np.mean(np.concatenate([values[k] for k in rng.integers(0, len(values), len(values))])) for _ in range(2000)
        ]
        low, high = np.quantile(again, [0.05, 0.95])
        rows = np.concatenate(values)
        print(f"| {name} | {rows.mean():+.2f} | {low:+.2f} to {high:+.2f} | {len(rows)} |", flush=True)


def _differs(place: str, own: str) -> set[int]:
    """Numbers of the conditions whose classes differ."""
    return {n for n, (a, b) in enumerate(zip(place.split(), own.split(), strict=True)) if a != b}


@torch.no_grad()
def nats(generator: Generator, unit: str, label: str) -> float:
    """Log-likelihood of a polymer given a label, mean over some of its spellings."""
    assert isinstance(generator, GptGenerator)
    (ways,) = encode_rows([TrainingRow(unit, label)], generator.settings.block_size, "symmetry")
    ways = ways[:SPELLINGS]
    tokens = sum(len(way) - 5 for way in ways)
    return -float(generator.model.loss(ways, None, torch.Generator())) * tokens / len(ways)


def draws(data: TrainingData, judge: Judge) -> None:
    """Print what the judge says of new polymers, by class and condition."""
    generator, known = fitted(data.rows, data), {parse(unit).key for unit in data.smiles}
    print("\n| class and conditions | rows | judge of the rows | new polymers | judge | ± |\n|---|---|---|---|---|---|")
    for label in generator.labels:
        if "unlabelled" in label:
            continue
        new = generator.sample_new(DRAWS, label, known=known, max_draws=DRAWS, max_tokens=40, seed=1).strings
        scores = judge(new) if new else np.array([])
        error = scores.std(ddof=1) / len(scores) ** 0.5 if len(scores) > 1 else float("nan")
        rows = [row.smiles for row in data.rows if row.label == label]
        mean = scores.mean() if len(scores) else float("nan")
        of_rows = judge(rows).mean()
        print(f"| {label} | {len(rows)} | {of_rows:.3f} | {len(new)} | {mean:.3f} | {error:.3f} |", flush=True)


if __name__ == "__main__":
    main()
