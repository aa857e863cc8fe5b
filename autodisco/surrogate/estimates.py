"""Conductivities of repeat units as people ask for them: from the prior mean of the program and tables of values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autodisco.analysis.belief import Z_90
from autodisco.analysis.quantity import CONDUCTIVITY_SCALE, Scale
from autodisco.analysis.scatter import Scatter
from autodisco.errors import InputError
from autodisco.polymer import Material
from autodisco.polymer.caveats import Caveat, caveats, weak_bonds
from autodisco.surrogate.posterior import Posterior
from autodisco.surrogate.prior_mean import PriorMean
from autodisco.surrogate.sources import Label, Normal, Priors, Source

TARGET = "353 K, reference protocol"
"""What the prior mean speaks about: LiTFSI at 1.5 mol/kg and the settings of HTP-MD."""

LEVEL = -3.0
"""log10 S/cm about which slopes of sources turn: about poly(ethylene oxide)."""

UNKNOWN_TABLE = Priors(Normal(0.0, 1.0), Normal(1.0, 0.25), 0.0, Scatter(0.15, 4.0))
"""A table of which nobody said how its values were made: other conditions move all of them, by decades perhaps."""

HIGHEST = 10.0
"""S/cm; a larger value is a mistake of units."""

USUAL_LIMIT = 1e-5
"""S/cm, taken as the least value that a table could hold where all its values are zero."""

SEED = 1


@dataclass(frozen=True)
class ConductivityEstimate:
    """What is believed of one polymer.

    Attributes
    ----------
    key, smiles : of the polymer
    value, low, high : median and the ends of the interval that holds 90 %, in the unit of the objective
    p_better : chance to be better than the reference
    against_reference : ratio to the reference, and the ends of the interval that holds 90 %; errors that both share
        cancel
    contributions : how far the prior mean (from zero) and each source moved the median, on the scale (log10 S/cm)
    caveats : what is known against the value
    name : of the polymer; empty without one
    same_as : name or text of an earlier one that is the same polymer; empty without one
    """

    key: str
    smiles: str
    value: float
    low: float
    high: float
    p_better: float
    against_reference: tuple[float, float, float]
    contributions: Mapping[str, float]
    caveats: tuple[Caveat, ...] = ()
    name: str = ""
    same_as: str = ""

    @property
    def called(self) -> str:
        """The name, otherwise the text."""
        return self.name or self.smiles

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "name": self.name or None,
            "smiles": self.smiles,
            "key": self.key,
            "conductivity_s_per_cm": self.value,
            "interval": [self.low, self.high],
            "p_better": self.p_better,
            "against_reference": self.against_reference[0],
            "against_reference_interval": list(self.against_reference[1:]),
            "contributions": dict(self.contributions),
            "same_as": self.same_as or None,
            "caveats": [caveat.to_dict() for caveat in self.caveats],
        }


def estimates(
    posterior: Posterior, units: Sequence[Material], reference: Material, scale: Scale = CONDUCTIVITY_SCALE
) -> list[ConductivityEstimate]:
    """What a posterior says of repeat units; the reference itself has a chance of 0.5."""
    smiles = [unit.smiles for unit in units]
    found = posterior.predict(smiles)
    chances, sds = posterior.against(smiles, reference.smiles)
    off = found.mean - posterior.predict([reference.smiles]).mean
    ratio, least, most = (scale.apart(places) for places in (off, off - Z_90 * sds, off + Z_90 * sds))
    values, low, high = (scale.values(places) for places in (found.mean, found.low, found.high))
    return [
        ConductivityEstimate(
            unit.key,
            unit.given,
            float(values[row]),
            float(low[row]),
            float(high[row]),
            float(chances[row]),
            (float(ratio[row]), float(least[row]), float(most[row])),
            {name: float(moved[row]) for name, moved in found.contributions.items()},
            (*caveats(unit), *weak_bonds(unit)),
        )
        for row, unit in enumerate(units)
    ]


def from_tables(
    tables: Mapping[str, Sequence[tuple[str, float]]],
    prior_mean: bool = True,
    measured: Sequence[tuple[Source, Sequence[Label]]] = (),
) -> Posterior:
    """The posterior of conductivities (S/cm) in tables of repeat units in canonical form.

    With the prior mean of the program, the posterior speaks about 353 K and the reference protocol, and each table has
    an offset and a slope of its own. Without it, it speaks about the values of the first table. `measured` are further
    sources with their labels.

    Raises InputError where there is neither a prior mean nor a table, and for a value that cannot be a conductivity.
    """
    if not prior_mean and not tables:
        raise InputError("without the prior mean, a table of values is needed: give one with --data")
    sources = [Source(name, "data-set", False, UNKNOWN_TABLE) for name in tables]
    if prior_mean:
        sources.insert(0, Source.of_kind(TARGET, "protocol", reference=True))
    else:
        sources[0] = Source.of_kind(sources[0].name, "data-set", reference=True)
    prior = PriorMean.shipped() if prior_mean else None
    labels = [*labels_of(tables), *(label for _, own in measured for label in own)]
    sources += [source for source, _ in measured]
    return Posterior.fit(labels, sources, sources[0].name, prior_mean=prior, seed=SEED, level=LEVEL)


def labels_of(tables: Mapping[str, Sequence[tuple[str, float]]]) -> list[Label]:
    """The labels to which `from_tables` fits. Raises InputError for a value that cannot be a conductivity."""
    return [label for name, rows in tables.items() for label in _labels(name, rows)]


def _labels(table: str, rows: Sequence[tuple[str, float]]) -> list[Label]:
    """Labels of a table; a zero says that the value is at most the smallest that the table holds."""
    high = next(((smiles, value) for smiles, value in rows if value > HIGHEST), None)
    if high:
        raise InputError(f"{table}: {high[0]} has {high[1]:g} S/cm; at most {HIGHEST:g} is allowed: is the unit S/cm?")
    least = min((value for _, value in rows if value > 0), default=USUAL_LIMIT)
    return [
        Label(smiles, table, CONDUCTIVITY_SCALE.place(value or least), censored=not value) for smiles, value in rows
    ]
