"""Conductivity against temperature: Arrhenius and Vogel–Tammann–Fulcher fits, and their plot."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.quantities import quantity
from autodisco.errors import InputError
from autodisco.text import with_error

BOLTZMANN_EV = 8.617333e-5  # eV/K
KJ_PER_MOL_PER_EV = 96.48533
FALSE_ALARMS = 0.05


@dataclass(frozen=True)
class Arrhenius:
    """sigma = A exp(-E / kT): activation energy E in eV with its standard error, and log10 of A in S/cm."""

    activation_energy_ev: float
    activation_energy_ev_sem: float | None
    log10_prefactor: float

    @property
    def activation_energy_kj_per_mol(self) -> float:
        """E in kJ/mol."""
        return self.activation_energy_ev * KJ_PER_MOL_PER_EV

    @property
    def activation_energy_kj_per_mol_sem(self) -> float | None:
        """Standard error of E in kJ/mol."""
        error = self.activation_energy_ev_sem
        return None if error is None else error * KJ_PER_MOL_PER_EV

    def at(self, temperature_k: NDArray[np.float64]) -> NDArray[np.float64]:
        """Conductivity in S/cm."""
        return 10**self.log10_prefactor * np.exp(-self.activation_energy_ev / BOLTZMANN_EV / temperature_k)

    def told(self) -> str:
        """E with its error in eV and kJ/mol."""
        molar = with_error(self.activation_energy_ev, self.activation_energy_ev_sem, KJ_PER_MOL_PER_EV)
        return f"{with_error(self.activation_energy_ev, self.activation_energy_ev_sem)} eV ({molar} kJ/mol)"

    def to_dict(self) -> dict[str, float | None]:
        """For JSON, with units in the names."""
        return asdict(self) | {
            "activation_energy_kj_per_mol": self.activation_energy_kj_per_mol,
            "activation_energy_kj_per_mol_sem": self.activation_energy_kj_per_mol_sem,
        }


@dataclass(frozen=True)
class Vtf:
    """sigma = A exp(-B / (T - T0)): B and T0 in K with their standard errors, and log10 of A in S/cm.

    An error is None where T0 is at the end of what is allowed, and where nothing tells the noise. `p_arrhenius` is the
    probability that values of an Arrhenius law are described this much better by a VTF law (`vtf`).
    """

    b_k: float
    t0_k: float
    log10_prefactor: float
    b_k_sem: float | None = None
    t0_k_sem: float | None = None
    p_arrhenius: float = 1.0

    @property
    def is_bent(self) -> bool:
        """Whether values of an Arrhenius law would be described this much better in fewer than 5 % of the cases."""
        return self.t0_k_sem is not None and self.p_arrhenius < FALSE_ALARMS

    def at(self, temperature_k: NDArray[np.float64]) -> NDArray[np.float64]:
        """Conductivity in S/cm."""
        return 10**self.log10_prefactor * np.exp(-self.b_k / (temperature_k - self.t0_k))

    def told(self) -> str:
        """B and T0 with their errors, or that the curve is not needed."""
        if not self.is_bent:
            return "a VTF law does not describe the values better"
        return f"VTF: B {with_error(self.b_k, self.b_k_sem)} K, T0 {with_error(self.t0_k, self.t0_k_sem)} K"


def arrhenius(
    temperatures_k: Sequence[float], conductivities: Sequence[float], errors: Sequence[float | None] = ()
) -> Arrhenius:
    """Fit of ln sigma against 1/T, every temperature counting the same.

    Errors (S/cm) of a few builds are themselves uncertain, so that they would make bad weights: their mean square
    relative to the values is taken for all temperatures. Where they are not known the scatter about the line is; two
    temperatures without errors give none. Raises InputError for fewer than two different temperatures, or a
    conductivity that is not positive.
    """
    t, y, relative = _checked(temperatures_k, conductivities, errors)
    design = np.column_stack([np.ones_like(t), -1 / (BOLTZMANN_EV * t)])
    normal = np.linalg.inv(design.T @ design)
    intercept, energy = normal @ design.T @ y
    if relative is None:
        residual = y - design @ [intercept, energy]
        relative = np.sqrt(residual @ residual / (len(t) - 2)) if len(t) > 2 else np.nan
    error = float(relative * np.sqrt(normal[1, 1]))
    return Arrhenius(float(energy), error if np.isfinite(error) else None, float(intercept / np.log(10)))


def vtf(
    temperatures_k: Sequence[float],
    conductivities: Sequence[float],
    errors: Sequence[float | None] = (),
    degrees: int = 0,
) -> Vtf | None:
    """Fit of ln sigma against 1/(T - T0); None where it does not converge or there are fewer than four temperatures.

    The law holds the Arrhenius law (T0 = 0). Whether it is needed is tested with Student's t, one-sided, as T0 cannot
    be below 0: t² is the decrease of the sum of squares of ln sigma by T0 over the variance of a point. This
    variance is pooled from the errors and the scatter about the curve; the larger one counts where `degrees` is 0.

    Parameters
    ----------
    errors : used as by `arrhenius`
    degrees : of freedom of the errors, that is replicas less one, summed over the temperatures; 0 if they are not those
        of replicas

    Raises
    ------
    InputError
        As `arrhenius` does.
    """
    t, y, relative = _checked(temperatures_k, conductivities, errors)
    if len(set(t)) < 4:
        return None
    from scipy.optimize import curve_fit

    line = arrhenius(temperatures_k, conductivities)
    most = t.min() - 1.0
    start = (line.log10_prefactor * np.log(10), line.activation_energy_ev / BOLTZMANN_EV / 3, 0.6 * t.min())
    try:
        (a, b, t0), covariance = curve_fit(
            lambda x, a, b, t0: a - b / (x - t0),
            t,
            y,
            p0=start,
            sigma=None if relative is None else np.full(len(t), relative),
            absolute_sigma=relative is not None,
            bounds=([-np.inf, 0.0, 0.0], [np.inf, np.inf, most]),
            maxfev=20_000,
        )
    except (RuntimeError, ValueError):
        return None
    inside = 1.0 < t0 < most - 1.0 and np.isfinite(covariance).all()
    b_error, t0_error = (float(np.sqrt(covariance[k, k])) if inside else None for k in (1, 2))
    straight = float(((y - np.log(line.at(t))) ** 2).sum())
    chance = _p_arrhenius(straight, float(((y - a + b / (t - t0)) ** 2).sum()), len(t) - 3, relative, degrees)
    return Vtf(float(b), float(t0), float(a / np.log(10)), b_error, t0_error, chance)


def _p_arrhenius(straight: float, bent: float, left: int, relative: float | None, degrees: int) -> float:
    """Probability of such a decrease of the sum of squares, from `straight` to `bent`, if the Arrhenius law holds.

    `left` are the degrees of freedom of the scatter about the curve, `relative` is the error of a point.
    """
    from scipy.special import stdtr

    scatter = bent / left
    if relative is None:
        variance, of = scatter, left
    elif degrees:
        variance, of = (degrees * relative**2 + bent) / (degrees + left), degrees + left
    else:
        variance, of = max(scatter, relative**2), left
    t = np.sqrt(max(straight - bent, 0.0) / max(variance, np.finfo(float).tiny))
    return float(stdtr(of, -t))


def _checked(
    temperatures_k: Sequence[float], conductivities: Sequence[float], errors: Sequence[float | None]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float | None]:
    """Temperatures, logarithms of conductivities and, where all errors are known, the mean error of those."""
    t, sigma = np.asarray(temperatures_k, dtype=float), np.asarray(conductivities, dtype=float)
    if len(set(t.tolist())) < 2:
        raise InputError(f"{len(set(t.tolist()))} different temperatures; a fit needs at least 2")
    if not (sigma > 0).all():
        raise InputError("a fit over temperature needs conductivities above zero; leave the others out")
    known = [error for error in errors if error]
    relative = float(np.sqrt(np.mean((np.array(known) / sigma) ** 2))) if len(known) == len(t) else None
    return t, np.log(sigma), relative


def plot(
    temperatures_k: Sequence[float],
    conductivities: Sequence[float],
    errors: Sequence[float | None],
    title: str,
    file: Path,
) -> None:
    """Conductivities against 1000/T with the fits, as PNG or PDF by the ending of `file`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.8), layout="constrained")
    axes, unit = figure.add_subplot(), quantity("conductivity_s_per_cm").unit
    t = np.asarray(temperatures_k, dtype=float)
    axes.errorbar(
        1000 / t, conductivities, yerr=[error or 0.0 for error in errors], fmt="o", color="#0072b2", capsize=3
    )
    fine = np.linspace(t.min(), t.max(), 200)
    line = arrhenius(temperatures_k, conductivities, errors)
    error = "" if line.activation_energy_ev_sem is None else f" ± {line.activation_energy_ev_sem:.2f}"
    label = f"Arrhenius, {line.activation_energy_ev:.2f}{error} eV"
    axes.plot(1000 / fine, line.at(fine), color="#d55e00", lw=1.4, label=label)
    if (curve := vtf(temperatures_k, conductivities)) and curve.is_bent:
        label = f"VTF, B {curve.b_k:.0f} K, T₀ {curve.t0_k:.0f} K"
        axes.plot(1000 / fine, curve.at(fine), color="#009e73", lw=1.4, ls="--", label=label)
    axes.set(yscale="log", xlabel="1000 / T (1/K)", ylabel=f"conductivity ({unit})", title=title)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(file, dpi=200)
