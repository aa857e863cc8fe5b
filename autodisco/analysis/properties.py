"""What an analysis hands back: one flat record whose names are the columns, JSON keys and attributes everywhere.

Kept free of heavy imports, so that the store and the command line can read results without loading the kernels.
"""

import math
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TransportProperties:
    """Transport properties of one trajectory; None where a quantity or its error is undefined.

    An error (`_sem`) describes this trajectory alone: the spread over ions for diffusivities and over blocks of time
    for cluster populations. It does not hold what differs between independent builds, which is usually more;
    see `autodisco.analysis.combine`.

    Attributes
    ----------
    mode : ``default`` or ``htp-md``, the conventions the numbers follow
    monomer_smiles : repeat unit with two ``*``, as given with the trajectory
    temperature_k, frames, length_ns : of the trajectory
    conductivity_s_per_cm : cluster Nernst–Einstein
    conductivity_ne_s_per_cm : Nernst–Einstein
    conductivity_einstein_s_per_cm : from the collective displacement of charge
    transference_number, transference_number_ne : of the cation, None without any conductivity
    cation_diffusivity_cm2_per_s, anion_diffusivity_cm2_per_s : self-diffusivities about the centre of mass
    polymer_diffusivity_cm2_per_s : of the N, O, S, P atoms of the chains, or of all heavy atoms where there are none
    diffusive_exponent_cation, diffusive_exponent_anion : log–log slope of the displacement over the fitted lags
    free_cation_fraction : share of cations without a coordinating anion atom within the cluster cutoff
    li_polymer_coordination, li_anion_coordination : polymer heteroatoms and anion atoms within 2.8 Å of a cation
    density_g_per_cm3, concentration_actual_molal : of the whole box; salt in mol per kg of polymer
    cluster_population : ``"i,j"`` to the mean number per frame of clusters of i cations and j anions
    warnings : sentences for a person, empty when nothing is odd
    """

    mode: str
    monomer_smiles: str
    temperature_k: float
    frames: int
    length_ns: float
    conductivity_s_per_cm: float
    conductivity_s_per_cm_sem: float | None = None
    conductivity_ne_s_per_cm: float
    conductivity_ne_s_per_cm_sem: float | None = None
    conductivity_einstein_s_per_cm: float | None = None
    transference_number: float | None
    transference_number_sem: float | None = None
    transference_number_ne: float | None
    cation_diffusivity_cm2_per_s: float
    cation_diffusivity_cm2_per_s_sem: float | None = None
    anion_diffusivity_cm2_per_s: float
    anion_diffusivity_cm2_per_s_sem: float | None = None
    polymer_diffusivity_cm2_per_s: float | None
    diffusive_exponent_cation: float | None = None
    diffusive_exponent_anion: float | None = None
    free_cation_fraction: float
    free_cation_fraction_sem: float | None = None
    li_polymer_coordination: float
    li_anion_coordination: float
    density_g_per_cm3: float
    concentration_actual_molal: float
    cluster_population: dict[str, float]
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON, in the order above; a number that is not finite becomes None."""
        record: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                value = list(value)
            elif isinstance(value, float) and not math.isfinite(value):
                value = None
            record[field.name] = value
        return record
