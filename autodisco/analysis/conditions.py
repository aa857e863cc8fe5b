"""One polymer at several molalities and temperatures: its conductivities, fits over both, a table and a plot."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from autodisco.analysis.concentration import SaltCurve, salt_curve
from autodisco.analysis.means import mean
from autodisco.analysis.plots import COLOURS, GREY, HEIGHT, WIDTH
from autodisco.analysis.quantities import quantity
from autodisco.analysis.temperatures import Arrhenius, Vtf, arrhenius, vtf
from autodisco.errors import InputError
from autodisco.text import with_error

SIGMA = "conductivity_s_per_cm"


@dataclass(frozen=True)
class Condition:
    """The replicas of one polymer at one molality and one temperature.

    Attributes
    ----------
    molality_mol_per_kg, temperature_k : as asked for
    ion_pairs : formula units of salt in a box
    conductivities : of each replica that has one, S/cm
    in_box_mol_per_kg : molality of the boxes, which hold whole molecules; the one asked for without replicas
    """

    molality_mol_per_kg: float
    temperature_k: float
    ion_pairs: int
    conductivities: tuple[float, ...]
    in_box_mol_per_kg: float

    @property
    def resolved(self) -> bool | None:
        """Whether ions moved in a build, so that the conductivity is above zero; None without a build."""
        return any(self.conductivities) if self.conductivities else None

    def to_dict(self) -> dict[str, Any]:
        """For JSON and CSV, with units in the names."""
        value, error = mean(self.conductivities) if self.conductivities else (None, None)
        return {
            "molality_mol_per_kg": self.molality_mol_per_kg,
            "molality_in_box_mol_per_kg": self.in_box_mol_per_kg,
            "temperature_k": self.temperature_k,
            "ion_pairs": self.ion_pairs,
            SIGMA: value,
            f"{SIGMA}_sem": error,
            "n_replicas": len(self.conductivities),
            "resolved": self.resolved,
        }


@dataclass(frozen=True)
class OverSalt:
    """The fit over molality at one temperature, or None with the reason.

    `left_out` are molalities (mol/kg, as asked for) at which builds ran and no ion moved: they have no logarithm.
    """

    temperature_k: float
    curve: SaltCurve | None
    reason: str | None
    left_out: tuple[float, ...] = ()

    def told(self) -> str:
        """In a sentence."""
        fit = self.curve.told() if self.curve else f"no fit over molality: {self.reason}"
        still = f"; left out, because no ion moved: {', '.join(f'{m:g}' for m in self.left_out)} mol/kg"
        return f"{self.temperature_k:g} K: {fit}{still if self.left_out else ''}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "temperature_k": self.temperature_k,
            "reason": self.reason,
            "left_out_mol_per_kg": self.left_out,
            **(self.curve.to_dict() if self.curve else {}),
        }


@dataclass(frozen=True)
class OverTemperature:
    """The fits over temperature at one molality: an Arrhenius law, and a VTF law from four temperatures on."""

    molality_mol_per_kg: float
    line: Arrhenius | None
    curve: Vtf | None
    reason: str | None

    def told(self) -> str:
        """In a sentence."""
        if not self.line:
            return f"{self.molality_mol_per_kg:g} mol/kg: no activation energy: {self.reason}"
        bent = f"; {self.curve.told()}" if self.curve else ""
        return f"{self.molality_mol_per_kg:g} mol/kg: activation energy {self.line.told()}{bent}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with units in the names."""
        line = self.line.to_dict() if self.line else None
        return {
            "molality_mol_per_kg": self.molality_mol_per_kg, "reason": self.reason, "arrhenius": line,
            "vtf": asdict(self.curve) if self.curve else None,
        }  # fmt: skip


def over_salt(conditions: Sequence[Condition]) -> list[OverSalt]:
    """A fit over molality for each temperature; none of a single molality."""
    kelvins = sorted({one.temperature_k for one in conditions})
    if len({one.molality_mol_per_kg for one in conditions}) < 2:
        return []
    return [_over_salt(kelvin, [one for one in conditions if one.temperature_k == kelvin]) for kelvin in kelvins]


def over_temperature(conditions: Sequence[Condition]) -> list[OverTemperature]:
    """A fit over temperature for each molality; none of a single temperature."""
    molalities = sorted({one.molality_mol_per_kg for one in conditions})
    if len({one.temperature_k for one in conditions}) < 2:
        return []
    return [_over_temperature(m, [one for one in conditions if one.molality_mol_per_kg == m]) for m in molalities]


def as_csv(of_polymers: Mapping[str, Sequence[Condition]]) -> str:
    """A table with a header, one row for each condition of each polymer, which a generator can be trained on."""
    out = io.StringIO()
    rows = [{"monomer_smiles": name, **one.to_dict()} for name, several in of_polymers.items() for one in several]
    table = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue()


