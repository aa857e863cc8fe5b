"""The stages of a campaign as its store knows them, for readers that do not load the stages themselves."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LoopStage:
    """A stage: its name, the part of the program (or of a file) that it is, and what it does in words."""

    name: str
    part: str
    does: str


def following(names: Sequence[str], name: str) -> str:
    """The stage after `name`. The first stage works once, before the loop: the second one follows the last."""
    return (*names, names[1])[names.index(name) + 1]
