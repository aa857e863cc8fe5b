"""Many things, so many at a time (`itertools.batched` of Python 3.12)."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def in_parts(items: Iterable[Item], most: int) -> Iterator[list[Item]]:
    """The items in their order, `most` at a time; the last part may have fewer, and none is empty."""
    rest = iter(items)
    while part := list(islice(rest, most)):
        yield part
