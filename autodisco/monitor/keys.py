"""Keys that a person presses in a terminal, by name, without waiting for Enter."""

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

NAMES = {
    b"\x1b[A": "up", b"\x1bOA": "up", b"k": "up", b"\x1b[B": "down", b"\x1bOB": "down", b"j": "down",
    b"\x1b[5~": "page up", b"\x1b[6~": "page down", b"\x1b[H": "home", b"\x1b[1~": "home", b"\x1bOH": "home",
    b"g": "home",
    b"\x1b[F": "end", b"\x1b[4~": "end", b"\x1bOF": "end", b"G": "end", b"\r": "enter", b"\n": "enter", b" ": "hold",
    b"\x1b": "back", b"\x7f": "back", b"s": "sort", b"d": "decisions", b"q": "leave",
}  # fmt: skip
"""What terminals send for the keys that are known here."""

LONGEST = max(map(len, NAMES))


@contextmanager
def pressed_keys() -> Iterator[Callable[[float], list[str]]]:
    """Within the block, a function that waits so many seconds for a key and gives the names of those pressed.

    Without a terminal as standard input no key is ever pressed. The mode of the terminal is restored at the end.
    """
    if not sys.stdin.isatty():
        yield _wait
        return
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    tty.setcbreak(number, termios.TCSANOW)
    try:
        yield lambda seconds: read_keys(number, seconds)
    finally:
        termios.tcsetattr(number, termios.TCSANOW, before)


def _wait(seconds: float) -> list[str]:
    select.select([], [], [], seconds)
    return []


def read_keys(number: int, seconds: float) -> list[str]:
    """Names of the keys that come from a file within so many seconds; unknown ones are left out."""
    if not select.select([number], [], [], seconds)[0]:
        return []
    return names(os.read(number, 1024))


def names(sent: bytes) -> list[str]:
    """Names of the keys that a terminal sent."""
    found = []
    while sent:
        length = next((n for n in range(min(LONGEST, len(sent)), 0, -1) if sent[:n] in NAMES), 0)
        if length:
            found.append(NAMES[sent[:length]])
        sent = sent[max(1, length) :]
    return found
