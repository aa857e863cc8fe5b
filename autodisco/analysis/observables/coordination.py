"""How many atoms of polymer and anions surround a cation, and how far away they are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.frames import Frames, Neighbours
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.plots import COLOURS, GREY, with_errors
from autodisco.analysis.quantities import chosen
from autodisco.analysis.quantity import with_error
from autodisco.analysis.statistics import series_mean
from autodisco.arrays import Floats, Indices
from autodisco_kernels import RadialDistribution, contacts

R_MAX = 8.0
RDF_GROUPS = 5
SHORTEST_SHOWN = 1.0  # Å; below it, g(r) is noise of bins with a small volume
ELEMENTS = {"O": "oxygen", "N": "nitrogen", "S": "sulfur"}


class CoordinationNumbers(Observable):
    """Coordinating atoms of polymer (or solvent) and anions within the coordination cutoff of a cation.

    Attributes
    ----------
    polymer, anions : surroundings of the cations; the first None without coordinating atoms
    """

    quantities = chosen(
        "li_polymer_coordination",
        "li_polymer_oxygen_coordination",
        "li_polymer_nitrogen_coordination",
        "li_polymer_sulfur_coordination",
        "li_anion_coordination",
    )

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        hosts, elements = run.composition.hosts, run.composition.elements
        self.anions = Surroundings(run, run.ion_atoms.anion_sites)
        self.polymer = Surroundings(run, hosts, elements[hosts]) if len(hosts) else None

    def add(self, frames: Frames) -> None:
        """Count neighbours."""
        if self.polymer:
            self.polymer.add(frames, frames.polymer_neighbours)
        self.anions.add(frames, frames.anion_neighbours)

    def result(self) -> Mapping[str, Any]:
        """Means over the frames; of an element that the polymer does not hold, None."""
        polymer = self.polymer.numbers if self.polymer else np.zeros(1)
        by_element = self.polymer.by_element if self.polymer else {}
        found = with_error("li_polymer_coordination", series_mean(polymer))
        for element, name in ELEMENTS.items():
            if element in by_element:
                found |= with_error(f"li_polymer_{name}_coordination", series_mean(by_element[element]))
        return found | with_error("li_anion_coordination", series_mean(self.anions.numbers))

    def plots(self) -> Mapping[str, Callable[[Any], None]]:
        """Radial distributions and their integrals."""
        return {"surroundings": self._plot}

    def curves(self) -> Mapping[str, Mapping[str, Any]]:
        """Radial distributions with their errors over groups of cations, and the number of atoms up to a distance."""
        bins = self.anions.distribution
        found: dict[str, Any] = {"r_angstrom": bins.r, "up_to_angstrom": bins.edges[1:]}
        for name, atoms in self._about:
            distribution = atoms.distribution
            found |= with_errors(f"g_{name}", "", distribution.g, distribution.g_sem)
            found[f"number_{name}"] = distribution.coordination
        return {"surroundings": found}

    @property
    def _about(self) -> list[tuple[str, "Surroundings"]]:
        """Names and surroundings, those of the polymer first."""
        return [(name, atoms) for name, atoms in (("polymer", self.polymer), ("anions", self.anions)) if atoms]

    def _plot(self, axes: Any) -> None:
        """Radial distributions about cations, and the number of atoms up to a distance."""
        about = self._about
        numbers = axes.twinx()
        for (name, atoms), colour in zip(about, COLOURS, strict=False):
            distribution = atoms.distribution
            r, g = distribution.r, distribution.g
            axes.plot(r, g, color=colour, lw=1.6, label=f"$g(r)$, {name}")
            if (error := distribution.g_sem) is not None:
                axes.fill_between(r, g - error, g + error, color=colour, alpha=0.2, lw=0)
            numbers.plot(distribution.edges[1:], distribution.coordination, color=colour, lw=1.2, ls="--")
            axes.plot([], [], color=colour, lw=1.2, ls="--", label=f"number, {name} (right axis)")
        cutoff = self.run.settings.coordination_cutoff
        axes.axvline(cutoff, color=GREY, lw=0.8, ls=":", label=f"coordination cutoff, {cutoff:g} Å")
        distributions = [atoms.distribution for _, atoms in about]
        first = max(float(d.coordination[d.edges[1:] <= 1.6 * cutoff].max(initial=0.0)) for d in distributions)
        numbers.set(ylabel="coordination number", ylim=(0, 1.3 * first if first else 1))
        axes.set(
            xlabel="distance from the cation / Å",
            ylabel="$g(r)$",
            xlim=(SHORTEST_SHOWN, distributions[-1].edges[-1]),
            ylim=(0, _top(distributions)),
        )
        axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))


def _top(distributions: Sequence[RadialDistribution]) -> float | None:
    """Upper end of the axis of g(r), from the distances that are shown; None if g(r) is zero there."""
    highest = max(float(np.nanmax(d.g[d.edges[1:] > SHORTEST_SHOWN], initial=0.0)) for d in distributions)
    return 1.1 * highest or None


class Surroundings:
    """Distribution and number of some atoms about the cations.

    The distribution reaches much further than the contacts and costs accordingly; it takes every frame of boxes with
    few cations and every tenth at most of those with many.

    Attributes
    ----------
    distribution : g(r) of `atoms` about the coordinating atoms of cations, its error from groups of cations
    """

    def __init__(self, run: Run, atoms: Indices, elements: NDArray[np.str_] | None = None) -> None:
        self._ions, self._atoms, self._threads, self._elements = run.ion_atoms, atoms, run.settings.threads, elements
        self._by_element: dict[str, list[Floats]] = {}
        if elements is not None:
            self._by_element = {element: [] for element in np.unique(elements).tolist()}
        groups = self._ions.cation_of % min(self._ions.n_cations, RDF_GROUPS)
        n_sites = len(self._ions.cation_sites)
        self.distribution = RadialDistribution(n_sites, len(atoms), R_MAX, bins=160, groups=groups)
        self._every = min(max(self._ions.n_cations // 10, 1), 10)
        self._numbers: list[Floats] = []
        self._n_frames = 0

    def add(self, frames: Frames, neighbours: Neighbours) -> None:
        """Add frames and their neighbours."""
        taken = slice(-self._n_frames % self._every, None, self._every)
        cells = frames.cells[taken]
        found = contacts(frames.cation_sites[taken], neighbours.positions[taken], cells, R_MAX, self._threads)
        self.distribution.add(found, cells)
        self._numbers.append(np.diff(neighbours.edges) / self._ions.n_cations)
        if self._elements is not None:
            touched = self._elements[neighbours.touching % len(self._atoms)]
            for element, numbers in self._by_element.items():
                counted = np.concatenate([[0], np.cumsum(touched == element)])
                numbers.append(np.diff(counted[neighbours.edges]) / self._ions.n_cations)
        self._n_frames += len(frames)

    @property
    def numbers(self) -> Floats:
        """(F,), mean number of these atoms within the coordination cutoff of a cation, in each frame."""
        return np.concatenate(self._numbers)

    @property
    def by_element(self) -> dict[str, Floats]:
        """The same for each element among the atoms, where elements were given."""
        return {element: np.concatenate(numbers) for element, numbers in self._by_element.items()}
