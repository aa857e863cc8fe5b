"""How numbers are written for people: counts, durations, and conductivities with their uncertainty."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SIZES = ("B", "kB", "MB", "GB")


def counted(n: int, noun: str) -> str:
    """``1 polymer``, ``2 polymers``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def joined(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def duration(seconds: float | None) -> str:
    """``42 s``, ``12:34`` (minutes and seconds), ``1 h 05`` or ``2 d 03 h``; a dash where unknown."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d}"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def size(number: float) -> str:
    """``940 kB``, ``1.6 MB``, ``34 GB``: bytes with two digits or more, in powers of 1,000."""
    power = min(3, int(math.log10(number) // 3)) if number >= 1 else 0
    scaled = number / 1000**power
    return f"{scaled:.1f} {SIZES[power]}" if scaled < 9.95 and power else f"{scaled:.0f} {SIZES[power]}"


def with_error(value: float | None, sem: float | None, factor: float = 1.0) -> str:
    """``12.3 ± 0.4``: `value` times `factor`, rounded to two digits of its standard error; a dash where undefined.

    Without an error (None, as for a single replica) the value has two significant digits and no ±. Zero with an error
    of zero, as where no ion of any replica moved, is ``0``.
    """
    if value is None or not math.isfinite(value):
        return "–"
    scaled = value * factor
    if sem is None or not math.isfinite(sem):
        return significant(scaled)
    error = sem * factor
    if error <= 0:
        return f"{significant(scaled)} ± 0" if scaled else "0"
    decimals = max(0, 1 - math.floor(math.log10(error)))
    decimals -= decimals > 0 and error * 10 ** (decimals - 1) >= 3
    if decimals > 5:
        return f"{scaled:.1e} ± {error:.0e}"
    return f"{scaled:.{decimals}f} ± {error:.{decimals}f}"


def quantity(properties: Mapping[str, Any], name: str, factor: float = 1.0) -> str:
    """A property with its error as `with_error`, or ``> 18`` where only a bound is known.

    ``(2 of 4)`` behind it says how many replicas know the value, where not all do.
    """
    value, bound = properties.get(name), properties.get(f"{name}_at_least")
    text = with_error(value, properties.get(f"{name}_sem"), factor)
    if value is None and bound is not None:
        text = f"> {significant(bound * factor)}"
    known, total = properties.get(f"{name}_n"), properties.get("n_replicas")
    return text if known is None or text == "–" else f"{text} ({known} of {total})"


def significant(value: float | None, digits: int = 2) -> str:
    """`value` in `digits` significant digits, without an exponent between 1e-4 and 1e5; a dash where undefined."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    power = math.floor(math.log10(abs(value)))
    if -4 <= power < 5:
        return f"{value:.{max(0, digits - 1 - power)}f}"
    return f"{value:.{digits - 1}e}"


def probability(p: float | None) -> str:
    """In two digits, and never as the certainty that a few replicas cannot give; empty where undefined."""
    if p is None:
        return ""
    return "> 0.99" if p > 0.99 else "< 0.01" if p < 0.01 else f"{p:.2f}"


def shortened(text: str, width: int) -> str:
    """`text`, cut to `width` characters with an ellipsis if it is longer."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def joined_flags(flags: Iterable[Mapping[str, Any]]) -> str:
    """Names of flags for a cell of a table."""
    return ";".join(flag["name"] for flag in flags)


def six_digits(cell: Any) -> Any:
    """A number of a table for people with six significant digits; anything else as it is."""
    return f"{cell:.6g}" if isinstance(cell, float) else cell


def without_formula(cell: Any) -> Any:
    """A cell of a CSV file; text that spreadsheets would take for a formula has an apostrophe before it.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
