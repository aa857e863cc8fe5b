"""Compares the posterior and the simulations with measured conductivities.

    python bench/experiment.py [--reference DIR] [--out docs/images/experiment.png]

The measurements are `autodisco/surrogate/data/measured.csv`. Each series of one polymer, salt, concentration and
publication is taken to 353 K: by a line in log10 of the conductivity over 1/T between two temperatures, else the value
nearest to 353 K, at most 11 K off. Several publications of a polymer are averaged. The posterior speaks about 353 K and
LiTFSI at 1.5 mol/kg; it is asked as `autodisco predict` is, then again with the measurements of all other polymers as
an experiment. Simulated values are those of the tables in docs/ and campaigns/seeds/; with --reference also the
published ones at 353 K, and the generated polymers are predicted with and without the measurements. Intervals: 90 %,
bootstrap over polymers; "by publication" draws whole publications.
"""

import argparse
import csv
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from published import candidates, htp_md, rank, rmse
from scipy.stats import spearmanr

from autodisco.analysis.belief import Z_90
from autodisco.decide.measurements import Measurement, read_measurements
from autodisco.polymer import ORGANIC_ELEMENTS, Material, RepeatUnit, parse
from autodisco.surrogate import Label, Posterior, PriorMean, Source
from autodisco.surrogate.estimates import LEVEL, SEED, TARGET

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "autodisco" / "surrogate" / "data" / "measured.csv"
TEMPERATURE, FARTHEST = 353.15, 11.0
"""K: of the comparison, and how far a single measured temperature may be from it."""

EXPERIMENT = "measured"
DRAWS, LEAST = 2000, 6
"""Bootstrap samples, and the fewest polymers that are compared."""

MELT = -6.0
"""log10 of S/cm: below, the glass transition of most of these electrolytes is near 353 K or above."""

FAMILIES = {
    "carbonates": "carbonate",
    "acetals": r"MO\)",
    "esters": "polyester|adipate|caprolactone",
    "comb polymers": "acrylate|vinyl ether|peptoid|MEEP|allyl glycidyl",
    "ethers": "ethylene oxide|EO",
}
"""Families by what their names hold; the first that fits counts."""


@dataclass(frozen=True)
class Measured:
    """A polymer with its measured conductivity at 353 K (log10 of S/cm), the mean over publications."""

    unit: Material
    name: str
    salt: str
    molality: float
    value: float
    publication: str

    @property
    def family(self) -> str:
        """The family of the polymer."""
        return next((name for name, words in FAMILIES.items() if re.search(words, self.name)), "others")


