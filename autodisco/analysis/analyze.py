"""One call from a folder to transport properties; readers and kernels are imported when it is made."""

from pathlib import Path

import numpy as np

from autodisco.analysis.properties import TransportProperties
from autodisco.errors import InputError

MODES = ("default", "htp-md")


def analyze_folder(path: str | Path, mode: str = "default", temperature_k: float | None = None) -> TransportProperties:
    """Transport properties of a replica folder (``system.json``) or of an HTP-MD folder (``meta.json``).

    Parameters
    ----------
    mode : ``default``, or ``htp-md`` for the conventions of that database
    temperature_k : instead of the temperature the folder states

    Raises
    ------
    InputError
        When the folder is neither, a file is missing, broken or too short, or the mode or temperature is impossible.
    """
    folder = Path(path)
    if mode not in MODES:
        raise InputError(f"analysis mode {mode!r} is unknown; {' or '.join(MODES)} expected")
    if temperature_k is not None and not temperature_k > 0:
        raise InputError(f"temperature {temperature_k} K; a positive value expected")
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")

    from autodisco.analysis import htp_md, readers, transport

    if (folder / "system.json").is_file():
        trajectory = readers.read_replica(folder, temperature_k)
    elif (folder / "meta.json").is_file():
        box_type = np.float32 if mode == "htp-md" else np.float64
        trajectory = readers.read_htp_md(folder, temperature_k, box_type)
    else:
        raise InputError(f"{folder}: neither a replica (system.json) nor an HTP-MD folder (meta.json)")
    return htp_md.analyze(trajectory) if mode == "htp-md" else transport.analyze(trajectory)
