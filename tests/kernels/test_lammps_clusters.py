"""Clusters of a real trajectory against LAMMPS, which knows nothing of this program."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from autodisco_kernels import LammpsDump, ion_clusters

CUTOFF = 3.4
LI, IN_TFSI = 90, (93, 94, 95)


def test_clusters_of_a_real_trajectory_are_those_of_lammps(reference, tmp_path):
    """compute cluster/atom joins any two atoms, so that every atom is an ion of its own here."""
    source = reference / "htp_md" / "9-0-246295613-0" / "traj.lammpstrj"
    with open(source, "rb") as stream:
        frames = list(LammpsDump(stream, ["type", "x", "y", "z"]))
    kept = np.isin(frames[0].values[:, 0], [LI, *IN_TFSI])
    edges = np.diagonal(frames[0].cell)
    x = np.array([frame.values[kept, 1:] for frame in frames])
    n = int(kept.sum())
    assert n == 400
    head = "ITEM: TIMESTEP\n{}\nITEM: NUMBER OF ATOMS\n{}\nITEM: BOX BOUNDS pp pp pp\n{}ITEM: ATOMS id type x y z\n"
    bounds = "".join(f"0 {edge:.10f}\n" for edge in edges)
    with open(tmp_path / "ions.dump", "w") as file:
        for step, positions in enumerate(x):
            file.write(head.format(step, n, bounds))
            wrapped = positions % edges
            file.write("".join(f"{k + 1} 1 {a:.10f} {b:.10f} {c:.10f}\n" for k, (a, b, c) in enumerate(wrapped)))
    (tmp_path / "in.lammps").write_text(
        "units real\natom_style atomic\nboundary p p p\nread_data ions.data\nmass 1 1.0\npair_style zero 6.0\n"
        f"pair_coeff * *\ncompute c all cluster/atom {CUTOFF}\n"
        "dump d all custom 1 clusters.dump id c_c\ndump_modify d sort id\nrerun ions.dump dump x y z\n"
    )
    rows = "".join(f"{k + 1} 1 {a:.10f} {b:.10f} {c:.10f}\n" for k, (a, b, c) in enumerate(x[0] % edges))
    box = "".join(f"0 {edge:.10f} {axis}lo {axis}hi\n" for edge, axis in zip(edges, "xyz", strict=True))
    (tmp_path / "ions.data").write_text(f"ions\n\n{n} atoms\n1 atom types\n{box}\nAtoms # atomic\n\n{rows}")
    lmp = Path(sys.executable).with_name("lmp")
    done = subprocess.run(
        [lmp, "-in", "in.lammps"],
        cwd=tmp_path,
        env={"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-500:]
    with open(tmp_path / "clusters.dump", "rb") as stream:
        theirs = [frame.values[:, 0].astype(int) - 1 for frame in LammpsDump(stream, ["c_c"])]
    ours = ion_clusters(x, np.arange(n), np.zeros(n, int), [[CUTOFF]], edges)
    assert len(theirs) == len(ours)
    # LAMMPS names a cluster by its lowest atom id, as we do.
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.tolist() == other.tolist()