def main() -> None:
    """Print the tables of docs/experiment.md and draw its figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="folder with the two published tables of simulated values")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "experiment.png")
    given = parser.parse_args()
    rows = read_measurements(MEASURED)
    found = measured(rows)
    alike = [one for one in found if one.salt == "LiTFSI"]
    print(f"{len(rows)} values of {len(found)} polymers; {len(alike)} of them with LiTFSI")
    predicted, standard = asked([one.unit for one in found])
    said = dict(zip((one.unit.key for one in found), predicted, strict=True))
    show_posterior(found, alike, said, dict(zip(said, standard, strict=True)))
    show_activation(rows)
    show_learning(alike, given.reference)
    simulated = simulations()
    if given.reference:
        simulated["published, 353 K"] = published(given.reference)
    show_simulations(found, simulated, said)
    draw(given.out, found, said, simulated)


def measured(rows: Sequence[Measurement]) -> list[Measured]:
    """The polymers with a value at 353 K; of several salts of a polymer, LiTFSI counts."""
    polymers: dict[str, list[tuple[Measurement, float]]] = defaultdict(list)
    for (key, *_), values in series_of(rows).items():
        if (value := at_temperature(values)) is not None:
            polymers[key].append((values[0], value))
    found = []
    for several in polymers.values():
        alike = [one for one in several if one[0].salt == "LiTFSI"] or several
        row = alike[0][0]
        mean = float(np.mean([value for _, value in alike]))
        molality = float(np.mean([one.molality_mol_per_kg or 0.0 for one, _ in alike]))
        found.append(Measured(row.unit, row.name, row.salt, molality, mean, row.reference))
    return found


def at_temperature(series: Sequence[Measurement]) -> float | None:
    """log10 of the conductivity at 353 K; None where it was measured too far from there."""
    inverse = np.array([1000.0 / row.temperature_k for row in series if row.temperature_k])
    places = np.log10([row.value for row in series])
    order = np.argsort(inverse)
    wanted = 1000.0 / TEMPERATURE
    if inverse[order[0]] <= wanted <= inverse[order[-1]]:
        return float(np.interp(wanted, inverse[order], places[order]))
    nearest = int(np.argmin(np.abs(inverse - wanted)))
    near = abs((series[nearest].temperature_k or 0.0) - TEMPERATURE) <= FARTHEST
    return float(places[nearest]) if near else None


def asked(units: Sequence[Material | RepeatUnit], labels: Sequence[Label] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations (log10 of S/cm) of the posterior of `autodisco predict`, with labels or without."""
    sources = [Source.of_kind(TARGET, "protocol", reference=True), Source.of_kind(EXPERIMENT, "experiment")]
    posterior = Posterior.fit(
        list(labels), sources[: 1 + bool(labels)], TARGET, prior_mean=PriorMean.shipped(), seed=SEED, level=LEVEL
    )
    found = posterior.predict([unit.smiles for unit in units])
    return np.asarray(found.mean), np.asarray(found.sd)


def left_out(found: Sequence[Measured]) -> dict[str, float]:
    """For each polymer, what the posterior says that has learnt from the measurements of all others."""
    labels = [Label(one.unit.smiles, EXPERIMENT, one.value) for one in found]
    said = {}
    for place, one in enumerate(found):
        mean, _ = asked([one.unit], labels[:place] + labels[place + 1 :])
        said[one.unit.key] = float(mean[0])
    return said


def simulations() -> dict[str, dict[str, float]]:
    """Conductivities (log10 of S/cm) by polymer of the protocols in the tables of this repository."""
    quick: dict[str, list[float]] = defaultdict(list)
    for row in table("campaigns/seeds/known_polymers.csv"):
        quick[key_of(row)] += [float(row["conductivity_s_per_cm"] or 0)] * int(row["n_replicas"])
    for row in table("docs/quick-candidates.csv"):
        quick[key_of(row)] += [float(value) for value in row["replicas_s_per_cm"].split()]
    long: dict[str, list[float]] = defaultdict(list)
    for row in table("docs/long-study.csv"):
        long[key_of(row)].append(float(row["conductivity_s_per_cm"] or 0))
    for row in table("docs/prospective.csv"):
        long[key_of(row)].append(float(row["overnight_s_per_cm"] or 0))
    protocols = {"quick, 500 K": quick, "overnight, 400 K": long}
    return {
        name: {key: float(np.log10(np.mean(values))) for key, values in several.items() if np.mean(values or [0]) > 0}
        for name, several in protocols.items()
    }


def published(reference: Path) -> dict[str, float]:
    """Published simulated conductivities at 353 K (log10 of S/cm) by polymer."""
    tables = (htp_md(reference), candidates(reference))
    return {
        parse(unit, ORGANIC_ELEMENTS).key: float(value)
        for known in tables
        for unit, value in zip(known.units, known.values, strict=True)
    }


