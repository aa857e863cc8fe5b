"""What a box without ions has to say: its density and the shape of its chains."""

from collections.abc import Callable

import numpy as np

from autodisco.analysis.observe import squared_radii
from autodisco.analysis.properties import TransportProperties
from autodisco.analysis.statistics import series_error
from autodisco.analysis.structure import densities
from autodisco.analysis.trajectory import Trajectory
from autodisco.analysis.transport import root_mean
from autodisco.errors import InputError

FRAMES_AT_ONCE = 100


def neat_properties(trajectory: Trajectory, progress: Callable[[int], None] | None = None) -> TransportProperties:
    """Density and radius of gyration with their errors; everything about ions is None.

    Raises InputError for a trajectory without frames.
    """
    who, volumes, radii, n_frames = trajectory.who, [], [], 0
    for chunk in trajectory.chunks(FRAMES_AT_ONCE):
        n_frames += len(chunk.positions)
        volumes.append(np.abs(np.linalg.det(chunk.cells)))
        if who.chains:
            radii.append(squared_radii(chunk.positions, who.masses, who.chains))
        if progress:
            progress(n_frames)
    if not n_frames:
        raise InputError(f"{trajectory.source}: holds no frame")
    series = densities(who.masses, np.concatenate(volumes))
    moved = bool(np.ptp(series))
    return TransportProperties(
        mode="default",
        monomer_smiles=trajectory.monomer_smiles,
        temperature_k=trajectory.temperature_k,
        frames=n_frames,
        length_ns=(n_frames - 1) * trajectory.frame_interval_ps / 1000,
        conductivity_s_per_cm=None,
        conductivity_ne_s_per_cm=None,
        transference_number=None,
        transference_number_ne=None,
        cation_diffusivity_cm2_per_s=None,
        anion_diffusivity_cm2_per_s=None,
        polymer_diffusivity_cm2_per_s=None,
        free_cation_fraction=None,
        li_polymer_coordination=None,
        li_anion_coordination=None,
        density_g_per_cm3=float(series.mean()),
        density_g_per_cm3_sem=series_error(series) if moved else None,
        concentration_actual_molal=0.0,
        cluster_population={},
        **(root_mean("radius_of_gyration_angstrom", np.concatenate(radii)) if radii else {}),
    )
