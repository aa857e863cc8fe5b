"""Fits the prior mean that comes with the program to the public HTP-MD table, and says what it is worth.

    python bench/prior_mean.py --reference DIR [--write]

DIR holds the two published tables. The model is a ridge regression of log10 of the conductivity on the counts per heavy
atom of the environments that at least 60 of the 6,024 polymers have; its penalty is the one of the best five-fold
cross-validation. The variances of what it leaves open are found by the marginal likelihood of the residuals of a
cross-validation by cluster. The table stops at 0.5 mS/cm, and short repeat units conduct up to 2 mS/cm: how fast the
interval grows outside of the table (`quadratic`) cannot be seen inside it, and is chosen so that the 90 % interval
holds 90 % of the published values of generated polymers. Nothing else is taken from these.
"""

import argparse
from pathlib import Path

import numpy as np
from published import Published, candidates, htp_md, rank
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from sklearn.cluster import KMeans

from autodisco.analysis.belief import Z_90
from autodisco.files import write_atomic
from autodisco.polymer import ORGANIC_ELEMENTS, parse
from autodisco.surrogate import Label, Posterior, PriorMean, Source, coverage
from autodisco.surrogate.covariance import Kernels
from autodisco.surrogate.prior_mean import SHIPPED
from autodisco.surrogate.similarity import Structures
from autodisco.surrogate.structure import DESCRIPTORS, Period

LEAST_POLYMERS = 60
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0)
CLUSTERS, FOLDS, SEED = 40, 5, 0
QUADRATIC = np.geomspace(1e-3, 1e-1, 41)


