"""Tables of settings: the base class of everything that is read from TOML, and its errors in words.

A table is defined once, as a subclass of `Section`. Campaign file, environment, command line and documentation follow
from its fields: name, type, range, default, and the docstring behind the field.
"""

import difflib
from collections.abc import Iterable
from typing import Annotated, Any

import pydantic
import tomli_w
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Amount = Annotated[float, Field(ge=0)]
AboveZero = Annotated[float, Field(gt=0)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """A table of settings. Unknown keys and values of another type are errors; an instance does not change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @pydantic.model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        if isinstance(given, dict) and (unknown := next((key for key in given if key not in cls.model_fields), None)):
            raise key_error(unknown, given[unknown], "unknown_key", known=list(cls.model_fields))
        return given


def key_error(key: str, value: Any, kind: str, message: str = "", **context: Any) -> pydantic.ValidationError:
    """An error of one key, to be raised by a validator of the whole table.

    `kind` is ``unknown_key`` (with the `known` ones), ``not_allowed`` (`message` says what is), or ``unusable``
    (`message` is a sentence about the value).
    """
    text = message.replace("{", "{{").replace("}", "}}") or kind
    details: Any = {"type": PydanticCustomError(kind, text, context), "loc": (key,), "input": value}
    return pydantic.ValidationError.from_exception_data("settings", [details])


def error_sentence(error: pydantic.ValidationError, elsewhere: Iterable[str] = ()) -> str:
    """The first error of a validation in words: key, value and what is allowed.

    `elsewhere` are dotted keys of other tables, one of which may be meant by an unknown key.
    """
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    key = ".".join(path)
    if first["type"] == "unknown_key":
        return _unknown_key(path, first["ctx"]["known"], elsewhere)
    if first["type"] == "missing":
        return f"{key} is missing"
    if first["type"] == "unusable":
        return f"{key}: {first['msg']}"
    allowed = first["msg"].removeprefix("Input should be ").removeprefix("a valid ").removeprefix("Value error, ")
    if first["type"] == "model_type":
        allowed = "a table"
    if first["type"] == "string_pattern_mismatch":
        allowed = "letters, digits, '.', '_' and '-'"
    return f"{key} = {_shown(first['input'])}: allowed is {allowed}"


def _shown(value: Any) -> str:
    plain = isinstance(value, str | int | float | bool)
    text = tomli_w.dumps({"x": value}).strip().removeprefix("x = ") if plain else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown_key(path: list[str], known: list[str], elsewhere: Iterable[str]) -> str:
    """Complaint about a key that does not exist, with the closest key that does."""
    close = difflib.get_close_matches(path[-1], known, n=1)
    if close:
        return f"unknown key {'.'.join(path)}; did you mean {'.'.join([*path[:-1], close[0]])}?"
    other = next((key for key in elsewhere if key.rpartition(".")[2] == path[-1]), None)
    if other:
        return f"unknown key {'.'.join(path)}; did you mean {other}?"
    return f"unknown key {'.'.join(path)}; allowed are {', '.join(known)}"
