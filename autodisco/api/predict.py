"""Conductivities of repeat units without a simulation: from the prior mean, tables of values, or a campaign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.api.locate import campaign_folder
from autodisco.api.predict_tables import (
    Learnt,
    Values,
    ValueTable,
    far_from_own,
    learnt,
    offsets,
    read_values,
    warnings_of,
)
from autodisco.api.table import Table
from autodisco.errors import InputError
from autodisco.tables import csv_text

if TYPE_CHECKING:
    from autodisco.polymer import Material
    from autodisco.surrogate import ConductivityEstimate, FarOff, Label, Posterior


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
    learnt : values of the tables beside the predictions without the tables and with them
    offsets : how far each source of the tables lies above the target, in decades, by name
    notes : sentences about what the estimates are
    warnings : sentences about the tables
    far_from_own : sentences about values of the tables that are far from the prediction of their own polymer
    """

    estimates: list[ConductivityEstimate]
    reference: ConductivityEstimate
    about: str
    tables: Mapping[str, Values]
    far_off: list[FarOff]
    learnt: list[Learnt] = field(default_factory=list)
    offsets: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    far_from_own: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """A row for each repeat unit, in their order.

        ``name`` where there are names, ``monomer_smiles``, ``conductivity_s_per_cm`` with the ends ``low_s_per_cm`` and
        ``high_s_per_cm`` of the interval that holds 90 %, ``p_better`` (chance to be better than the reference),
        ``against_reference`` (ratio to the reference) with the ends ``_low`` and ``_high`` of its interval,
        ``decades_from.…`` (how far each source moved the value), ``same_as`` (an earlier row that is the same polymer)
        and ``caveats``.
        """
        named = any(one.name for one in self.estimates)
        return Table(
            {
                **({"name": one.name} if named else {}),
                "monomer_smiles": one.smiles,
                "conductivity_s_per_cm": one.value,
                "low_s_per_cm": one.low,
                "high_s_per_cm": one.high,
                "p_better": one.p_better,
                "against_reference": one.against_reference[0],
                "against_reference_low": one.against_reference[1],
                "against_reference_high": one.against_reference[2],
                "decades_from": dict(list(one.contributions.items())[1:]),
                "key": one.key,
                "same_as": one.same_as,
                "caveats": "; ".join(f"{caveat.name}: {caveat.reason}" for caveat in one.caveats),
            }
            for one in self.estimates
        )

    @property
    def ranked(self) -> list[ConductivityEstimate]:
        """The estimates, best first."""
        return sorted(self.estimates, key=lambda one: -one.value)

    def measured_of(self, one: ConductivityEstimate) -> list[Learnt]:
        """The values of the tables for the polymer of an estimate."""
        return [row for row in self.learnt if row.key == one.key]

    def as_csv(self) -> str:
        """`table` as text, best first, with six significant digits: without ``decades_from.…``, which JSON has; with
        the first value of the tables for each polymer, and with a column on how far the numbers can be trusted."""
        rows = []
        for one, row in sorted(zip(self.estimates, self.table, strict=True), key=lambda pair: -pair[0].value):
            cells = {name: cell for name, cell in row.items() if not name.startswith("decades_from")}
            if self.learnt:
                cells |= _measured_cells(self.measured_of(one))
            rows.append(cells | {"trust": " ".join(self.notes)})
        return csv_text(rows)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The estimates for JSON; with tables, each has the values of its polymer as ``measured``."""
        return [
            one.to_dict() | ({"measured": [row.to_dict() for row in self.measured_of(one)]} if self.learnt else {})
            for one in self.estimates
        ]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "about": self.about,
            "reference": self.reference.to_dict(),
            "estimates": self.rows,
        }


def _measured_cells(found: Sequence[Learnt]) -> dict[str, Any]:
    """Cells of a CSV row about the first value of a polymer; empty without one."""
    names = ("source", "as_stated_ms_per_cm", "conditions", "s_per_cm", "temperature_k")
    one = found[0] if found else None
    kelvin = one.stated.temperature_k if one and one.stated else None
    cells = (one.source, one.typed, one.conditions, one.measured, kelvin) if one else ("",) * len(names)
    return {f"measured_{name}": cell for name, cell in zip(names, cells, strict=True)}


def predict(
    smiles: str | Sequence[str | Material],
    data: Sequence[str | Path] = (),
    *,
    campaign: str | Path | None = None,
    reference: str | None = None,
    prior_mean: bool = True,
    names: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
) -> Predictions:
    """Conductivities expected at 353 K in the reference protocol, with intervals; docs/surrogate.md says their worth.

    Parameters
    ----------
    smiles : a repeat unit, or several; also texts of materials
    data : tables to learn from, each with a column ``conductivity`` in S/cm, or with measured values and their
        conditions (docs/measurements.md)
    campaign : name or folder of a campaign, by all of whose values the estimates are then made
    reference : the polymer to compare with; by default that of the campaign, or ``*OCC*``
    prior_mean : start from what HTP-MD's table says of structures; without it, the first table is the target
    names : what the repeat units are called, one for each; by default common names
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
    if campaign and (data or not prior_mean):
        raise InputError("a campaign says itself what it learns from; leave out data and prior_mean")
    given = [smiles] if isinstance(smiles, str) else smiles
    units = [unit_of(one) if isinstance(one, str) else one for one in given]
    if not units:
        raise InputError("no repeat unit to estimate; give one or more, such as *OCC*")
    tables = {str(file): read_values(str(file)) for file in data}
    labelled = [labelled for table in tables.values() for labelled, _ in table.values]
    _read_structures([*(unit.smiles for unit in units), *labelled], progress)
    if campaign:
        posterior, compared, about = _of_campaign(campaign)
    else:
        posterior, compared = _fitted(tables, prior_mean), unit_of("*OCC*")
        about = f"conductivity at {posterior.target}"
    before = _fitted({}, True) if tables and prior_mean else None
    return _predictions(posterior, before, units, names, unit_of(reference) if reference else compared, about, tables)


