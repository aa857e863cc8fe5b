"""One process owns a campaign. The lock is a fact in its database, taken in a transaction, so two cannot both get it.

It names host, boot, process and start time; a dead owner's lock is taken over, and the journal says so.
"""

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager

from autodisco.errors import OwnedError
from autodisco.store import Owner, Store


@contextmanager
def owned(store: Store) -> Iterator[Owner]:
    """Own the campaign within the block. Raises OwnedError where a live process does."""
    owner = acquire(store)
    try:
        yield owner
    finally:
        release(store, owner)


def acquire(store: Store) -> Owner:
    """Take the lock, also from a dead owner. Raises OwnedError where the owner lives."""
    me = Owner.this_process()
    with store.transaction():
        before = owner_of(store)
        if before and before != me:
            if before.is_alive(store.get("heartbeat", 0.0)):
                raise OwnedError(f"{store.folder}: this campaign is run by {before}, which is alive")
            store.note("takeover", str(before), decided="continue in its place", why="its owner is dead")
        store.set(owner=dataclasses.asdict(me), heartbeat=time.time())
    return me


def release(store: Store, owner: Owner) -> None:
    """Give the lock up, unless another process has it by now."""
    with store.transaction():
        if owner_of(store) == owner:
            store.set(owner=None)


def owner_of(store: Store) -> Owner | None:
    """The process that the lock names, alive or not."""
    content = store.get("owner")
    return Owner.from_dict(content) if content else None
