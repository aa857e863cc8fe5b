"""The text of a dump in a buffer that grows when a line or a header does not fit."""

from typing import BinaryIO

import numpy as np

from autodisco_kernels.decimals import BEFORE, BEHIND

LONGEST_HEADER = 1 << 20  # bytes; also of a line
ITEM = b"ITEM: "


class Buffer:
    """What was read of a stream and is not used yet: begin:whole are whole lines, whole:end is the start of another."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._ended = False
        self.unterminated = False  # the last line of the stream had no line end and was given one
        self._bytes = bytearray()
        self.begin = self.whole = self.end = BEFORE
        self._move(max(size, 64))

    def _move(self, size: int) -> None:
        """The text to the front of a buffer that has room for `size` bytes."""
        old, kept = self._bytes, self.end - self.begin
        if len(old) != BEFORE + size + BEHIND:
            self._bytes = bytearray(BEFORE + size + BEHIND)
            self.bytes = np.frombuffer(self._bytes, np.uint8)
        memoryview(self._bytes)[BEFORE : BEFORE + kept] = memoryview(old)[self.begin : self.end]
        self._bytes[BEFORE - 1] = ord("\n")
        self.begin, self.whole, self.end = BEFORE, BEFORE + self.whole - self.begin, BEFORE + kept

    def more(self) -> bool:
        """Read on; False at the end of the stream."""
        if self._ended:
            return False
        if self.end - self.whole > LONGEST_HEADER:
            raise ValueError(f"not a LAMMPS text dump: {LONGEST_HEADER} bytes without the end of a line")
        size = len(self._bytes) - BEFORE - BEHIND
        size *= 2 if self.end - self.begin == size else 1
        self._move(size)
        start, room = self.end, memoryview(self._bytes)[self.end : BEFORE + size]
        if hasattr(self._stream, "readinto"):
            n = self._stream.readinto(room) or 0
        else:
            data = self._stream.read(len(room))
            n = len(data)
            room[:n] = data
        # Zeros are a hole that a crash has left in the file: it ends there, with the first one as what is wrong.
        hole = self._bytes.find(0, start, start + n)
        self._ended = n == 0 or hole >= 0
        self.end = start + n if hole < 0 else hole + 1
        if n == 0 and self.end > self.whole:
            self._bytes[self.end] = ord("\n")
            self.end, self.unterminated = self.end + 1, True
            start, n = self.end - 1, 1
        self.whole = max(self.whole, self._bytes.rfind(b"\n", start, self.end) + 1)
        return n > 0

    def header(self) -> tuple[list[bytes], bool]:
        """Take the lines up to the next that begins with ITEM: ATOMS, blank ones left out, and whether there is one."""
        while True:
            atoms = self._bytes.find(b"\nITEM: ATOMS", self.begin - 1, self.whole)
            if atoms >= 0 or self.whole - self.begin > LONGEST_HEADER or not self.more():
                break
        stop = self.end if atoms < 0 else self._bytes.index(b"\n", atoms + 1)
        cut = -1 if atoms < 0 else self._bytes.rfind(ITEM, atoms + 2, stop)  # another header begins in this line
        stop = stop if cut < 0 else cut
        lines = [line.strip() for line in bytes(self._bytes[self.begin : stop]).split(b"\n")]
        self.begin = cut if cut >= 0 else min(stop + 1, self.end)
        whole = atoms >= 0 and cut < 0 and not (self.unterminated and stop + 1 == self.whole)
        return [line for line in lines if line], whole

    def skip_to(self, mark: bytes) -> bool:
        """Leave out what comes before `mark`; False if that is all there is."""
        while (place := self._bytes.find(mark, self.begin, self.whole)) < 0:
            self.begin = self.whole
            if not self.more():
                return False
        self.begin = place
        return True

    def peek(self, n: int) -> list[bytes]:
        """The `n` lines that come next, or as many as there are, without taking them."""
        while self._bytes.count(b"\n", self.begin, self.whole) < n and self.more():
            pass
        return bytes(self._bytes[self.begin : self.whole]).split(b"\n", n)[:-1]

    def is_cut(self, place: int) -> bool:
        """Whether the line that has this place in the buffer is the last one and had no line end."""
        return self.unterminated and self._bytes.index(b"\n", place) + 1 == self.whole

    def line(self, place: int) -> bytes:
        """The line that has this place in the buffer."""
        return bytes(self._bytes[self._bytes.rfind(b"\n", 0, place) + 1 : self._bytes.index(b"\n", place)]).strip()

    def word(self, place: int) -> bytes:
        """The word that starts at this place in the buffer; none at the end of a line."""
        return b"".join(bytes(self._bytes[place : self._bytes.index(b"\n", place)]).split(maxsplit=1)[:1])


def shown(line: bytes) -> str:
    """The beginning of a line in quotation marks, for messages."""
    text = line[:60].decode(errors="replace").strip()
    return f"'{text}{'…' if len(line) > 60 else ''}'"
