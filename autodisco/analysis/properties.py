"""What an analysis hands back: one flat record whose names are the columns, JSON keys and attributes everywhere.

Kept free of heavy imports, so that the store and the command line can read results without loading the kernels.
"""

import math
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TransportProperties:
    """Transport properties of one trajectory; None where a quantity or its error is undefined.

    An error (`_sem`) describes this trajectory alone: the fit and the spread over groups of ions for diffusivities, the
    change in time for populations, coordination and density (None where too few independent values are left), the fit
    and the three axes for collective quantities. It does not hold what differs between independent builds, which is
    usually more; see `autodisco.analysis.combine`.

    Attributes
    ----------
    mode : ``default`` or ``htp-md``, the conventions the numbers follow
    monomer_smiles : repeat unit with two ``*``, as given with the trajectory
    temperature_k, frames, length_ns : of the trajectory
    conductivity_s_per_cm : cluster Nernst–Einstein
    conductivity_ne_s_per_cm : Nernst–Einstein
    conductivity_einstein_s_per_cm : from the collective displacement of charge; noise can make it negative
    onsager_cation_cation_s_per_cm, onsager_cation_anion_s_per_cm, onsager_anion_anion_s_per_cm :
        elements ``z_i z_j e² L_ij`` of the Onsager matrix; the Einstein conductivity is ++ plus twice +- plus --
    haven_ratio, ionicity : Nernst–Einstein over Einstein conductivity, and the inverse; the first None where the
        Einstein conductivity is not above its error
    transference_number, transference_number_ne, transference_number_einstein :
        of the cations, by clusters, by independent ions and by Onsager coefficients; None without any conductivity,
        the last also where that is not above its error, or where the file holds nothing but ions
    cation_diffusivity_cm2_per_s, anion_diffusivity_cm2_per_s : self-diffusivities about the centre of mass
    polymer_diffusivity_cm2_per_s : of the coordinating atoms of the chains, or of all heavy atoms where there are none
    diffusive_exponent_cation, diffusive_exponent_anion : log–log slope of the displacement over the fitted lags
    free_cation_fraction : share of cations without a coordinating anion atom within the cluster cutoff
    li_polymer_coordination, li_anion_coordination : such atoms within the coordination cutoff of a cation
    li_polymer_oxygen_coordination, li_polymer_nitrogen_coordination, li_polymer_sulfur_coordination : the atoms of the
        polymer among these by element; None where it holds none of them
    radius_of_gyration_angstrom : root of the mean square over chains and frames; of replicas, which know their chains
    cation_polymer_residence_ps : time after which 1/e of the contacts within that cutoff are there (again), beyond the
        share that is there at any time
    ion_pair_residence_ps : the same of cations and anions within the cluster cutoff
    ion_pair_lifetime_ps, cluster_lifetime_ps : time after which 1/e of the pairs, of the clusters of two ions and
        more, are unbroken and unchanged. Times are None where half the run is too short to see them, and then half the
        run is the bound ``_at_least``; or where the time between frames is too long
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
    conductivity_einstein_s_per_cm_sem: float | None = None
    onsager_cation_cation_s_per_cm: float | None = None
    onsager_cation_cation_s_per_cm_sem: float | None = None
    onsager_cation_anion_s_per_cm: float | None = None
    onsager_cation_anion_s_per_cm_sem: float | None = None
    onsager_anion_anion_s_per_cm: float | None = None
    onsager_anion_anion_s_per_cm_sem: float | None = None
    haven_ratio: float | None = None
    haven_ratio_sem: float | None = None
    ionicity: float | None = None
    ionicity_sem: float | None = None
    transference_number: float | None
    transference_number_sem: float | None = None
    transference_number_ne: float | None
    transference_number_ne_sem: float | None = None
    transference_number_einstein: float | None = None
    transference_number_einstein_sem: float | None = None
    cation_diffusivity_cm2_per_s: float
    cation_diffusivity_cm2_per_s_sem: float | None = None
    anion_diffusivity_cm2_per_s: float
    anion_diffusivity_cm2_per_s_sem: float | None = None
    polymer_diffusivity_cm2_per_s: float | None
    polymer_diffusivity_cm2_per_s_sem: float | None = None
    diffusive_exponent_cation: float | None = None
    diffusive_exponent_cation_sem: float | None = None
    diffusive_exponent_anion: float | None = None
    diffusive_exponent_anion_sem: float | None = None
    free_cation_fraction: float
    free_cation_fraction_sem: float | None = None
    li_polymer_coordination: float
    li_polymer_coordination_sem: float | None = None
    li_polymer_oxygen_coordination: float | None = None
    li_polymer_oxygen_coordination_sem: float | None = None
    li_polymer_nitrogen_coordination: float | None = None
    li_polymer_nitrogen_coordination_sem: float | None = None
    li_polymer_sulfur_coordination: float | None = None
    li_polymer_sulfur_coordination_sem: float | None = None
    li_anion_coordination: float
    li_anion_coordination_sem: float | None = None
    cation_polymer_residence_ps: float | None = None
    cation_polymer_residence_ps_sem: float | None = None
    cation_polymer_residence_ps_at_least: float | None = None
    ion_pair_residence_ps: float | None = None
    ion_pair_residence_ps_sem: float | None = None
    ion_pair_residence_ps_at_least: float | None = None
    ion_pair_lifetime_ps: float | None = None
    ion_pair_lifetime_ps_sem: float | None = None
    ion_pair_lifetime_ps_at_least: float | None = None
    cluster_lifetime_ps: float | None = None
    cluster_lifetime_ps_sem: float | None = None
    cluster_lifetime_ps_at_least: float | None = None
    radius_of_gyration_angstrom: float | None = None
    radius_of_gyration_angstrom_sem: float | None = None
    density_g_per_cm3: float
    density_g_per_cm3_sem: float | None = None
    concentration_actual_molal: float | None
    cluster_population: dict[str, float]
    cluster_population_sem: dict[str, float | None] | None = None
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
