"""Small salts in a polymer as random walks with known masses, written as LAMMPS dumps in many ways."""

from dataclasses import dataclass, field

import numpy as np

MASSES = {1: 6.94, 2: 14.007, 3: 32.06, 4: 15.999, 5: 12.011, 6: 15.999}
ELEMENTS = {1: "Li", 2: "N", 3: "S", 4: "O", 5: "C", 6: "O"}
ANION = np.array([[0.0, 0, 0], [1.5, 0, 0], [0, 1.6, 0]])
CHAIN = np.array([[1.5 * (k % 4), 1.4 * (k // 4), 0] for k in range(8)])
CHOSEN = {"cation": "type 1", "anion": "type 2 3 4", "temperature_k": 353.0, "dt_ps": 1.0}


@dataclass
class Salt:
    """Whole positions (F, n, 3) in Å, in a box of given edges; cations, anions of three atoms, chains of eight."""

    positions: np.ndarray
    edges: np.ndarray
    types: np.ndarray
    molecules: np.ndarray
    columns: dict = field(default_factory=dict)

    @property
    def masses(self):
        return np.array([MASSES[kind] for kind in self.types])


def salt(n_frames=24, edge=22.0, seed=0, n=8, n_chains=4):
    """A salt whose ions and chains walk as wholes."""
    rng = np.random.default_rng(seed)
    types = np.array([1] * n + [2, 3, 4] * n + [5, 6] * (4 * n_chains))
    sizes = [1] * n + [3] * n + [8] * n_chains
    molecules = np.repeat(np.arange(len(sizes)), sizes)
    widths = np.repeat([0.5, 0.4, 0.15], [n, n, n_chains])[:, None]
    walks = rng.random((len(sizes), 3)) * edge + np.cumsum(rng.normal(size=(n_frames, len(sizes), 3)) * widths, axis=0)
    shapes = np.concatenate([np.zeros((n, 3)), np.tile(ANION, (n, 1)), np.tile(CHAIN, (n_chains, 1))])
    return Salt(walks[:, molecules] + shapes, np.full(3, edge), types, molecules)


def frame_text(x, box, columns, step, before="", flags="pp pp pp"):
    """One frame of a dump: `columns` name to values, `box` three lines or edges."""
    lines = box if isinstance(box, str) else "".join(f"0.0 {edge!r}\n" for edge in np.asarray(box).tolist())
    rows = zip(*(map(str, values) for values in columns.values()), strict=True)
    head = f"{before}ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(x)}\nITEM: BOX BOUNDS {flags}\n{lines}"
    return head + f"ITEM: ATOMS {' '.join(columns)}\n" + "".join(" ".join(row) + "\n" for row in rows)


def columns_of(it, x, names="xu yu zu", drop=(), **more):
    """Columns of a frame; `more` adds or replaces some, `drop` leaves some out."""
    found = {
        "id": np.arange(1, len(x) + 1), "mol": it.molecules + 1, "type": it.types, "mass": it.masses,
        **dict(zip(names.split(), np.round(x, 6).T, strict=False)),
    }  # fmt: skip
    return {name: values for name, values in (found | more).items() if name not in drop}


def dump_text(it, frames=None, names="xu yu zu", drop=(), step=1000, first=0, before=None, **more):
    """A dump of some frames of a salt."""
    chosen = range(len(it.positions)) if frames is None else frames
    return "".join(
        frame_text(
            it.positions[k],
            it.edges,
            columns_of(it, it.positions[k], names, drop, **more),
            first + step * k,
            before(k) if before else "",
        )
        for k in chosen
    )
