"""The tables [[objective]] of a campaign file."""

from typing import Any, Literal

import pydantic

from autodisco.decide.wanted import CONSTRAIN, tables
from autodisco.section import Section, key_error

OF_SEVERAL = "chebyshev-ucb"
"""Default of `filter.selection` where a campaign has several objectives."""


class ObjectiveSettings(Section):
    """A table `[[objective]]`: something that the campaign wants."""

    name: str = "conductivity"
    """Objective: a name ([objectives](#objectives)), a quantity of docs/analysis.md, or `path/to/file.py:object`
    (docs/extending.md). Polymers are ranked by the first table that is no constraint."""
    aim: Literal["default", "maximise", "minimise", "target", "constrain"] = "default"
    """`maximise`, `minimise`, come near to a `value` (`target`), or exclude polymers outside of bounds (`constrain`).
    `default`: as the objective says of itself."""
    at_least: float | None = None
    """Lower bound of a constraint, in the unit of the value in tables."""
    at_most: float | None = None
    """Upper bound of a constraint."""
    value: float | None = None
    """Value that is aimed at; the nearer on the scale of the objective, the better."""

    @pydantic.model_validator(mode="after")
    def _fits_its_aim(self) -> "ObjectiveSettings":
        for key, aim in (("at_least", CONSTRAIN), ("at_most", CONSTRAIN), ("value", "target")):
            if (given := getattr(self, key)) is not None and self.aim != aim:
                raise key_error(key, given, "unusable", f"it has a meaning with aim = '{aim}' only; leave it out")
        if self.aim == "target" and self.value is None:
            raise key_error("aim", self.aim, "unusable", "aim = 'target' needs the value that is aimed at: give value")
        return self

    @pydantic.model_serializer(mode="wrap")
    def _without_nothing(self, write: pydantic.SerializerFunctionWrapHandler) -> dict[str, Any]:
        """TOML has no word for a value that is not there."""
        return {key: value for key, value in write(self).items() if value is not None}


def with_objectives(given: Any) -> Any:
    """The content of a campaign file with tables `[[objective]]` in place of the one table of earlier versions, and
    with the default selection of several objectives."""
    if not isinstance(given, dict) or "objective" not in given:
        return given
    found = {**given, "objective": tables(given["objective"])}
    if not isinstance(found["objective"], list):
        return found
    several = [one for one in found["objective"] if isinstance(one, dict) and one.get("aim") != CONSTRAIN]
    if len(several) > 1 and isinstance(found.setdefault("filter", {}), dict):
        found["filter"] = {"selection": OF_SEVERAL, **found["filter"]}
    return found


def checked_objectives(given: list[ObjectiveSettings]) -> list[ObjectiveSettings]:
    """The same tables. Raises ValueError where all are constraints."""
    if all(one.aim == CONSTRAIN for one in given):
        raise ValueError("polymers are ranked by the first table that is no constraint, and there is none")
    return given
