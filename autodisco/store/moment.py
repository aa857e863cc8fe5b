"""Functions that read a campaign several times and see it as it was at one moment."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from autodisco.store.store import Store

P = ParamSpec("P")
R = TypeVar("R")


def at_one_moment(read: Callable[Concatenate[Store, P], R]) -> Callable[Concatenate[Store, P], R]:
    """Decorator: all reads of the function are of one snapshot, so that its parts agree beside a running daemon."""

    @functools.wraps(read)
    def of_a_snapshot(store: Store, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with store.snapshot():
            return read(store, *args, **kwargs)

    return of_a_snapshot
