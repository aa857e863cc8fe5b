"""Conductivities of repeat units without a simulation: from the prior mean, tables of values, or a campaign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.api.locate import campaign_folder
from autodisco.api.table import Table
from autodisco.errors import InputError

if TYPE_CHECKING:
    from autodisco.polymer import Material
    from autodisco.surrogate import ConductivityEstimate, FarOff, Posterior

Values = list[tuple[str, float]]
"""Repeat units in canonical form and conductivities (S/cm)."""


@dataclass(frozen=True)
class Predictions:
    """What is expected of repeat units.

    Attributes
    ----------
    estimates : one for each repeat unit, in their order
    reference : the same of the polymer that they are compared with
    about : what the values speak about, in words
    tables : the values that were read, by file
    far_off : values of the tables that do not fit to all others
    """

    estimates: list[ConductivityEstimate]
    reference: ConductivityEstimate
    about: str
    tables: Mapping[str, Values]
    far_off: list[FarOff]

    @property
    def table(self) -> Table:
        """A row for each repeat unit, in their order: ``monomer_smiles``, ``conductivity_s_per_cm`` with the ends
        ``low_s_per_cm`` and ``high_s_per_cm`` of the interval that holds 90 %, ``p_better`` (chance to be better than
        the reference), and ``decades_from.…`` (how far each source moved the value)."""
        return Table(
            {
                "monomer_smiles": one.smiles,
                "conductivity_s_per_cm": one.value,
                "low_s_per_cm": one.low,
                "high_s_per_cm": one.high,
                "p_better": one.p_better,
                "decades_from": dict(list(one.contributions.items())[1:]),
                "key": one.key,
            }
            for one in self.estimates
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "about": self.about,
            "reference": self.reference.to_dict(),
            "estimates": [one.to_dict() for one in self.estimates],
        }


def predict(
    smiles: str | Sequence[str | Material],
    data: Sequence[str | Path] = (),
    *,
    campaign: str | Path | None = None,
    reference: str | None = None,
    prior_mean: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Predictions:
    """Conductivities expected at 353 K in the reference protocol, with intervals; docs/surrogate.md says their worth.

    Parameters
    ----------
    smiles : a repeat unit, or several; also texts of materials
    data : tables to learn from, each with a column ``conductivity`` in S/cm
    campaign : name or folder of a campaign, by all of whose values the estimates are then made
    reference : the polymer to compare with; by default that of the campaign, or ``*OCC*``
    prior_mean : start from what HTP-MD's table says of structures; without it, the first table is the target
    progress : called with the number of structures read

    Raises
    ------
    InvalidRepeatUnit
        For a text that is no repeat unit.
    InputError
        For a table or a campaign that cannot be used, and where options exclude each other.

    Examples
    --------
    >>> import autodisco
    >>> found = autodisco.predict(["*OCC*", "*CC*"])
    >>> peo, pe = found.estimates
    >>> peo.low < peo.value < peo.high, pe.p_better < 0.5
    (True, True)
    """
    from autodisco.surrogate import estimates, far_off, from_tables, labels_of

    if campaign and (data or not prior_mean):
        raise InputError("a campaign says itself what it learns from; leave out data and prior_mean")
    given = [smiles] if isinstance(smiles, str) else smiles
    units = [unit_of(one) if isinstance(one, str) else one for one in given]
    if not units:
        raise InputError("no repeat unit to estimate")
    tables = {str(path): _values(Path(path)) for path in data}
    labelled = [one for rows in tables.values() for one, _ in rows]
    _read_structures([*(unit.smiles for unit in units), *labelled], progress)
    if campaign:
        posterior, compared, about = _of_campaign(campaign)
    else:
        posterior, compared = from_tables(tables, prior_mean), unit_of("*OCC*")
        about = f"conductivity at {posterior.target}"
    compared = unit_of(reference) if reference else compared
    (at,) = estimates(posterior, [compared], compared)
    far = far_off(posterior, labels_of(tables)) if tables else []
    return Predictions(estimates(posterior, units, compared), at, about, tables, far)


def unit_of(text: str) -> Material:
    """The repeat unit or material of a text. Raises InvalidRepeatUnit."""
    from autodisco.polymer import ORGANIC_ELEMENTS, read_material

    return read_material(text, ORGANIC_ELEMENTS)


def _of_campaign(name: str | Path) -> tuple[Posterior, Material, str]:
    """The posterior of a campaign, the polymer that it compares with, and what it speaks about.

    Raises InputError where it has none, or is about something else than conductivity.
    """
    from autodisco.decide.judge import judged
    from autodisco.decide.objective import CONDUCTIVITY
    from autodisco.store import Store

    with Store.open_readonly(campaign_folder(name)) as store, store.snapshot():
        judge, reference = judged(store), store.polymer(store.get("reference_key") or "")
    if judge is None or reference is None:
        raise InputError(f"campaign {name}: it has no posterior (docs/campaigns.md, The judge), or no value yet")
    if judge.objective.column != CONDUCTIVITY.column:
        raise InputError(f"campaign {name}: it ranks by {judge.objective.name}; conductivities are estimated here")
    return judge.posterior, unit_of(reference.smiles), f"conductivity, {judge.words}"


def _values(path: Path) -> Values:
    """Repeat units in canonical form and conductivities (S/cm) of a table; rows without one are left out."""
    from autodisco.generator import read_dataset
    from autodisco.generator.dataset import reason_without_values

    rows = read_dataset(path)
    known = [(row.smiles, row.value) for row in rows if row.value is not None]
    if not known:
        classes = any(row.label for row in rows)
        why = "0 and 1 alone are read as classes" if classes else reason_without_values(path)
        raise InputError(f"{path}: no row has a conductivity in S/cm; {why}")
    return known


def _read_structures(smiles: Sequence[str], progress: Callable[[int], None] | None) -> None:
    """Fill the cache of structures, telling how far it is."""
    from autodisco.surrogate.structure import structure

    for number, text in enumerate(smiles, 1):
        structure(text)
        if progress and not number % 50:
            progress(number)
