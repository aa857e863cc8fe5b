"""Recognition of trajectory files by content: compression and format are read from the first bytes, not from names."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from autodisco.errors import InputError

DUMP_SUFFIXES = (".lammpstrj", ".lammpsdump", ".dump")
# First bytes of trajectories whose names may end in anything, and MDAnalysis' names of their formats.
FORMATS = (
    (4, b"CORD", "DCD"),
    (0, b"\x00\x00\x07\xcb", "XTC"),
    (0, b"\x00\x00\x07\xe7", "XTC"),
    (0, b"\x00\x00\x07\xc9", "TRR"),
    (0, b"CDF", "NCDF"),
    (0, b"\x89HDF", "H5MD"),
)


class Bytes(io.RawIOBase):
    """The bytes of a file up to where it ends; `cut` when a compressed one ends before its end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.cut = False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on; 0 at the end, and where compressed data break off."""
        try:
            if not hasattr(self._stream, "read1"):
                return self._stream.readinto(buffer) or 0
            # Filling the buffer would lose what has been unpacked already when the data break off.
            data = self._stream.read1(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        except EOFError:
            self.cut = True
            return 0


@contextmanager
def opened(path: Path) -> Iterator[Bytes]:
    """The bytes of a file, plain or as gzip, bzip2, xz or zstd hold them. Raises InputError where it cannot be read."""
    import lzma

    import zstandard

    try:
        with open(path, "rb", buffering=0) as raw:
            yield Bytes(_decompressed(raw))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        raise InputError(f"{path}: the compressed data are damaged ({error}); copy the file again") from None


def _decompressed(raw: BinaryIO) -> Any:
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)
    if magic.startswith(b"BZh"):
        import bz2

        return bz2.BZ2File(raw)
    if magic == b"\xfd7zXZ\x00":
        import lzma

        return lzma.LZMAFile(raw)
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    return raw


def is_dump(path: Path) -> bool:
    """Whether a file is a LAMMPS text dump, by its first line; a broken one is known by its name."""
    names = [suffix.lower() for suffix in path.suffixes]
    with opened(path) as stream:
        begins = io.BufferedReader(stream).read(4096).lstrip()
    return begins.startswith(b"ITEM:") or any(suffix in names for suffix in DUMP_SUFFIXES)


def is_lammps_data(path: Path) -> bool:
    """Whether a file is a LAMMPS data file, by its name or by the counts at its beginning."""
    if path.suffix.lower() in (".data", ".lmp", ".lammps", ".lammpsdata") or path.name.lower().startswith("data."):
        return True
    lines = beginning(path).decode(errors="replace").splitlines()
    return any(line.split()[1:] == ["atom", "types"] for line in lines[:40])


def known_format(path: Path) -> str | None:
    """MDAnalysis' name of the format that the first bytes of a trajectory tell, None where they do not."""
    begins = beginning(path)
    return next((name for at, magic, name in FORMATS if begins[at : at + len(magic)] == magic), None)


def beginning(path: Path) -> bytes:
    """The first 4 kB of a file, decompressed."""
    with opened(path) as stream:
        return io.BufferedReader(stream).read(4096)
