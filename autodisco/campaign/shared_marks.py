"""To which campaign a folder belongs that several machines see, and whether a process runs that campaign now.

A file in the folder names the campaign and counts its owners: each process that takes the campaign over raises the
generation, first in the database and then in the file. A campaign folder that was copied to another machine brings the
same identity with it. Its process finds the heartbeat of the other one beside the file and leaves; and whichever of the
two goes on later finds a generation that is not its own.
"""

import contextlib
import dataclasses
import json
import os
import socket
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autodisco.campaign.lock import FOREIGN_LOOK_S, LOOK_EVERY_S
from autodisco.errors import InputError, OwnedError
from autodisco.files import place_beside, read_json, write_json
from autodisco.store import Owner
from autodisco.text import duration

MARKER, BEAT = "campaign.json", "heartbeat.json"

Relation = Literal["ours", "moved", "copied", "taken over", "another"]


@dataclass(frozen=True)
class Mark:
    """The campaign of a folder: its identity, its place (``host:path``), and the number of its owner."""

    identity: str
    campaign: str
    generation: int = 0

    @staticmethod
    def read(folder: Path) -> "Mark | None":
        """The mark of a folder; None if it has none, or its disk is away."""
        try:
            content = read_json(folder / MARKER)
            return Mark(str(content["identity"]), str(content["campaign"]), int(content.get("generation", 0)))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self, folder: Path) -> None:
        """Mark a folder that is there."""
        write_json(folder.resolve(strict=True) / MARKER, dataclasses.asdict(self))

    def relation(self, mine: "Mark") -> Relation:
        """What the campaign of this mark is to that of another one, which is the one that asks."""
        here = self.campaign == mine.campaign
        if self.identity != mine.identity and not (here and not mine.identity):  # killed before it was stored
            return "another"
        if self.generation > mine.generation and mine.identity:
            return "taken over"
        if here:
            return "ours"
        host, _, place = self.campaign.partition(":")
        return "copied" if host == socket.gethostname() and (Path(place) / "state.db").is_file() else "moved"


def make(folder: Path, mark: Mark) -> None:
    """Make a folder with its mark. Raises InputError if another process just did, or it holds something else."""
    folder.mkdir(exist_ok=True)
    if any(folder.iterdir()):
        raise InputError(f"{folder}: holds files already, and no campaign; take another simulation.folder or name")
    beside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    write_json(beside, dataclasses.asdict(mark))
    try:
        os.link(beside, folder / MARKER)  # one of two campaigns
    except FileExistsError:
        raise InputError(f"{folder}: another campaign began there just now; take another simulation.folder") from None
    finally:
        beside.unlink()


def require_ours(folder: Path, mine: Mark) -> None:
    """Raise OwnedError if another owner took a folder over."""
    found = Mark.read(folder)
    if found and found.relation(mine) == "taken over":
        raise OwnedError(
            f"{folder}: the campaign in {found.campaign} went on with it (generation {found.generation}, this one has "
            f"{mine.generation}); go on there. If that one is to end instead, write the generation {mine.generation} "
            f"into {folder / MARKER}"
        )


def require_unowned(folder: Path, mine: Mark) -> None:
    """Raise OwnedError if a process on another machine, or of a copy of this campaign, works with a folder.

    The heartbeat of one that cannot be looked up is watched first even if it is old, because the clock there may be
    wrong.
    """
    found, beat = Mark.read(folder), _beat(folder)
    if found is None or beat is None or found.identity != mine.identity:
        return
    owner = Owner.from_dict(beat["owner"])
    if owner == Owner.this_process() and beat["campaign"] == mine.campaign:
        return
    alive = owner.is_alive(beat["time"])
    if not alive and not owner.is_visible():
        until = time.monotonic() + FOREIGN_LOOK_S
        while not alive and time.monotonic() < until:
            time.sleep(LOOK_EVERY_S)
            alive = _beat(folder) not in (None, beat)
    if alive:
        age = duration(max(0.0, time.time() - beat["time"]))
        raise OwnedError(
            f"{folder}: {owner} runs the campaign in {beat['campaign']}, of which this one is a copy (heartbeat {age} "
            "ago); nothing was changed here. Stop that one before this one goes on"
        )


def write_beat(folder: Path, mine: Mark, owner: Owner) -> None:
    """Say in a folder that a process works with it, without waiting for the disk."""
    content = {"owner": dataclasses.asdict(owner), "campaign": mine.campaign, "time": time.time()}
    beside = place_beside(folder / BEAT)
    with contextlib.suppress(OSError):
        beside.write_text(json.dumps(content))
        os.replace(beside, folder / BEAT)


def end_beat(folder: Path, owner: Owner) -> None:
    """Say in a folder that the process has ended."""
    beat = _beat(folder)
    if beat and Owner.from_dict(beat["owner"]) == owner:
        with contextlib.suppress(OSError):
            (folder / BEAT).unlink(missing_ok=True)


def _beat(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = read_json(folder / BEAT)
        return found if {"owner", "campaign", "time"} <= found.keys() else None
    except (OSError, ValueError, AttributeError):
        return None