def plot(conditions: Sequence[Condition], title: str) -> bytes:
    """A PNG: conductivity against molality, and against temperature where there are several; conditions that are not
    resolved are left out."""
    from matplotlib.figure import Figure

    salts, kelvins = over_salt(conditions), over_temperature(conditions)
    panels = [name for name, fits in (("salt", salts), ("kelvin", kelvins)) if fits] or ["salt"]
    figure = Figure(figsize=(WIDTH * len(panels), HEIGHT), layout="constrained")
    for name, axes in zip(panels, np.atleast_1d(figure.subplots(1, len(panels))), strict=True):
        if name == "salt":
            _draw_salt(axes, conditions, salts)
        else:
            _draw_temperature(axes, conditions, kelvins)
        axes.set(yscale="log", ylabel=f"conductivity ({quantity(SIGMA).shown_unit})")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1))
    figure.suptitle(title, fontsize=10)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=200)
    return image.getvalue()


def _over_salt(kelvin: float, conditions: Sequence[Condition]) -> OverSalt:
    known = [one for one in conditions if any(one.conductivities)]
    still = tuple(one.molality_mol_per_kg for one in conditions if one.conductivities and not any(one.conductivities))
    try:
        found = salt_curve([one.in_box_mol_per_kg for one in known], [one.conductivities for one in known])
    except InputError as error:
        return OverSalt(kelvin, None, str(error), still)
    return OverSalt(kelvin, found, None, still)


def _over_temperature(molality: float, conditions: Sequence[Condition]) -> OverTemperature:
    known = [one for one in conditions if any(one.conductivities)]
    values = [mean(one.conductivities) for one in known]
    kelvins, sigmas = [one.temperature_k for one in known], [value for value, _ in values]
    errors, degrees = [error for _, error in values], sum(len(one.conductivities) - 1 for one in known)
    try:
        line = arrhenius(kelvins, sigmas, errors)
        return OverTemperature(molality, line, vtf(kelvins, sigmas, errors, degrees), None)
    except InputError as error:
        return OverTemperature(molality, None, None, str(error))


def _draw_points(axes: Any, x: Sequence[float], conditions: Sequence[Condition], colour: str, label: str) -> None:
    """Mean and standard error of each condition, and its replicas as small dots."""
    factor = quantity(SIGMA).factor
    for place, one in zip(x, conditions, strict=True):
        shown = [factor * value for value in one.conductivities]
        axes.plot([place] * len(shown), shown, ".", color=colour, alpha=0.35, ms=4)
    values = [mean(one.conductivities) for one in conditions]
    axes.errorbar(
        x, [factor * value for value, _ in values], yerr=[factor * (error or 0.0) for _, error in values], fmt="o",
        color=colour, capsize=3, label=label,
    )  # fmt: skip


def _draw_salt(axes: Any, conditions: Sequence[Condition], fits: Sequence[OverSalt]) -> None:
    for n, kelvin in enumerate(sorted({one.temperature_k for one in conditions})):
        colour = COLOURS[n % len(COLOURS)]
        here = [one for one in conditions if one.temperature_k == kelvin and any(one.conductivities)]
        found = next((fit.curve for fit in fits if fit.temperature_k == kelvin and fit.curve), None)
        label = f"{kelvin:g} K, {found.label}" if found else f"{kelvin:g} K"
        _draw_points(axes, [one.in_box_mol_per_kg for one in here], here, colour, label)
        if found is None:
            continue
        fine = np.linspace(found.least, found.most, 200)
        axes.plot(fine, quantity(SIGMA).factor * found.at(fine), color=colour, lw=1.4)
        if found.verdict == "maximum":
            axes.axvspan(*found.interval, color=colour, alpha=0.12, lw=0)
    axes.set(xlabel="salt (mol per kg of polymer)")


def _draw_temperature(axes: Any, conditions: Sequence[Condition], fits: Sequence[OverTemperature]) -> None:
    for n, fit in enumerate(fits):
        colour = COLOURS[n % len(COLOURS)]
        here = [
            one for one in conditions if one.molality_mol_per_kg == fit.molality_mol_per_kg and any(one.conductivities)
        ]
        label = f"{fit.molality_mol_per_kg:g} mol/kg"
        if fit.line:
            label += f", {with_error(fit.line.activation_energy_ev, fit.line.activation_energy_ev_sem)} eV"
        _draw_points(axes, [1000 / one.temperature_k for one in here], here, colour, label)
        if not fit.line:
            continue
        kelvins = [one.temperature_k for one in here]
        fine = np.linspace(min(kelvins), max(kelvins), 200)
        axes.plot(1000 / fine, quantity(SIGMA).factor * fit.line.at(fine), color=colour, lw=1.4)
        if fit.curve:
            axes.plot(1000 / fine, quantity(SIGMA).factor * fit.curve.at(fine), color=GREY, lw=1.2, ls="--")
    axes.set(xlabel="1000 / T (1/K)")
