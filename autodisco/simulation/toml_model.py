"""Reading a TOML file into a pydantic model, with one line that names file, key and value if it does not fit."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from autodisco.errors import InputError
from autodisco.section import error_sentence

Model = TypeVar("Model", bound=BaseModel)
LONGEST = 500


def read_toml(path: Path, noun: str) -> dict[str, Any]:
    """The content of a TOML file. Raises InputError if it cannot be read; `noun` is what the file should hold."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{noun} file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}") from error


def validated(content: dict[str, Any], model: type[Model], path: Path) -> Model:
    """`content` of a file as a model. Raises InputError with file, key and what is allowed."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {error_sentence(error)}"[:LONGEST]) from error


def read_model(path: Path, model: type[Model], noun: str) -> Model:
    """A model from a TOML file. Raises InputError as `read_toml` and `validated` do."""
    return validated(read_toml(path, noun), model, path)