def ridge(table: np.ndarray, values: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    """Coefficients and intercept."""
    centre = table.mean(axis=0)
    moved = table - centre
    weights = np.linalg.solve(moved.T @ moved + penalty * np.eye(table.shape[1]), moved.T @ (values - values.mean()))
    return weights, float(values.mean() - centre @ weights)


def out_of_fold(table: np.ndarray, values: np.ndarray, fold: np.ndarray, penalty: float) -> np.ndarray:
    """The value of each polymer said by the polymers of the other folds."""
    said = np.empty(len(values))
    for number in np.unique(fold):
        aside = fold == number
        weights, intercept = ridge(table[~aside], values[~aside], penalty)
        said[aside] = table[aside] @ weights + intercept
    return said


def explained(said: np.ndarray, true: np.ndarray) -> float:
    """R²."""
    return float(1 - np.mean((said - true) ** 2) / np.var(true))


def example(units: list[str], environment: int) -> str:
    """SMILES of an environment, its centre first, from the first polymer that has it."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=1)
    for unit in units:
        period = Period.of_word(parse(unit, ORGANIC_ELEMENTS).word)
        output = rdFingerprintGenerator.AdditionalOutput()
        output.AllocateBitInfoMap()
        generator.GetSparseCountFingerprint(period.mol, fromAtoms=sorted(period.inside), additionalOutput=output)
        if environment in output.GetBitInfoMap():
            atom, radius = output.GetBitInfoMap()[environment][0]
            bonds = list(Chem.FindAtomEnvironmentOfRadiusN(period.mol, radius, atom)) if radius else []
            ends = [
                (period.mol.GetBondWithIdx(bond).GetBeginAtomIdx(), period.mol.GetBondWithIdx(bond).GetEndAtomIdx())
                for bond in bonds
            ]
            atoms = sorted({atom, *(index for pair in ends for index in pair)})
            return str(Chem.MolFragmentToSmiles(period.mol, atoms, rootedAtAtom=atom))
    return ""


def residual_variances(residuals: np.ndarray, units: list[str]) -> tuple[float, float, float, float]:
    """Variances of environments, patterns and the linear part of what the mean leaves open, and of the noise."""
    source = Source.of_kind("HTP-MD", "data-set", reference=True)
    start = PriorMean(0.0, 0.007, 0.003, 0.005, 0.0, 1e-6)
    labels = [Label(unit, source.name, float(value)) for unit, value in zip(units, residuals, strict=True)]
    by = Posterior.fit(labels[:2000], [source], source.name, prior_mean=start, seed=SEED).hyperparameters
    return by.similarity, by.patterns, by.linear, float(by.noise[0])


def main() -> None:
    """Fit, judge and, if asked, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help=f"write {SHIPPED}")
    arguments = parser.parse_args()
    table, generated = htp_md(arguments.reference), candidates(arguments.reference)
    structures = Structures.of(table.units)
    for name, column in zip(DESCRIPTORS, structures.descriptors.T, strict=True):
        _, centre, scale = DESCRIPTORS[name]
        print(f"{name:15s} mean {centre + scale * column.mean():.3f}, standard deviation {scale * column.std():.3f}")

    environments, polymers = np.unique(structures.environments.bits, return_counts=True)
    environments = environments[polymers >= LEAST_POLYMERS]
    features = structures.counts_of(environments)
    folds = {
        "random": np.arange(len(table.units)) % FOLDS,
        "cluster": KMeans(CLUSTERS, n_init=3, random_state=SEED).fit_predict(np.sqrt(features)),
    }
    penalty = max(
        PENALTIES, key=lambda p: explained(out_of_fold(features, table.values, folds["random"], p), table.values)
    )
    said = {name: out_of_fold(features, table.values, fold, penalty) for name, fold in folds.items()}
    weights, intercept = ridge(features, table.values, penalty)
    similarity, patterns, linear, noise = residual_variances(table.values - said["cluster"], table.units)
    print(f"{len(environments)} environments, penalty {penalty:g}, noise of the table {np.sqrt(noise):.3f} decades")
    lines = [
        f"{name}: R² {explained(s, table.values):.3f}, Spearman {rank(s, table.values)}" for name, s in said.items()
    ]
    names = ["five-fold", "leave one of 40 clusters out"]
    facts = [f"{long}, {line.split(': ')[1]}" for long, line in zip(names, lines, strict=True)]

    mean = PriorMean(intercept, similarity, patterns, linear, 0.0, 0.0, environments, weights)
    there = Structures.of(generated.units)
    away = mean.values(there) - generated.values
    own = Kernels.of_each(there)
    inside = similarity * own.similarity + patterns * own.patterns + linear * own.linear
    held = [float(np.mean(np.abs(away) <= Z_90 * np.sqrt(inside + q * own.quadratic))) for q in QUADRATIC]
    quadratic = float(QUADRATIC[int(np.argmax(np.array(held) >= 0.9))])
    sd = np.sqrt(inside + quadratic * own.quadratic)
    facts.append(
        f"the {len(generated.units)} generated polymers, none of them seen: Spearman "
        f"{rank(mean.values(there), generated.values)}, said minus published {away.mean():+.2f} decades on average, "
        f"{away.std():.2f} about it; the 90 % interval holds {coverage(away / sd):.2f}"
    )
    print("\n".join(facts))
    if arguments.write:
        write(table, environments, weights, intercept, (similarity, patterns, linear, quadratic), facts)


def write(
    table: Published,
    environments: np.ndarray,
    weights: np.ndarray,
    intercept: float,
    variances: tuple[float, float, float, float],
    facts: list[str],
) -> None:
    """The file that the program reads."""
    lines = [
        "# Prior mean of log10 of the conductivity in S/cm: 353 K, 1.5 mol/kg LiTFSI, settings of HTP-MD.",
        "# Made by `python bench/prior_mean.py --reference DIR --write` from the 6,024 polymers of HTP-MD",
        "# (the table published with Khajeh et al., Digital Discovery 4, 11, 2025).",
        *(f"# - {fact}" for fact in facts),
        f"intercept = {intercept:.5g}",
        "",
        "[variances]  # of what the mean leaves open (autodisco/surrogate/covariance.py)",
        *(
            f"{name} = {value:.3g}"
            for name, value in zip(("similarity", "patterns", "linear", "quadratic"), variances, strict=True)
        ),
        "constant = 0.0025",
        "",
        "[environments]  # coefficient of the count per heavy atom; an example, its centre first",
        *(
            f"{environment} = {weight:.4g}  # {example(table.units, environment)}"
            for environment, weight in zip(environments.tolist(), weights.tolist(), strict=True)
        ),
    ]
    write_atomic(SHIPPED, "\n".join(lines) + "\n")
    print(f"wrote {SHIPPED}")


if __name__ == "__main__":
    main()
