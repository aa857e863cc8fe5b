"""What each idea does for the generator, and how the kinds compare: not a benchmark of speed but of worth.

    python bench/generator_study.py DATA --out DIR [--seeds 3] [--only NAME ...] [--candidates CSV]

DATA is the HTP-MD set. A fifth of it, the same for all, is put aside: a random forest fitted on it alone judges what
the generators write, which are trained on the other four fifths. Its border is the value that the best 5 % of the
training set reach. 1,000 strings of the high class per model, of at most 59 tokens. Models are kept in DIR, so that an
interrupted study goes on; training one takes about seven minutes on one core.

With --candidates (the published list of generated polymers) a last model is trained on the whole set with PEO 4,000
times, as in the paper, and its short strings are compared with that list.
"""

import argparse
import csv
import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.errors import InvalidRepeatUnit
from autodisco.generator import (
    Generator,
    TrainingRow,
    classify,
    fit,
    generator_settings,
    label_rows,
    put_aside,
    read_dataset,
)
from autodisco.generator.metrics import score_samples
from autodisco.polymer import ORGANIC_ELEMENTS, parse
from autodisco.surrogate import PropertyModel

DRAWS = 1000
LONGEST = 59
TOP_FRACTION = 0.05
#: 4,000 copies, where another row of the high class has 5,704 / 302.
PEO_WEIGHT = 211.0

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
LATENT, GAN = f"{EXAMPLES / 'latent.py'}:Latent", f"{EXAMPLES / 'gan.py'}:Gan"

#: Settings of each training, and how many classes by quantile there are (0: high and low).
FITS: dict[str, tuple[dict[str, Any], int]] = {
    "plain": ({}, 0),
    "loss weights": ({"weighting": "loss"}, 0),
    "average of the weights": ({"ema": 0.998}, 0),
    "early stopping": ({"held_out": 0.1}, 0),
    "symmetry": ({"augment": "symmetry"}, 0),
    "symmetry, early stopping": ({"augment": "symmetry", "held_out": 0.1}, 0),
    "symmetry, average": ({"augment": "symmetry", "ema": 0.998}, 0),
    "symmetry, 1000 iterations": ({"augment": "symmetry", "iterations": 1000}, 0),
    "symmetry, ten classes": ({"augment": "symmetry"}, 10),
    "randomised SMILES": ({"augment": "smiles"}, 0),
    "lstm": ({"kind": "lstm"}, 0),
    "diffusion, 2500 iterations": ({"kind": "diffusion", "iterations": 2500}, 0),
    "vae, 1000 iterations": ({"kind": LATENT, "augment": "symmetry", "iterations": 1000}, 0),
    "lstm, 800 iterations": ({"kind": "lstm", "augment": "symmetry", "iterations": 800}, 0),
    "gan, 800 + 100 iterations": ({"kind": GAN, "augment": "symmetry", "iterations": 900, "pretraining": 800}, 0),
    "gan, 0 + 100 iterations": (
        {"kind": GAN, "augment": "symmetry", "iterations": 100, "pretraining": 0, "likelihood": 0.0},
        0,
    ),
    "genetic": ({"kind": "genetic"}, 0),
    "random": ({"kind": "random"}, 0),
}
ANY = {"grammar": False}
HOT = {"temperature": 1.6}
GUIDED = {"guidance": 0.5}
BOTH = {"temperature": 1.9, "guidance": 1.0}
MILD = {"temperature": 1.3, "guidance": 0.5}
OTHERS: dict[str, dict[str, Any]] = {"any token": ANY, "grammar": {}}
#: Ways to draw from each; the paper's is `any token`. Guidance and temperature come with the grammar.
SEVERAL = {**OTHERS, "T 1.6": HOT, "guidance 0.5": GUIDED, "T 1.3, guidance 0.5": MILD, "T 1.9, guidance 1": BOTH}
FURTHER = {
    **OTHERS, "guidance 0.5": GUIDED, "guidance 1": {"guidance": 1.0}, "T 1.3, guidance 0.5": MILD,
    "T 1.3, guidance 1": {**MILD, "guidance": 1.0}, "T 1.3, guidance 2": {**MILD, "guidance": 2.0},
}  # fmt: skip
DRAWINGS: dict[str, dict[str, dict[str, Any]]] = {
    "plain": SEVERAL,
    "symmetry": SEVERAL,
    "symmetry, 1000 iterations": FURTHER,
    "vae, 1000 iterations": {
        **OTHERS, "T 1.3, guidance 0.5": MILD,
        "swarm": {"search": "swarm"}, "swarm, T 1.3, guidance 0.5": {"search": "swarm", **MILD},
        "evolution": {"search": "evolution"}, "evolution, T 1.3, guidance 0.5": {"search": "evolution", **MILD},
    },
    "lstm, 800 iterations": {**OTHERS, "T 1.3, guidance 0.5": MILD},
    "gan, 800 + 100 iterations": {**OTHERS, "T 1.3, guidance 0.5": MILD},
}  # fmt: skip
#: Drawn once more so, until there are as many polymers that are new.
REJECTING = dict.fromkeys(("plain", "symmetry", "symmetry, 1000 iterations"), "T 1.3, guidance 0.5")
MAX_DRAWS = 10 * DRAWS
COLUMNS = (
    "draws", "validity", "uniqueness", "novelty", "synthesizability", "similarity", "diversity", "valid_unique_novel",
    "unflagged", "above_border", "new_above_border",
)  # fmt: skip


