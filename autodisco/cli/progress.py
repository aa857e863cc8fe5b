"""A progress bar for the training of a generator."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autodisco.cli.output import stderr_console

if TYPE_CHECKING:
    from autodisco.generator import Generator, GeneratorSettings, TrainingRow


def fit_with_progress(
    rows: "Sequence[TrainingRow]", settings: "GeneratorSettings", seed: int, checkpoint: Path | None
) -> "Generator":
    """A fitted generator; on a terminal with a progress bar."""
    from autodisco.generator import fit

    if not sys.stderr.isatty():
        return fit(rows, settings, seed=seed, checkpoint=checkpoint)
    from rich.progress import Progress

    with Progress(console=stderr_console(), transient=True) as bars:
        bar = bars.add_task("training", total=None)

        def show(done: int, total: int, loss: float) -> None:
            bars.update(bar, completed=done, total=total, description=f"loss {loss:.3f}")

        return fit(rows, settings, seed=seed, checkpoint=checkpoint, progress=show)
