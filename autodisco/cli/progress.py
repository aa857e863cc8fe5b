"""A progress bar for the training of a generator."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from autodisco.cli.output import stderr_console

if TYPE_CHECKING:
    from autodisco.generator.base import Progress


@contextmanager
def training_bar() -> "Iterator[Progress | None]":
    """What shows iterations and loss on a terminal while a generator is trained; None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress

    with Progress(console=stderr_console(), transient=True) as bars:
        bar = bars.add_task("training", total=None, visible=False)

        def show(done: int, total: int, loss: float) -> None:
            bars.update(bar, completed=done, total=total, description=f"loss {loss:.3f}", visible=done < total)

        yield show
