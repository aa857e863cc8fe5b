"""What a campaign wants, from the tables `[[objective]]` of its settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from autodisco.decide.objective import Objective, objective_named
from autodisco.errors import InputError

CONSTRAIN = "constrain"
AIMS = ("default", "maximise", "minimise", "target", CONSTRAIN)
DIRECTIONS: Mapping[str, Any] = {"maximise": "higher", "minimise": "lower"}


@dataclass(frozen=True)
class Wanted:
    """What a campaign wants of its polymers.

    Attributes
    ----------
    objective : by which they are ranked
    further : what is wanted beside it
    constraints : bounds that exclude polymers
    """

    objective: Objective
    further: tuple[Objective, ...] = ()
    constraints: tuple[Objective, ...] = ()

    @property
    def aims(self) -> tuple[Objective, ...]:
        """The objective and the further ones."""
        return (self.objective, *self.further)

    @property
    def every(self) -> tuple[Objective, ...]:
        """All of them."""
        return (*self.aims, *self.constraints)

    def of_structure(self, text: str) -> dict[str, float | None]:
        """Values that the structure alone decides, by column, given the canonical text of a material."""
        return {one.column: one.of_structure(text) for one in self.every if one.structure}


def tables(given: Any) -> Any:
    """What settings say of objectives as a list of tables `[[objective]]`.

    Earlier versions had one table `[objective]` with the keys `name`, `constraints` and `further`. Anything else is
    left to the validation.
    """
    if not isinstance(given, Mapping):
        return given
    rest = {key: value for key, value in given.items() if key not in ("constraints", "further")}
    constraints, further = given.get("constraints", []), given.get("further", [])
    if not (isinstance(constraints, list) and isinstance(further, list)):
        return [dict(given)]
    return [
        rest,
        *({"name": name} for name in further),
        *({"name": name, "aim": CONSTRAIN} for name in constraints),
    ]


def wanted(given: Any, found: Callable[[str], str] = str) -> Wanted:
    """What the objectives of some settings mean; `found` gives the name under which a part is to be looked for.

    Raises InputError for one that does not exist.
    """
    entries = tables(given) or [{}]
    of_aim = [(entry.get("aim", "default"), objective_of_table(entry, found)) for entry in entries]
    aims = [one for aim, one in of_aim if aim != CONSTRAIN]
    if not aims:
        raise InputError("every objective is a constraint; one to rank by is needed: give one another aim")
    return Wanted(aims[0], tuple(aims[1:]), tuple(one for aim, one in of_aim if aim == CONSTRAIN))


def objective_of_table(entry: Mapping[str, Any], found: Callable[[str], str] = str) -> Objective:
    """The objective of one table, with its aim. Raises InputError if there is none of its name."""
    one = objective_named(found(entry.get("name", "conductivity")))
    changes: dict[str, Any] = {}
    if direction := DIRECTIONS.get(entry.get("aim", "default")):
        changes |= {"direction": direction, "target": None}
    if entry.get("value") is not None:
        changes["target"] = entry["value"]
    changes |= {key: entry[key] for key in ("at_least", "at_most") if entry.get(key) is not None}
    return replace(one, **changes) if changes else one
