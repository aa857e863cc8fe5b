"""Where torch computes: the device of a name, and the number of CPU threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from autodisco.errors import InputError


def find_device(name: str) -> torch.device:
    """The device of a name; ``auto`` is the GPU if there is one. Raises InputError if it does not exist."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device is {name!r}, but torch finds no such GPU here; choose auto or cpu")
    return torch.device(name)


@contextmanager
def cpu_threads(number: int) -> Iterator[None]:
    """Let torch use `number` threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
