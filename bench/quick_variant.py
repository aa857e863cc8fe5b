"""What the benches of physics share: protocols that begin as `quick` does and end otherwise, and their arguments."""

import argparse
from pathlib import Path

from autodisco.simulation import protocols

TABLE = "polygen/generated_polymers_in_two_iterations.csv"


def arguments(description: str | None, also: bool = False) -> argparse.Namespace:
    """``reference``, ``simulations`` and ``workers`` of the command line; asked for, a list of SMILES ``also``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--simulations", type=Path, default=Path("simulations"))
    parser.add_argument("--workers", type=int, default=0)
    if also:
        parser.add_argument("--also", action="append", default=[])
    return parser.parse_args()


def npt(duration_ps: float, kelvin: tuple[int, int], atm: tuple[int, int] = (1, 1), averaged_ps: float = 0) -> str:
    """A step at constant pressure, or with ramps, of a protocol."""
    text = f"""\
[[steps]]
kind = "npt"
duration_ps = {duration_ps}
temperature_k = {list(kelvin)}
pressure_atm = {list(atm)}
pressure_damping_fs = 500
"""
    return text + (f"set_mean_box_over_ps = {averaged_ps}\n" if averaged_ps else "")


def production(duration_ps: float) -> str:
    """The last step of a protocol, with a frame each 0.1 ps."""
    return f'[[steps]]\nkind = "production"\nduration_ps = {duration_ps}\nframe_interval_ps = 0.1\n'


def quick_variant(folder: Path, name: str, n_steps: int, more: str, **replaced: object) -> Path:
    """Write `name`.toml: the settings of `quick`, its first `n_steps` steps, then the steps `more`; returns the path.

    `replaced` are settings by their key, each of which stands once before the steps.
    """
    head, *steps = (protocols.SHIPPED / "quick.toml").read_text().split("[[steps]]\n")
    lines = [line for line in head.splitlines() if not line.startswith(("#", "name", "purpose"))]
    for key, value in replaced.items():
        lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
    folder.mkdir(parents=True, exist_ok=True)
    kept = "".join(f"[[steps]]\n{step}" for step in steps[:n_steps])
    file = folder / f"{name}.toml"
    text = "\n".join(lines)
    file.write_text(f'name = "{name}"\npurpose = "{name}, a variant of quick"\n{text}\n{kept}{more}')
    return file
