"""What an analysis gives: values of quantities, whose names are the columns, JSON keys and attributes everywhere.

Kept free of heavy imports, so that the store and the command line can read results without loading the kernels.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.analysis.quantities import quantities
from autodisco.errors import InputError

if TYPE_CHECKING:
    from autodisco.analysis.observable import Observable, Run


class Properties(Mapping[str, Any]):
    """Values of one trajectory by the keys of the table of quantities (`autodisco.analysis.quantities`).

    A value or an error that is undefined is None, as all about ions is without them. Keys are attributes, too:
    ``properties.density_g_per_cm3``.

    An error (``_sem``) describes this trajectory alone: the fit and the spread over groups of ions for diffusivities,
    the change in time for populations, coordination and density (None where too few independent values are left), the
    fit and the three axes for collective quantities. It does not hold what differs between independent builds, which
    is usually more; see `autodisco.analysis.combine`.

    Parameters
    ----------
    values : by key; keys of the named quantities that are left out become None
    names : of the quantities in it, in any order

    Raises
    ------
    ValueError
        For a name or a key that is not in the table.
    """

    def __init__(self, values: Mapping[str, Any], names: Sequence[str]) -> None:
        entries = [entry for entry in quantities() if entry.name in names]
        keys = [key for entry in entries for key in entry.keys]
        if unknown := (set(names) - {entry.name for entry in entries}) | (set(values) - set(keys)):
            raise ValueError(f"not in the table of quantities: {', '.join(sorted(unknown))}")
        missing = {entry.name: entry.combination.missing() for entry in entries}
        self._values = {key: plain(values.get(key, missing.get(key))) for key in keys}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, key: str) -> Any:
        try:
            return self.__dict__["_values"][key]
        except KeyError:
            raise AttributeError(f"no quantity {key!r} in these properties") from None

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON, in the order of the table; a number that is not finite becomes None."""
        return {key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in self._values.items()}


@dataclass(frozen=True)
class Analysis:
    """Properties of a trajectory, and what gave them.

    Attributes
    ----------
    properties : values of all quantities
    run : what was analysed; ``run.get(Displacement)`` and the like give curves behind the values
    observables : those that were asked for, by name
    """

    properties: Properties
    run: "Run"
    observables: Mapping[str, "Observable"]

    def plot(self, folder: str | Path) -> list[Path]:
        """Write the plots of all observables, such as displacements with their fits, and their numbers as CSV.

        Returns the PNG files.

        Raises InputError where no observable has a plot: in the mode ``htp-md``, which fits nothing, and for a box
        without ions.
        """
        drawn = {name: draw for observable in self.observables.values() for name, draw in observable.plots().items()}
        if not drawn and not self.run.composition.species:
            raise InputError("plots show what ions do, and there are none in this box")
        if not drawn:
            raise InputError("plots show the fits of the default mode; leave the mode htp-md out")
        from autodisco.analysis.plots import write_plots

        return write_plots(drawn, self.curves(), Path(folder))

    def curves(self) -> dict[str, Mapping[str, Any]]:
        """The numbers of the plots: names of plots to columns, named with their units, of as many values each."""
        return {name: table for one in self.observables.values() for name, table in one.curves().items()}


def plain(value: Any) -> Any:
    """A NumPy number as a Python one; others as they are."""
    return value.item() if hasattr(value, "item") else value