def table(path: str) -> list[dict[str, str]]:
    """Rows of a CSV file of the repository."""
    with open(ROOT / path, encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def key_of(row: Mapping[str, str]) -> str:
    """Key of the polymer of a row."""
    return parse(row["monomer_smiles"], ORGANIC_ELEMENTS).key


def comparison(said: Sequence[float], found: Sequence[Measured]) -> str:
    """Rank, level and slope of what is said of polymers, against what was measured."""
    told, true = np.array(said), np.array([one.value for one in found])
    slope, low, high = slope_of(told, true)
    return (
        f"{len(true)} polymers: {errors(told, true)}, measured over said: slope {slope:.2f} ({low:.2f} to {high:.2f})"
    )


def errors(told: np.ndarray, true: np.ndarray) -> str:
    """Rank and level."""
    off = told - true
    return f"Spearman {rank(told, true)}, off {off.mean():+.2f} (sd {off.std():.2f}), RMSE {rmse(told, true):.2f}"


def by_publication(said: np.ndarray, found: Sequence[Measured]) -> str:
    """Spearman's interval if whole publications are drawn."""
    true, random = np.array([one.value for one in found]), np.random.default_rng(0)
    groups = defaultdict(list)
    for place, one in enumerate(found):
        groups[one.publication].append(place)
    several = list(groups.values())
    drawn = []
    for _ in range(DRAWS):
        places = [place for group in random.integers(len(several), size=len(several)) for place in several[group]]
        drawn.append(spearmanr(said[places], true[places]).statistic)
    low, high = np.percentile(drawn, [5, 95])
    return f"{low:.2f} to {high:.2f} by publication ({len(several)})"


def slope_of(said: np.ndarray, true: np.ndarray) -> tuple[float, float, float]:
    """Slope of the measured values over what is said, and the ends of its interval."""
    draws = np.random.default_rng(0).integers(len(true), size=(DRAWS, len(true)))
    slopes = [np.polyfit(said[i], true[i], 1)[0] for i in draws if np.ptp(said[i]) > 0]
    low, high = np.percentile(slopes, [5, 95])
    return float(np.polyfit(said, true, 1)[0]), float(low), float(high)


def show_posterior(
    found: Sequence[Measured], alike: Sequence[Measured], said: Mapping[str, float], standard: Mapping[str, float]
) -> None:
    """Print what the posterior without any measurement says: a table of polymers, and of groups of them."""
    print("\n| polymer | salt | mol/kg | measured (mS/cm) | posterior (mS/cm) | decades |\n|---|---|---|---|---|---|")
    for one in sorted(found, key=lambda one: -one.value):
        told = said[one.unit.key]
        cells = (one.name, one.salt, f"{one.molality:.2f}", f"{10 ** (one.value + 3):.2g}", f"{10 ** (told + 3):.2g}")
        print("| " + " | ".join((*cells, f"{told - one.value:+.2f}")) + " |")
    near = [one for one in alike if one.value > MELT]
    groups = {"all salts": found, "LiTFSI": alike, f"LiTFSI, measured above {10**MELT:g} S/cm": near}
    for family in (*FAMILIES, "others"):
        groups[f"LiTFSI, {family}"] = [one for one in alike if one.family == family]
    print("\nPosterior without measurements:")
    for name, group in groups.items():
        if len(group) < LEAST:
            continue
        held = np.mean([abs(said[one.unit.key] - one.value) <= Z_90 * standard[one.unit.key] for one in group])
        print(f"- {name}: {comparison([said[one.unit.key] for one in group], group)}; interval holds {held:.2f}")
    print("- LiTFSI:", by_publication(np.array([said[one.unit.key] for one in alike]), alike))
    for name, group in (("LiTFSI", alike), ("above", near)):
        carbon = np.array([-carbon_fraction(one.unit) for one in group])
        print(f"- minus carbon fraction, {name}: Spearman {rank(carbon, np.array([one.value for one in group]))}")


def show_activation(rows: Sequence[Measurement]) -> None:
    """Print by how much log10 of the conductivity falls with 1000/T between two measured temperatures."""
    slopes = []
    for values in series_of(rows).values():
        inverse = [1000.0 / row.temperature_k for row in values if row.temperature_k]
        if len(values) == 2:
            slopes.append(np.log10(values[1].value / values[0].value) / (inverse[1] - inverse[0]))
    low, middle, high = np.percentile(slopes, [5, 50, 95])
    print(f"\nSlope over 1000/T of {len(slopes)} series: {middle:.1f} ({low:.1f} to {high:.1f}) decades")


def series_of(rows: Sequence[Measurement]) -> dict[tuple[str, str, float | None, str], list[Measurement]]:
    """Values of one polymer, salt, concentration and publication."""
    series: dict[tuple[str, str, float | None, str], list[Measurement]] = defaultdict(list)
    for row in rows:
        series[row.unit.key, row.salt, row.molality_mol_per_kg, row.reference].append(row)
    return series


def carbon_fraction(unit: Material) -> float:
    """Share of carbon among the heavy atoms."""
    atoms = [
        atom.GetSymbol() for atom in parse(unit.smiles, ORGANIC_ELEMENTS).mol.GetAtoms() if atom.GetSymbol() not in "*H"
    ]
    return atoms.count("C") / len(atoms)


def show_learning(alike: Sequence[Measured], reference: Path | None) -> None:
    """Print what measurements teach the posterior: of other measurements, and of published simulated values."""
    others = left_out(alike)
    print("\nPosterior with the measurements of all other polymers, LiTFSI:")
    print("-", comparison([others[one.unit.key] for one in alike], alike))
    if not reference:
        return
    generated, known = candidates(reference), {one.unit.smiles for one in alike}
    kept = generated.among(np.array([row for row, unit in enumerate(generated.units) if unit not in known]))
    units = [parse(unit) for unit in kept.units]
    print(f"\n{len(units)} generated polymers with a published simulated value, none of them measured:")
    print("- without measurements:", errors(asked(units)[0], kept.values))
    near = [one for one in alike if one.value > MELT]
    for name, group in (("with all", alike), (f"with those above {10**MELT:g} S/cm", near)):
        labels = [Label(one.unit.smiles, EXPERIMENT, one.value) for one in group]
        print(f"- {name}:", errors(asked(units, labels)[0], kept.values))


def show_simulations(
    found: Sequence[Measured], simulated: Mapping[str, Mapping[str, float]], said: Mapping[str, float]
) -> None:
    """Print how simulated values compare with measured ones, and the posterior on the same polymers."""
    print("\nSimulations, all salts:")
    for name, values in simulated.items():
        group = [one for one in found if one.unit.key in values]
        if len(group) < LEAST:
            told = ", ".join(f"{one.name} {values[one.unit.key] - one.value:+.2f}" for one in group)
            print(f"- {name}: {len(group)} polymers; simulated minus measured, decades: {told or 'none'}")
            continue
        print(f"- {name}: {comparison([values[one.unit.key] for one in group], group)}")
        print(f"  the posterior on the same polymers: {comparison([said[one.unit.key] for one in group], group)}")


def draw(
    out: Path, found: Sequence[Measured], said: Mapping[str, float], simulated: Mapping[str, Mapping[str, float]]
) -> None:
    """Measured values against the posterior and against simulations."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.0, 5.2), sharey=True)
    for family in (*FAMILIES, "others"):
        group = [one for one in found if one.family == family]
        left.scatter([said[one.unit.key] for one in group], [one.value for one in group], s=26, label=family)
    left.set_xlabel("posterior without measurements, 353 K (log10 S/cm)")
    for (name, values), mark in zip(simulated.items(), "os^", strict=False):
        group = [one for one in found if one.unit.key in values]
        places = [values[one.unit.key] for one in group]
        right.scatter(places, [one.value for one in group], s=26, marker=mark, label=name)
    right.set_xlabel("simulated (log10 S/cm)")
    for axes in (left, right):
        ends = np.array([-10.0, -1.0])
        axes.plot(ends, ends, color="0.6", linewidth=0.8, zorder=0)
        axes.set_xlim(-6.0, -1.0)
        axes.set_ylim(-8.3, -2.4)
        axes.legend(frameon=False, fontsize=9, loc="lower right")
    left.set_ylabel("measured, 353 K (log10 S/cm)")
    figure.tight_layout()
    figure.savefig(out, dpi=130)


if __name__ == "__main__":
    main()
