"""The conventions of the HTP-MD database, kept apart so that values compare with it digit by digit.

They are not a recommendation: the diffusivity uses one time origin and includes the ballistic part, and the cut at
nine ions loses the charge of larger clusters.
"""

import numpy as np

from autodisco.analysis.observe import Displacements, Observations
from autodisco.analysis.properties import TransportProperties
from autodisco.analysis.structure import density, free_cations, molality, population_table, remarks
from autodisco.errors import InputError
from autodisco_kernels import CM2_PER_S_PER_A2_PER_PS, Units, cluster_nernst_einstein, nernst_einstein

UNITS = Units(e=1.6021766209e-19, k_boltzmann=1.38064852e-23)
LARGEST = 9


def transport_properties(seen: Observations) -> TransportProperties:
    """Transport properties as HTP-MD defines them, drift removed.

    End-to-end displacement over 6 t for diffusivities; clusters up to nine cations and nine anions; charges ±1;
    the volume in single precision; its values of e and k. No errors are given, as there.

    Raises InputError for fewer than two frames, a box that changes or is not orthorhombic, or several salts.
    """
    t, source = seen.trajectory, seen.trajectory.source
    if seen.n_frames < 2:
        raise InputError(f"{source}: {seen.n_frames} frame; HTP-MD's diffusivity needs two")
    if len(t.who.species) != 2:
        raise InputError(f"{source}: {len(t.who.species)} kinds of ions; HTP-MD's conventions know one salt")
    edges = np.diagonal(seen.cell)
    if not seen.constant_cell or (seen.cell != np.diag(edges)).any():
        raise InputError(f"{source}: HTP-MD's conventions need a constant orthorhombic box; use the default mode")
    volume = float(np.prod(edges.astype(np.float32)))

    def diffusivity(moved: Displacements) -> float:
        return moved.end_to_end / (6 * seen.length_ps) * CM2_PER_S_PER_A2_PER_PS

    d_cation, d_anion = (diffusivity(moved) for moved in seen.displacements)
    n_cations, n_anions = (kind.n for kind in t.who.species)
    moving = n_cations * d_cation + n_anions * d_anion
    sigma, shares = cluster_nernst_einstein(
        seen.population, (1, -1), (d_cation, d_anion), volume, t.temperature_k, LARGEST, UNITS
    )
    return TransportProperties(
        mode="htp-md",
        monomer_smiles=t.monomer_smiles,
        temperature_k=t.temperature_k,
        frames=seen.n_frames,
        length_ns=seen.length_ps / 1000,
        conductivity_s_per_cm=sigma,
        conductivity_ne_s_per_cm=nernst_einstein(
            [(n_cations, 1, d_cation), (n_anions, -1, d_anion)], volume, t.temperature_k, UNITS
        ),
        transference_number=None if shares is None else float(shares[0]),
        transference_number_ne=n_cations * d_cation / moving if moving > 0 else None,
        cation_diffusivity_cm2_per_s=d_cation,
        anion_diffusivity_cm2_per_s=d_anion,
        polymer_diffusivity_cm2_per_s=diffusivity(seen.matrix) if seen.matrix else None,
        free_cation_fraction=free_cations(seen.population, seen),
        li_polymer_coordination=float(seen.to_matrix.numbers.mean()) if seen.to_matrix else 0.0,
        li_anion_coordination=float(seen.to_anions.numbers.mean()),
        density_g_per_cm3=density(seen, volume),
        concentration_actual_molal=molality(seen),
        cluster_population=population_table(seen.population),
        warnings=tuple(remarks(seen)),
    )