def main() -> None:
    """Train what is missing, score everything, and write `study.csv` and the table of the documentation."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--only", nargs="*", default=list(FITS))
    arguments.add_argument("--candidates", type=Path)
    given = arguments.parse_args()
    (given.out / "models").mkdir(parents=True, exist_ok=True)

    everything = read_dataset(given.data, ["conductivity"])
    rows, aside = put_aside(everything, 0.2, seed=0)
    known = [row.smiles for row in rows]
    judge = PropertyModel.fit([r.smiles for r in aside], [math.log10(row.value) for row in aside if row.value], seed=0)
    judge.set_border(known, TOP_FRACTION)
    print(f"judge: R² {_r2(judge, rows):.2f} on the {len(rows)} rows that it has not seen", flush=True)

    found: list[dict[str, Any]] = []
    for name in given.only:
        settings, classes = FITS[name]
        label = f"q{classes - 1}" if classes else "high"
        training = classify(rows, {"conductivity": classes}) if classes else label_rows(rows, TOP_FRACTION)
        for seed in range(1, given.seeds + 1):
            model = _model(given.out, name, training, settings, seed)
            for drawing, how in DRAWINGS.get(name, OTHERS).items():
                if not how.get("grammar", True) and settings.get("kind") in ("genetic", "random"):
                    continue
                strings = _searching(model, how).sample(
                    DRAWS, label, seed=seed, max_tokens=LONGEST, **{k: v for k, v in how.items() if k != "search"}
                )
                scores = score_samples(strings, known, judge.above_border)
                found.append({"training": name, "drawing": drawing, "seed": seed, "draws": DRAWS, **scores})
                print(name, drawing, seed, {k: round(v, 3) for k, v in scores.items() if v is not None}, flush=True)
            if name in REJECTING:
                keys = {parse(smiles, ORGANIC_ELEMENTS).key for smiles in known}
                how = DRAWINGS[name][REJECTING[name]]
                new = model.sample_new(
                    DRAWS, label, known=keys, max_draws=MAX_DRAWS, seed=seed, max_tokens=LONGEST, **how
                )
                scores = score_samples(new.strings, known, judge.above_border)
                drawing = f"{REJECTING[name]}, known ones rejected"
                found.append({"training": name, "drawing": drawing, "seed": seed, "draws": new.draws, **scores})
    _write(given.out / "study.csv", found)
    print("\n".join(_table(found)))
    if given.candidates:
        print("\n".join(_beside_the_paper(given.out, everything, given.candidates)))


def _r2(judge: PropertyModel, rows: list) -> float:
    values = np.log10([row.value for row in rows])
    return 1 - float(np.var(values - judge.predict([row.smiles for row in rows])) / np.var(values))


def _model(out: Path, name: str, rows: list[TrainingRow], settings: dict[str, Any], seed: int) -> Generator:
    file = out / "models" / f"{name.replace(',', '').replace(' ', '-')}-{seed}.safetensors"
    if not file.exists():
        begin = time.monotonic()
        model = fit(
            rows,
            generator_settings(**{"device": "cpu", "augment": "none", **settings}),
            seed=seed,
            checkpoint=file.with_suffix(".checkpoint"),
        )
        model.save(file)
        print(f"trained {file.stem} in {time.monotonic() - begin:.0f} s", flush=True)
    return Generator.load(file)


def _searching(model: Generator, how: dict[str, Any]) -> Generator:
    """The model with the search that a drawing names; the training does not depend on it."""
    if "search" not in how:
        return model
    facts, tensors = model.content()
    settings = model.settings.model_copy(update={"search": how["search"]})
    searching = type(model).restore(settings, facts | {"losses": model.losses}, tensors)
    searching.labels = model.labels
    return searching


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    with file.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _table(found: list[dict[str, Any]]) -> list[str]:
    """Mean and spread over the seeds, as Markdown."""
    lines = ["| training | drawing | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for name, drawing in dict.fromkeys((row["training"], row["drawing"]) for row in found):
        rows = [row for row in found if (row["training"], row["drawing"]) == (name, drawing)]
        cells = []
        for column in COLUMNS:
            values = np.array([row[column] for row in rows if row[column] is not None])
            digits = 0 if column == "draws" else 3
            spread = f" ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 and values.std() else ""
            cells.append(f"{values.mean():.{digits}f}{spread}" if len(values) else "–")
        lines.append(f"| {name} | {drawing} | " + " | ".join(cells) + " |")
    return lines


def _beside_the_paper(out: Path, rows: list, candidates: Path) -> list[str]:
    """What a model trained as in the paper shares with the paper's list, among strings of at most ten tokens."""
    with candidates.open() as handle:
        theirs = {parse(row["monomer_smiles"]).key for row in csv.DictReader(handle)}
    training = [row for row in label_rows(rows, TOP_FRACTION) if row.smiles != "*CCO*"]
    training.append(TrainingRow("*CCO*", "high", PEO_WEIGHT))
    lines = []
    for name, settings, how in (
        ("paper", {}, {"grammar": False}),
        ("paper", {}, {"temperature": 1.5}),
        ("paper symmetry", {"augment": "symmetry"}, {"grammar": False}),
        ("paper symmetry", {"augment": "symmetry"}, {}),
        ("paper symmetry", {"augment": "symmetry"}, {"temperature": 1.5}),
    ):
        strings = _model(out, name, training, settings, 1).sample(DRAWS, "high", seed=1, max_tokens=10, **how)
        units: dict[str, str] = {}
        for text in strings:
            with suppress(InvalidRepeatUnit):
                unit = parse(text, ORGANIC_ELEMENTS)
                units.setdefault(unit.key, unit.smiles)
        shared = sorted(units[key] for key in units.keys() & theirs)
        lines += [
            f"{name}, {how}: {len(units)} different polymers in {DRAWS} draws, "
            f"{len(shared)} of the paper's {len(theirs)}: " + " ".join(shared),
            "the first: " + " ".join(list(units.values())[:50]),
        ]
    return lines


if __name__ == "__main__":
    main()
