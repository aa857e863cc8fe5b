"""Clusters of ions that are joined by contacts."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from autodisco.analysis.frames import Frames
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.plots import COLOURS, GREY, with_errors
from autodisco.analysis.populations import PopulationSeries
from autodisco.analysis.quantities import chosen, quantity
from autodisco.analysis.statistics import series_error
from autodisco.arrays import Floats
from autodisco_kernels import Population


class Clusters(Observable):
    """Mean number of clusters of each composition in a frame, and the share of free cations."""

    quantities = chosen("free_cation_fraction", "cluster_population")

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._series = PopulationSeries()

    def add(self, frames: Frames) -> None:
        """Count the clusters."""
        self._series.add(frames.clusters, self.run.ion_atoms.species)

    @cached_property
    def population(self) -> Population:
        """Over all frames."""
        return self._series.whole()

    @cached_property
    def blocks(self) -> list[Population]:
        """Of consecutive blocks of equal length."""
        return self._series.blocks()

    def free_cations(self, population: Population) -> float:
        """Share of the cations that touch no anion."""
        positive = np.array([kind.charge > 0 for kind in self.run.composition.species])
        alone = population.counts[:, ~positive].sum(axis=1) == 0
        n_cations = sum(kind.n for kind in self.run.composition.cations)
        return float(population.counts[alone][:, positive].sum(axis=1) @ population.mean[alone]) / n_cations

    def result(self) -> Mapping[str, Any]:
        """Values, with errors from their change from block to block."""
        return {
            "free_cation_fraction": self.free_cations(self.population),
            "free_cation_fraction_sem": series_error([self.free_cations(block) for block in self.blocks]),
            "cluster_population": population_table(self.population),
            "cluster_population_sem": population_errors(self.blocks),
        }

    def plots(self) -> Mapping[str, Callable[[Any], None]]:
        """The population matrix; the share of ions in clusters of each size."""
        return {"clusters": self._plot_population, "cluster_sizes": self._plot_sizes}

    def curves(self) -> Mapping[str, Mapping[str, Any]]:
        """α_ij with errors; the share of ions in clusters of each size."""
        population, errors = self.population, population_errors(self.blocks) or {}
        kinds = population_table(population)
        share, error = self._sizes
        return {
            "clusters": {
                **{f"n_{kind.name}": population.counts[:, k] for k, kind in enumerate(self.run.composition.species)},
                **with_errors("clusters_per_frame", "", population.mean, [errors.get(kind) or None for kind in kinds]),
            },
            "cluster_sizes": {
                "ions": np.arange(1, len(share)), **with_errors("share_of_ions", "", share[1:], error),
            },
        }  # fmt: skip

    def _plot_population(self, axes: Any) -> None:
        """Mean number of clusters of i cations and j anions."""
        composition, counts, mean = self.run.composition, self._two_kinds(), self.population.mean
        alpha = np.zeros(counts.max(axis=0) + 1)
        np.add.at(alpha, tuple(counts.T), mean)
        from matplotlib.colors import LogNorm

        shown = np.ma.masked_equal(alpha, 0.0)
        picture = axes.imshow(shown.T, origin="lower", cmap="viridis", norm=LogNorm(), aspect="auto")
        charges = [{abs(kind.charge) for kind in kinds} for kinds in (composition.cations, composition.anions)]
        if all(len(of_sign) == 1 for of_sign in charges):
            slope = charges[0].pop() / charges[1].pop()
            side = np.array([0.0, min(alpha.shape[0] - 1, (alpha.shape[1] - 1) / slope)])
            axes.plot(side, slope * side, color=GREY, lw=0.8, ls=":", label="neutral clusters")
            axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1))
        axes.figure.colorbar(picture, ax=axes, label=f"{quantity('cluster_population').label}, $\\alpha_{{ij}}$")
        axes.set(xlabel="cations in the cluster, $i$", ylabel="anions in the cluster, $j$")
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_major_locator().set_params(integer=True)

    def _plot_sizes(self, axes: Any) -> None:
        """Share of the ions in clusters of each size, with errors; hatched where the run does not tell the error."""
        share, errors = self._sizes
        kept = np.arange(1, len(share))
        known = np.array([error is not None for error in errors])
        for shown, hatch, label in ((known, "", None), (~known, "///", "error not determined")):
            axes.bar(
                kept[shown], share[1:][shown], color=COLOURS[0], width=0.8, hatch=hatch, edgecolor="white", lw=0,
                yerr=[error or 0.0 for error in np.array(errors)[shown]], ecolor=GREY, label=label,
            )  # fmt: skip
        axes.set(xlabel="ions in the cluster", ylabel="share of all ions", ylim=(0, None))
        axes.xaxis.get_major_locator().set_params(integer=True)
        if not known.all():
            axes.legend(frameon=False, fontsize=8)

    @cached_property
    def _sizes(self) -> tuple[Floats, list[float | None]]:
        """Share of the ions in clusters of 0, 1, … ions, and the errors from 1 on, from the blocks of the run."""
        size = self.population.counts.sum(axis=1)
        total = sum(kind.n for kind in self.run.composition.species)
        share = np.bincount(size, size * self.population.mean) / total
        parts = self.blocks
        each = [
            np.bincount(p.counts.sum(axis=1), p.counts.sum(axis=1) * p.mean, len(share))[: len(share)] for p in parts
        ]
        series = np.array(each).reshape(len(each), -1).T / total
        errors = [series_error(one) or None for one in series[1:]]
        return share, errors or [None] * (len(share) - 1)

    def _two_kinds(self) -> Any:
        """Numbers of cations and of anions in the kinds of clusters, (n_kinds, 2)."""
        positive = np.array([kind.charge > 0 for kind in self.run.composition.species])
        counts = self.population.counts
        return np.stack([counts[:, positive].sum(axis=1), counts[:, ~positive].sum(axis=1)], axis=1)


def population_table(population: Population) -> dict[str, float]:
    """``"i,j"`` to α_ij, as plain types; one number per species."""
    return {
        ",".join(map(str, kind)): float(alpha)
        for kind, alpha in zip(population.counts.tolist(), population.mean, strict=True)
    }


def population_errors(blocks: list[Population]) -> dict[str, float | None] | None:
    """Standard error of every α_ij from the populations of consecutive blocks of time.

    None below two blocks, and for each where its blocks are too few or too alike (`series_error`).
    """
    if len(blocks) < 2:
        return None
    tables = [population_table(block) for block in blocks]
    names = sorted({name for table in tables for name in table})
    return {name: series_error([table.get(name, 0.0) for table in tables]) for name in names}
