"""Keeps the picture of a campaign up to date in a terminal, and draws it as SVG for documents."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from autodisco.decide import LatestStandings, Status, status
from autodisco.errors import InputError
from autodisco.monitor import sections
from autodisco.monitor.frame import frame
from autodisco.store import END_STATES, Store, at_one_moment, progress

INTERVAL_S = 0.7
BEST_ROWS = 60
JOURNAL_ROWS = 40
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


def picture(folder: Path, width: int, height: int) -> Group:
    """One picture of the campaign in `folder`. Raises InputError where the folder holds no campaign."""
    with Store.open_readonly(folder) as store:
        return frame(status(store, JOURNAL_ROWS, BEST_ROWS), width, height)


def watch(folder: Path, console: Console) -> None:
    """Show the campaign in `folder` until it ends or the person interrupts; the last picture stays on the screen.

    Raises InputError where the folder holds no campaign.
    """
    with Store.open_readonly(folder) as store:
        ranked = LatestStandings(store)
        seen = _seen(store, ranked)
        try:
            with Live(console=console, screen=True, auto_refresh=False) as live:
                while seen.state not in END_STATES:
                    live.update(frame(seen, *console.size), refresh=True)
                    time.sleep(INTERVAL_S)
                    seen = _seen(store, ranked)
        except KeyboardInterrupt:
            pass
    console.print(frame(seen, console.width, console.height - 1))


@at_one_moment
def _seen(store: Store, ranked: LatestStandings) -> Status:
    return status(store, JOURNAL_ROWS, BEST_ROWS, ranked())


@contextmanager
def following(folder: Path, console: Console) -> Iterator[Callable[[str], None]]:
    """Within the block, keep the running simulations at the foot of the terminal; gives a function that prints above.

    The campaign is read in a thread that shares its interpreter with the work of the block. Therefore it reads only the
    progress, which takes about a millisecond however many polymers there are.
    """
    over = threading.Event()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        reader = threading.Thread(target=_keep_footer, args=(folder, live, over), daemon=True)
        reader.start()

        def say(line: str) -> None:
            live.console.print(Text(f"{time.strftime('%H:%M:%S')} {line}"))

        try:
            yield say
        finally:
            over.set()
            reader.join()


def _keep_footer(folder: Path, live: Live, over: threading.Event) -> None:
    while not over.wait(INTERVAL_S):
        try:
            with Store.open_readonly(folder) as store:
                seen = progress(store, 1)
        except InputError:  # the campaign is still being made
            continue
        # If the last line is full, the echo of Ctrl-C moves the cursor to a line that is never cleared.
        width = live.console.width - 4
        if seen.simulations.waiting + seen.simulations.running:
            live.update(sections.simulations(seen, width, 2 + FOOTER_RUNNING), refresh=True)
        else:
            live.update(sections.header(seen, width, time.time()), refresh=True)


def as_svg(folder: Path, width: int, height: int) -> str:
    """The picture of the campaign in `folder` as an SVG document of `width` columns and at most `height` lines."""
    shown = picture(folder, width, height)
    console = Console(record=True, width=width, force_terminal=True, color_system="truecolor", file=io.StringIO())
    console.print(shown)
    return console.export_svg(title="autodisco monitor", code_format=SVG_FORMAT)
