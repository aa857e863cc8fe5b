"""Tables of settings: the base class of everything that is read from TOML, and its errors in words.

A table is defined once, as a subclass of `Section`. Campaign file, environment, command line and documentation follow
from its fields: name, type, range, default, and the docstring behind the field.
"""

import difflib
import re
from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple

import pydantic
import tomli_w
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from autodisco.limits import LEAST_TIMEOUT_MINUTES, MOLALITY, TEMPERATURE_K

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Amount = Annotated[float, Field(ge=0)]
AboveZero = Annotated[float, Field(gt=0)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
Molality = Annotated[float, Field(ge=MOLALITY[0], le=MOLALITY[1])]
Kelvin = Annotated[float, Field(ge=TEMPERATURE_K[0], le=TEMPERATURE_K[1])]
Minutes = Annotated[float, Field(ge=LEAST_TIMEOUT_MINUTES)]

INPUT = "Input should be "
NUMBER = ("float", "int")
"""How kinds of errors begin where a number is expected."""
PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "letters, digits, '.', '_' and '-'",
    r"^[a-z0-9][a-z0-9.-]*$": "small letters, digits, '.' and '-'",
    r"^[A-Z][A-Za-z0-9]*$": "a capital letter, then letters and digits",
}
"""What a text may hold, by the pattern of its field."""

UNITS = {
    "hours": "hours, such as 720 for 30 days",
    "minutes": "minutes, without the unit",
    "gb": "GB, without the unit",
}
"""Units of numbers that people write behind them, by the last word of a key."""
HOURS = {"days": 24, "weeks": 168}
"""Hours in units of time that no key has."""


class Table(BaseModel):
    """A table of a TOML file. Unknown keys are errors; an instance does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        if isinstance(given, dict) and (unknown := next((key for key in given if key not in cls.model_fields), None)):
            raise key_error(unknown, given[unknown], "unknown_key", known=list(cls.model_fields))
        return given


class Section(Table):
    """A table of settings. Values of another type are errors, too."""

    model_config = ConfigDict(strict=True, use_attribute_docstrings=True)


def key_error(key: str, value: Any, kind: str, message: str = "", **context: Any) -> pydantic.ValidationError:
    """An error of one key, to be raised by a validator of the whole table.

    `kind` is ``unknown_key`` (with the `known` ones), ``not_allowed`` (`message` says what is), or ``unusable``
    (`message` is a sentence about the value).
    """
    text = message.replace("{", "{{").replace("}", "}}") or kind
    details: Any = {"type": PydanticCustomError(kind, text, context), "loc": (key,), "input": value}
    return pydantic.ValidationError.from_exception_data("settings", [details])


class Problem(NamedTuple):
    """What is wrong with a table: the dotted key (empty for the table as a whole), the value as TOML, and a sentence;
    `place` is the dotted key in any case.

    `value` is None if the sentence says what has to be known of it.
    """

    key: str
    value: str | None
    text: str
    place: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.key if self.value is None else f"{self.key} = {self.value}", self.text)))


def error_sentence(error: pydantic.ValidationError, elsewhere: Iterable[str] = (), within: str = "") -> str:
    """The first error of a validation in words: key, value and what is allowed; `elsewhere` and `within` as in
    `first_problem`."""
    return str(first_problem(error, elsewhere, within))


def first_problem(error: pydantic.ValidationError, elsewhere: Iterable[str] = (), within: str = "") -> Problem:
    """The first error of a validation, see `problems`."""
    return problems(error, elsewhere, within)[0]


def problems(error: pydantic.ValidationError, elsewhere: Iterable[str] = (), within: str = "") -> list[Problem]:
    """The errors of a validation, each once.

    `elsewhere` are dotted keys of other tables, one of which may be meant by an unknown key; `within` is the dotted key
    of the table that was validated, if it is a part of a file.
    """
    before = [*filter(None, within.split("."))]
    others, found = list(elsewhere), []
    for one in error.errors():
        path = [*before, *map(str, one["loc"])]
        found.append(_problem(one, path, others)._replace(place=".".join(path)))
    return list(dict.fromkeys(found))


def _problem(one: Any, path: list[str], elsewhere: Iterable[str]) -> Problem:
    """One error of pydantic at a place in the file."""
    kind, text, value = one["type"], one["msg"], one["input"]
    key = ".".join(path)
    if kind == "unknown_key":
        return Problem("", None, _unknown_key(path, value, one["ctx"]["known"], elsewhere))
    if kind in ("missing", "union_tag_not_found"):
        return Problem("", None, f"{key}{'' if kind == 'missing' else '.kind'} is missing")
    if kind in ("unusable", "value_error"):
        return Problem(key, None, text.removeprefix("Value error, "))
    if kind == "union_tag_invalid":
        return Problem(f"{key}.kind", _shown(one["ctx"]["tag"]), f"allowed is {one['ctx']['expected_tags']}")
    if kind in ("tuple_type", "list_type"):
        tables = f" of tables, [[{key}]]" if isinstance(value, dict) else ""
        return Problem(key, None if tables else _shown(value), f"allowed is a list{tables}")
    if kind in ("model_type", "dict_type"):
        return Problem(key, _shown(value), "allowed is a table")
    if kind == "string_pattern_mismatch":
        return Problem(key, _shown(value), f"allowed is {PATTERNS.get(one['ctx']['pattern'], text)}")
    if kind == "not_allowed" or text.startswith(INPUT):
        allowed = re.sub(", (unable|got) .*", "", text.removeprefix(INPUT).removeprefix("a valid "))
        unit = UNITS.get(path[-1].rpartition("_")[2]) if isinstance(value, str) and kind.startswith(NUMBER) else None
        return Problem(key, _shown(value), f"allowed is {f'number of {unit}' if unit else allowed}")
    return Problem(key, _shown(value), text[0].lower() + text[1:].replace(" after validation", ""))


def _shown(value: Any) -> str:
    plain = isinstance(value, str | int | float | bool)
    text = tomli_w.dumps({"x": value}).strip().removeprefix("x = ") if plain else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown_key(path: list[str], value: Any, known: list[str], elsewhere: Iterable[str]) -> str:
    """Complaint about a key that does not exist, with the closest key that does."""
    if (hours := HOURS.get(path[-1])) and "hours" in known and isinstance(value, int | float):
        return f"unknown key {'.'.join(path)}; write {'.'.join([*path[:-1], 'hours'])} = {hours * value:g}"
    close = difflib.get_close_matches(path[-1], known, n=1)
    if close:
        return f"unknown key {'.'.join(path)}; did you mean {'.'.join([*path[:-1], close[0]])}?"
    other = next((key for key in elsewhere if key.rpartition(".")[2] == path[-1]), None)
    if other:
        return f"unknown key {'.'.join(path)}; did you mean {other}?"
    return f"unknown key {'.'.join(path)}; allowed are {', '.join(known)}"
