"""An observable of your own: how far apart the ions of a pair are.

autodisco analyze FOLDER --observable observable.py:PairDistance
"""

from itertools import pairwise

import numpy as np

from autodisco.analysis.observable import Observable
from autodisco.analysis.quantity import Quantity, with_error
from autodisco.analysis.statistics import series_mean


class PairDistance(Observable):
    """Mean distance between the atoms by which a cation and an anion touch."""

    quantities = (Quantity("pair_distance_angstrom", "distance within ion pairs", "r pair", "Å", "clusters"),)

    def __init__(self, run):
        super().__init__(run)
        self._means = []

    def add(self, frames):
        """Take the mean of every frame that holds a pair."""
        near = frames.anion_neighbours.contacts.within(self.run.settings.cluster_cutoff)
        self._means += [near.distances[low:high].mean() for low, high in pairwise(near.frames) if high > low]

    def result(self):
        """The mean in time with its error; nothing, which stands for None, without a pair."""
        return with_error("pair_distance_angstrom", series_mean(np.array(self._means))) if self._means else {}
