"""Linear algebra on one thread.

While simulations hold all cores, the threads of a BLAS wait for each other: a Cholesky decomposition of 300 rows took
seconds instead of milliseconds. One thread also gives the same digits on every machine with the same library.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")


@cache
def _pools() -> ThreadpoolController:
    """The libraries that are loaded; found at the first call, when they are."""
    return ThreadpoolController()


def one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """The function with BLAS held to one thread while it works."""

    @wraps(function)
    def held(*arguments: P.args, **named: P.kwargs) -> R:
        with _pools().limit(limits=1, user_api="blas"):
            return function(*arguments, **named)

    return held
