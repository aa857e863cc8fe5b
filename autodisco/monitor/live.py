"""Keeps the picture of a campaign up to date in a terminal, and draws it as SVG for documents."""

import contextlib
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from autodisco.decide import status
from autodisco.errors import AutodiscoError
from autodisco.monitor.frame import ITERATIONS, JOURNAL_ROWS, frame
from autodisco.monitor.header import header, training
from autodisco.monitor.keys import pressed_keys
from autodisco.monitor.lines import Lines, cut
from autodisco.monitor.sections import simulations
from autodisco.monitor.watch import Watch
from autodisco.store import Store, progress

INTERVAL_S = 1.0
FOOTER_S, LONGEST_PAUSE_S, FOOTER_SHARE = 3.0, 60.0, 0.02
"""Seconds between two looks of the footer at the campaign, and the share of the time that they may take of its work: on
a machine with other work, both the work and the looks get less."""

FOOTER_RUNNING = 8

SVG_FORMAT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>.{unique_id}-matrix {{ font: {char_height}px 'Fira Code', 'DejaVu Sans Mono', Menlo, Consolas, monospace;
 line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
{styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
"""The format of rich without web fonts."""


def picture(folder: Path, width: int, height: int) -> Lines:
    """One picture of the campaign in `folder`. Raises InputError where the folder holds no campaign."""
    with Store.open_readonly(folder) as store:
        return frame(status(store, JOURNAL_ROWS, height, iterations=ITERATIONS), width, height)


def watch(folder: Path, console: Console) -> None:
    """Show the campaign in `folder` until it ends or the person leaves; the last picture stays on the screen.

    Raises InputError where the folder holds no campaign.
    """
    look = Look(folder)
    with contextlib.suppress(KeyboardInterrupt), pressed_keys() as pressed, console.screen():
        paint, stay = Painter(console), True
        while stay and (look.watch.on_page or not look.watch.ended):
            paint(look.lines(*console.size))
            stay = look.watch.obey(pressed(INTERVAL_S))
    look.close()
    console.print(frame(look.watch.status, console.width, console.height - 1))


class Look:
    """What a screen shows of the campaign in a folder: while it cannot be read, because its disk is away for a time,
    the last picture and the reason.

    Raises InputError where the folder holds no campaign.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._store: Store | None = Store.open_readonly(folder)
        self.watch = Watch(self._store)
        self._shown: list[Text] = []

    def lines(self, width: int, height: int) -> list[Text]:
        """The picture of now in so many columns and lines."""
        try:
            if self._store is None:
                self._store = Store.open_readonly(self._folder)
                self.watch = Watch(self._store, self.watch.view)
            self._shown = self.watch.lines(width, height)
        except (AutodiscoError, OSError) as error:
            self.close()
            return cut([*self._shown[: height - 1], Text(f"cannot be read now: {error}", "bold red")], width, height)
        return self._shown

    def close(self) -> None:
        """Close the campaign."""
        if self._store is not None:
            self._store.close()
            self._store = None


class Painter:
    """Writes pictures over each other on a screen: only the lines that have changed."""

    def __init__(self, console: Console):
        self._console, self._size, self._shown = console, console.size, list[Text]()
        console.control(Control.clear())

    def __call__(self, lines: Sequence[Text]) -> None:
        """Show these lines, and nothing below them."""
        size = self._console.size
        if size != self._size:
            self._console.control(Control.clear())
            self._size, self._shown = size, []
        with self._console:  # written at once
            for n in range(size[1]):
                line = _line(lines, n)
                if line != _line(self._shown, n):
                    self._console.control(Control.move_to(0, n), Control((ControlType.ERASE_IN_LINE, 2)))
                    self._console.print(Lines([line], end=""), end="", crop=False)
        self._shown = list(lines[: size[1]])


def _line(lines: Sequence[Text], n: int) -> Text:
    return lines[n] if n < len(lines) else Text()


@contextmanager
def following(folder: Path, console: Console) -> Iterator[Callable[[str], None]]:
    """Within the block, keep the running simulations at the foot of the terminal; gives a function that prints above.

    The campaign is read in a thread that shares its interpreter with the work of the block. Therefore it reads only the
    progress, at most every `FOOTER_S`: 10 ms with thousands of polymers.
    """
    over = threading.Event()
    live = Live(console=console, auto_refresh=False, transient=True)
    live.start()
    reader = threading.Thread(target=_keep_footer, args=(folder, live, over), daemon=True, name="footer")
    reader.start()

    def say(line: str) -> None:
        live.console.print(Text(f"{time.strftime('%H:%M:%S')} {line}"))

    try:
        yield say
    finally:
        over.set()
        reader.join()
        with contextlib.suppress(OSError):  # a terminal that was closed
            live.stop()


def _keep_footer(folder: Path, live: Live, over: threading.Event) -> None:
    took = 0.0
    while not over.wait(pause_s(took)):
        begin = time.perf_counter()
        # If the last line is full, the echo of Ctrl-C moves the cursor to a line that is never cleared.
        width = live.console.width - 4
        # The campaign is still being made, cannot be read now, or the terminal was closed.
        with contextlib.suppress(AutodiscoError, OSError):
            live.update(Lines(_footer(folder, width)), refresh=True)
        took = time.perf_counter() - begin


def pause_s(took_s: float) -> float:
    """Seconds to the next look of the footer after one that took so long."""
    return min(LONGEST_PAUSE_S, max(FOOTER_S, took_s / FOOTER_SHARE))


def _footer(folder: Path, width: int) -> list[Text]:
    with Store.open_readonly(folder) as store:
        seen = progress(store, 1, 0)
    if seen.simulations.left or training(seen, width):
        return simulations(seen, width, 2 + FOOTER_RUNNING)
    return header(seen, width, time.time())


def as_svg(folder: Path, width: int, height: int) -> str:
    """The picture of the campaign in `folder` as an SVG document of `width` columns and at most `height` lines."""
    shown = picture(folder, width, height)
    console = Console(record=True, width=width, force_terminal=True, color_system="truecolor", file=io.StringIO())
    console.print(shown)
    return console.export_svg(title="autodisco monitor", code_format=SVG_FORMAT)