def _predictions(
    posterior: Posterior,
    before: Posterior | None,
    units: Sequence[Material],
    names: Sequence[str],
    compared: Material,
    about: str,
    tables: Mapping[str, ValueTable],
) -> Predictions:
    """What a posterior says of repeat units, and what was learnt from tables since the one `before`."""
    from autodisco.decide.sources import REFERENCE
    from autodisco.polymer.caveats import MELTING, what_it_is
    from autodisco.surrogate import TARGET, estimates, far_off

    (at,) = _named(estimates(posterior, [compared], compared), ())
    far = far_off(posterior, _labels(tables)) if tables else []
    told = {(one.source, one.smiles) for one in far}
    known, found_offsets = learnt(tables, before, posterior, compared), offsets(tables, posterior)
    return Predictions(
        _named(estimates(posterior, units, compared), names),
        at,
        about,
        {path: table.values for path, table in tables.items()},
        far,
        known,
        found_offsets,
        what_it_is() if posterior.target in (TARGET, REFERENCE) else (MELTING,),
        tuple(line for path, table in tables.items() for line in warnings_of(path, table)),
        tuple(far_from_own([row for row in known if (row.source, row.smiles) not in told], found_offsets)),
    )


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
    return judge.posterior, unit_of(reference.given), f"conductivity, {judge.words}"


def _fitted(tables: Mapping[str, ValueTable], prior_mean: bool) -> Posterior:
    """The posterior of the tables. Raises InputError where neither they nor a prior mean say what the target is."""
    from autodisco.surrogate import from_tables

    plain = {path: table.values for path, table in tables.items() if table.sources is None}
    if tables and not plain and not prior_mean:
        raise InputError("without the prior mean, a table with a column conductivity is needed, which is the target")
    return from_tables(plain, prior_mean, [pair for table in tables.values() for pair in table.sources or ()])


def _labels(tables: Mapping[str, ValueTable]) -> list[Label]:
    """The labels of `_fitted`, in their order."""
    from autodisco.surrogate import labels_of

    plain = {path: table.values for path, table in tables.items() if table.sources is None}
    return [
        *labels_of(plain),
        *(label for table in tables.values() for _, labels in table.sources or () for label in labels),
    ]


def _named(found: list[ConductivityEstimate], names: Sequence[str]) -> list[ConductivityEstimate]:
    """Estimates with the given names, otherwise common ones; those of a polymer that an earlier one is are marked."""
    from autodisco.names import short_name

    first: dict[str, str] = {}
    named = []
    for one, given in zip(found, names or [""] * len(found), strict=True):
        name = given or short_name(one.key)
        same = first.get(one.key, "")
        first.setdefault(one.key, name or one.smiles)
        named.append(replace(one, name=name, same_as=same))
    return named


def _read_structures(smiles: Sequence[str], progress: Callable[[int], None] | None) -> None:
    """Fill the cache of structures, telling how far it is."""
    from autodisco.surrogate.structure import structure

    for number, text in enumerate(smiles, 1):
        structure(text)
        if progress and not number % 50:
            progress(number)
