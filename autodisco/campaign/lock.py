"""One process owns a campaign. The lock is a fact in its database, taken in a transaction, so two cannot both get it.

It names host, boot, process and start time; a dead owner's lock is taken over, and the journal says so. An owner that
was taken for dead and is not finds out with its next heartbeat, and leaves.
"""

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autodisco.errors import OwnedError
from autodisco.store import Owner, Store

FOREIGN_LOOK_S = 15.0
"""How long the heartbeat of an owner on another host is watched before it counts as dead: three beats (seconds)."""

LOOK_EVERY_S = 0.2


@contextmanager
def owned(store: Store, heir: bool = False) -> Iterator[Owner]:
    """Own the campaign within the block, as `acquire` does. Raises OwnedError where a live process does."""
    owner = acquire(store, heir)
    try:
        yield owner
    finally:
        release(store, owner)


def acquire(store: Store, heir: bool = False) -> Owner:
    """Take the lock, also from a dead owner, and forget what was asked of that one. Raises OwnedError where it lives.

    An owner on another host whose heartbeat looks stale is watched first, because the clock there may be wrong. Who was
    handed the lock has it already, and obeys what was asked since; an `heir` obeys what was asked of the one before.
    """
    me = Owner.this_process()
    _watch_stranger(store, me)
    with store.transaction():
        before = owner_of(store)
        if before and before != me:
            if before.is_alive(store.get("heartbeat", 0.0)):
                raise OwnedError(f"{store.folder}: this campaign is run by {before}, which is alive")
            store.note("takeover", str(before), decided="continue in its place", why="its owner is dead")
        if before != me and not heir:
            store.clear_requests()
        store.set(owner=dataclasses.asdict(me), heartbeat=time.time())
    return me


def hand_over(store: Store, pid: int) -> float:
    """Give the lock to another process of this host; returns the heartbeat, which changes once that is at work."""
    beat = time.time()
    store.set(owner=dataclasses.asdict(Owner.process(pid)), heartbeat=beat)
    return beat


def keep(store: Store, owner: Owner, **facts: Any) -> None:
    """Write the heartbeat of the owner, and facts with it. Raises OwnedError where it is not the owner any more."""
    with store.transaction():
        if (now := owner_of(store)) != owner:
            raise OwnedError(f"{store.folder}: {now or 'another process'} took this campaign over; this one leaves it")
        store.set(heartbeat=time.time(), **facts)


def release(store: Store, owner: Owner) -> None:
    """Give the lock up, unless another process has it by now."""
    with store.transaction():
        if owner_of(store) == owner:
            store.set(owner=None)


def owner_of(store: Store) -> Owner | None:
    """The process that the lock names, alive or not."""
    content = store.get("owner")
    return Owner.from_dict(content) if content else None


def _watch_stranger(store: Store, me: Owner) -> None:
    """Raise OwnedError where the heartbeat of an owner on another host changes while one looks."""
    owner, beat = owner_of(store), store.get("heartbeat", 0.0)
    if owner is None or owner.host == me.host or owner.is_alive(beat):
        return
    until = time.monotonic() + FOREIGN_LOOK_S
    while time.monotonic() < until:
        time.sleep(LOOK_EVERY_S)
        if owner_of(store) == owner and store.get("heartbeat", 0.0) != beat:
            raise OwnedError(f"{store.folder}: this campaign is run by {owner}, which is alive; its clock differs")
