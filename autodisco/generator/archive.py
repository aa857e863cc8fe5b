"""Model files and checkpoints in safetensors: a file holds numbers and text only, and reading it runs no code."""

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from autodisco.errors import InputError
from autodisco.files import write_atomic

#: Version of the file format; a file of another version is refused.
FORMAT = 2


def save_archive(path: Path, kind: str, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Write plain values and tensors to `path`, atomically."""
    metadata = {"program": "autodisco", "format": str(FORMAT), "kind": kind, "facts": json.dumps(facts)}
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata["sha256"] = _sha256(metadata, contiguous)
    write_atomic(path, safetensors.torch.save(contiguous, metadata))


def load_archive(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Plain values (with ``kind``) and tensors that `save_archive` wrote, on the CPU.

    Raises
    ------
    InputError
        The file is missing, damaged, not such an archive, or was written by another version.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such model file; autodisco train writes one")
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(f"{path}: not a model file of this program; autodisco train writes them") from error
    if metadata.get("program") != "autodisco":
        raise InputError(f"{path}: not a model file of this program")
    if metadata.get("format") != str(FORMAT):
        raise InputError(f"{path}: written by another version of this program; train the model again")
    found = _sha256(metadata, tensors)
    if metadata.get("sha256", found) != found:  # files of early versions have no checksum
        raise InputError(
            f"{path}: damaged, its content is not what was written; copy it again, or train the model again"
        )
    return {**json.loads(metadata["facts"]), "kind": metadata["kind"]}, tensors


def _sha256(metadata: dict[str, str], tensors: dict[str, Tensor]) -> str:
    """Checksum of the whole content; safetensors itself does not detect a changed number."""
    content = hashlib.sha256(json.dumps([metadata.get(name) for name in ("kind", "facts")]).encode())
    for name, tensor in sorted(tensors.items()):
        content.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        content.update(tensor.numpy().tobytes())
    return content.hexdigest()
