"""Protocols that begin as `quick` does and end otherwise."""

from pathlib import Path

from autodisco.simulation import protocols


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
