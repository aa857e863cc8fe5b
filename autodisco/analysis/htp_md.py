"""The conventions of the HTP-MD database, kept apart so that values compare with it digit by digit.

They are not a recommendation: the diffusivity uses one time origin and includes the ballistic part, and the cut at
nine ions loses the charge of larger clusters.
"""

import numpy as np

from autodisco.analysis.conductivity import (
    CM2_PER_S_PER_A2_PER_PS,
    Units,
    cluster_nernst_einstein,
    density,
    nernst_einstein,
)
from autodisco.analysis.properties import TransportProperties
from autodisco.analysis.structure import free_cations, population_table, structure
from autodisco.analysis.trajectory import Floats, IonTrajectory
from autodisco.errors import InputError
from autodisco_kernels import end_to_end_msd

UNITS = Units(e=1.6021766209e-19, k_boltzmann=1.38064852e-23)
LARGEST = 9


def analyze(trajectory: IonTrajectory) -> TransportProperties:
    """Transport properties as HTP-MD defines them, drift removed.

    End-to-end displacement over 6 t for diffusivities; clusters up to nine cations and nine anions; charges ±1;
    the volume in single precision; its values of e and k. No errors are given, as there.

    Raises InputError for fewer than two frames or a box that changes or is not orthorhombic.
    """
    t = trajectory
    if t.n_frames < 2:
        raise InputError(f"{t.source}: {t.n_frames} frame; HTP-MD's diffusivity needs two")
    edges = np.diagonal(t.cells[0])
    if (t.cells != np.diag(edges)).any():
        raise InputError(f"{t.source}: HTP-MD's conventions need a constant orthorhombic box; use the default mode")
    volume = float(np.prod(edges.astype(np.float32)))

    def diffusivity(positions: Floats) -> float:
        return end_to_end_msd(positions) / (6 * t.length_ps) * CM2_PER_S_PER_A2_PER_PS

    d_cation, d_anion = diffusivity(t.cations), diffusivity(t.anions)
    n_cations, n_anions = t.cations.shape[1], t.anions.shape[1]
    moving = n_cations * d_cation + n_anions * d_anion
    found = structure(t)
    sigma, transference = cluster_nernst_einstein(
        found.population, (1, -1), (d_cation, d_anion), volume, t.temperature_k, LARGEST, UNITS
    )
    return TransportProperties(
        mode="htp-md",
        monomer_smiles=t.monomer_smiles,
        temperature_k=t.temperature_k,
        frames=t.n_frames,
        length_ns=t.length_ps / 1000,
        conductivity_s_per_cm=sigma,
        conductivity_ne_s_per_cm=nernst_einstein(
            [(n_cations, 1, d_cation), (n_anions, -1, d_anion)], volume, t.temperature_k, UNITS
        ),
        transference_number=transference,
        transference_number_ne=n_cations * d_cation / moving if moving > 0 else None,
        cation_diffusivity_cm2_per_s=d_cation,
        anion_diffusivity_cm2_per_s=d_anion,
        polymer_diffusivity_cm2_per_s=diffusivity(t.polymer_atoms) if t.polymer_atoms.shape[1] else None,
        free_cation_fraction=free_cations(found.population, n_cations),
        li_polymer_coordination=found.polymer_coordination,
        li_anion_coordination=found.anion_coordination,
        density_g_per_cm3=density(t.mass_g_per_mol, volume),
        concentration_actual_molal=t.concentration_molal,
        cluster_population=population_table(found.population),
    )
