"""Lists of numbers on the command line."""

import math

from autodisco.errors import InputError

MOST_VALUES = 100


def series(flag: str, text: str | None, limits: tuple[float, float]) -> list[float]:
    """The numbers of ``1,2,3`` or ``FROM:TO:STEP``, rising, each once; none without a text.

    Raises InputError, naming the flag and its value.
    """
    if text is None:
        return []
    try:
        parts = [float(part) for part in text.replace(":", ",").split(",")]
        if ":" in text:
            start, stop, step = parts
            if text.count(":") != 2 or not step > 0 or not start <= stop or (stop - start) / step > MOST_VALUES:
                raise ValueError
            parts = [round(start + k * step, 9) for k in range(math.floor((stop - start) / step + 1e-9) + 1)]
    except ValueError:
        raise InputError(
            f"{flag} {text}: allowed are numbers with commas, or FROM:TO:STEP with at most 100 steps"
        ) from None
    least, most = limits
    wrong = next((part for part in parts if not least <= part <= most), None)
    if wrong is not None:
        raise InputError(f"{flag} {text}: {wrong:g} is outside {least:g} to {most:g}")
    return sorted(set(parts))
