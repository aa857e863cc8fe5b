"""One process owns a campaign. The lock is a fact in its database, taken in a transaction, so two cannot both get it.

It names host, boot, namespace, process, start time and the database file. The lock of a dead owner is taken over, and
the journal says so. An owner that was mistaken for dead learns this with its next heartbeat, and leaves; so does one
whose folder was moved or replaced.
"""

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autodisco.errors import OwnedError, StorageError
from autodisco.files import argument
from autodisco.store import END_STATES, STALE_S, Owner, Store, live_owner
from autodisco.store.owner import database_device, database_inode, device_of, is_copied
from autodisco.text import duration

FOREIGN_LOOK_S = 15.0
"""How long the heartbeat of an owner that cannot be looked up is watched before it counts as dead: three beats
(seconds)."""

LOOK_EVERY_S = 0.2


@contextmanager
def owned(store: Store, keep_requests: bool = False, goes_on: bool = True) -> Iterator[Owner]:
    """Own the campaign within the block, as `acquire` does. Raises OwnedError where a live process does."""
    owner = acquire(store, keep_requests, goes_on)
    try:
        yield owner
    finally:
        with contextlib.suppress(StorageError):  # its disk is away; the next owner finds that this one is dead
            release(store, owner)


def acquire(store: Store, keep_requests: bool = False, goes_on: bool = True) -> Owner:
    """Take the lock, also from a dead owner. Raises OwnedError if the owner lives.

    The heartbeat of an owner that cannot be looked up is watched first even if it is old, because the clock there may
    be wrong. Requests that were made of the owner before are forgotten, unless `keep_requests`. A process that received
    the lock from its parent has it already, and obeys requests made since then. The journal has no takeover by a
    command that leaves without going on with the campaign (`goes_on` is false).
    """
    me = Owner.this_process()
    _watch_stranger(store, me)
    with store.transaction():
        before = owner_of(store)
        if before and before != me:
            facts = store.facts()
            if live_owner(facts, store.folder) and not is_copied(facts, store.folder):
                raise OwnedError(_refusal(store, before))
            if goes_on:
                store.note("takeover", str(before), decided="continue in its place", why="its owner is dead")
        if before != me and not keep_requests:
            store.clear_requests()
        _write(store, me)
    return me


def hand_over(store: Store, pid: int) -> float:
    """Give the lock to another process of this host; returns the heartbeat, which changes once that is at work."""
    return _write(store, Owner.process(pid))


def keep(store: Store, owner: Owner, **facts: Any) -> None:
    """Write the heartbeat of the owner, and facts with it.

    Raises OwnedError where it is not the owner any more, or the folder is not where it was, and StorageError where its
    disk is away, or was mounted again.
    """
    with store.transaction():
        if (now := owner_of(store)) != owner:
            raise OwnedError(f"{store.folder}: {now or 'another process'} took this campaign over; this one leaves it")
        inode, device = database_inode(store.folder), database_device(store.folder)
        if inode is None and device_of(store.folder) != store.device:
            raise StorageError(f"{store.folder}: its disk is not mounted")
        if store.get("owner_inode") != inode:
            raise OwnedError(
                f"{store.folder}: this folder was moved, removed or replaced; this process leaves the campaign, which "
                "can be resumed where it is now"
            )
        if device != store.device:
            raise StorageError(f"{store.folder}: its disk was mounted again")
        store.set(heartbeat=time.time(), owner_device=device, **facts)


def release(store: Store, owner: Owner) -> None:
    """Give the lock up, unless another process has it by now."""
    with store.transaction():
        if owner_of(store) == owner:
            store.set(owner=None, owner_inode=None, owner_device=None)


def owner_of(store: Store) -> Owner | None:
    """The process that the lock names, alive or not."""
    content = store.get("owner")
    return Owner.from_dict(content) if content else None


def _write(store: Store, owner: Owner) -> float:
    beat = time.time()
    place = {"owner_inode": database_inode(store.folder), "owner_device": database_device(store.folder)}
    store.set(owner=dataclasses.asdict(owner), **place, heartbeat=beat)
    return beat


def _refusal(store: Store, owner: Owner) -> str:
    told = f"{store.folder}: this campaign is run by {owner}, which is alive"
    if owner.is_visible() and (state := store.get("state")) in END_STATES:
        return (
            f"{store.folder}: has ended ({state}), and {owner} still frees the disk or waits to send a notification; "
            f"autodisco stop {argument(store.folder)} ends that"
        )
    if owner.is_visible():
        return f"{told}; autodisco stop {argument(store.folder)} ends it"
    age = duration(max(0.0, time.time() - store.get("heartbeat", 0.0)))
    return (
        f"{told}: in another container or on another machine, with a heartbeat {age} ago; a lock without a heartbeat "
        f"for {duration(STALE_S)} is taken over"
    )


def _watch_stranger(store: Store, me: Owner) -> None:
    """Raise OwnedError where the heartbeat of an owner that cannot be looked up changes, although it counts as dead or
    the folder seems to be a copy of the one that it owns."""
    owner, beat = owner_of(store), store.get("heartbeat", 0.0)
    if owner is None or owner == me or owner.is_visible():
        return
    facts = store.facts()
    if live_owner(facts, store.folder) and not is_copied(facts, store.folder):
        return
    until = time.monotonic() + FOREIGN_LOOK_S
    while time.monotonic() < until:
        time.sleep(LOOK_EVERY_S)
        if owner_of(store) == owner and store.get("heartbeat", 0.0) != beat:
            raise OwnedError(f"{store.folder}: this campaign is run by {owner}, which is alive; its clock differs")
