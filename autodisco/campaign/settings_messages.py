"""Errors of settings in words: one line with the key, its value and what is allowed."""

import difflib
from typing import Any, get_args

import pydantic
import tomli_w
from pydantic import BaseModel

from autodisco.campaign.settings import Settings


def error_sentence(error: pydantic.ValidationError) -> str:
    """The first error of a validation in words: key, value and what is allowed."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    key = ".".join(path)
    if first["type"] == "extra_forbidden":
        return _unknown_key(path)
    if first["type"] == "missing":
        return f"{key} is missing"
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


def _unknown_key(path: list[str]) -> str:
    """Complaint about a key that does not exist, with the closest key that does."""
    model: type[BaseModel] = Settings
    for part in path[:-1]:
        if not part.isdigit():  # an index of a list
            annotation: Any = model.model_fields[part].annotation
            model = next(iter(get_args(annotation)), annotation)
    known = list(model.model_fields)
    close = difflib.get_close_matches(path[-1], known, n=1)
    if close:
        return f"unknown key {'.'.join(path)}; did you mean {'.'.join([*path[:-1], close[0]])}?"
    elsewhere = [key for key in Settings(name="x").flat() if key.rpartition(".")[2] == path[-1]]
    if elsewhere:
        return f"unknown key {'.'.join(path)}; did you mean {elsewhere[0]}?"
    return f"unknown key {'.'.join(path)}; allowed are {', '.join(known)}"
