"""Whether the kernels are compiled. Numba does it on first use, and keeps the machine code on disk."""

from pathlib import Path

from autodisco_kernels.cells import fold


def is_compiled() -> bool:
    """Whether the machine code of an earlier use is on disk."""
    return any(Path(fold.stats.cache_path).glob("cells.fold-*.nbi"))
