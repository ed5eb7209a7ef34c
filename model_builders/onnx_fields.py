"""Reader of fields of an ONNX file, which does not parse its weights and nodes.

Protobuf makes an object of each message, and an empty message has two bytes. A file of 2 MB would
take 300 MiB, and weights twice their size. Here the file is read through a small window.
"""

import io
from collections.abc import Iterator

WINDOW = 64 << 10
_MAX_FIELDS = 300_000
_MAX_SIZE = 2**31 - 1
_AGAIN = "upload the artifact again"
BROKEN = "a file that is not ONNX, or is truncated"

_FIXED_SIZES = {1: 8, 5: 4}
_VARINT, _BYTES = 0, 2
_LARGEST_TAG = 2**32

Field = tuple[int, int, int]
"""Number of the field, and the offsets of the value's begin and end."""


class NotOnnxError(ValueError):
    """The file is not an ONNX model that can be served; the error holds value and remedy."""

    def __init__(
        self, value: str, requirement: str = "an ONNX model", remedy: str = _AGAIN
    ) -> None:
        super().__init__(value)
        self.requirement, self.remedy = requirement, remedy


class FieldReader:
    """Steps over encoded fields of an open file, counts them, and finds one text on the way."""

    def __init__(self, file: io.RawIOBase, text: bytes = b"\n") -> None:
        """Read `file`, which is seekable; `may_hold_text` searches for `text`."""
        self._file, self._text = file, text
        self.size = file.seek(0, io.SEEK_END)
        if self.size > _MAX_SIZE:
            raise NotOnnxError(
                f"{self.size:,} bytes",
                f"at most {_MAX_SIZE:,}, since protobuf reads no more",
                "save the model with its weights in another file",
            )
        self._window, self._start = b"", 0
        self._left = _MAX_FIELDS
        # The text does not begin between these two places.
        self._searched_from, self._next_text = 0, -1

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield strings and messages between two places; step over numbers."""
        place = start
        while place < end:
            self._left -= 1
            if self._left < 0:
                raise NotOnnxError(
                    f"more than {_MAX_FIELDS:,} nodes, weights and other fields",
                    "a graph that can be read",
                    "export the model with fewer nodes, and lists of strings outside of it",
                )
            tag, place = self._number(place, end)
            kind = tag & 7
            if kind == _BYTES:
                size, place = self._number(place, end)
            elif kind == _VARINT:
                size = self._number(place, end)[1] - place
            else:
                size = _FIXED_SIZES.get(kind, end)
            last = place + size
            if last > end or not 8 <= tag < _LARGEST_TAG:
                raise NotOnnxError(BROKEN)
            if kind == _BYTES:
                yield tag >> 3, place, last
            place = last

    def content(self, start: int, end: int) -> bytes:
        """Return the bytes between two places; the caller bounds them."""
        first = start - self._start
        if first >= 0 and end - self._start <= len(self._window):
            return self._window[first : end - self._start]
        data = self._read(start, end - start)
        if len(data) < end - start:
            raise NotOnnxError(BROKEN)
        return data

    def may_hold_text(self, start: int, end: int) -> bool:
        """Return whether the text may be between two places that are at most a window apart.

        The searched range is remembered, so that each byte is searched once.
        """
        if not self._searched_from <= start <= self._next_text:
            self._search(start, end)
        return self._next_text + len(self._text) <= end

    def _search(self, start: int, end: int) -> None:
        data, first = self._window, self._start
        if start < first or end - first > len(data):
            data, first = self.content(start, end), start
        index = data.find(self._text, start - first)
        self._searched_from = start
        # The text may begin before the place where the search stopped.
        self._next_text = first + (index if index >= 0 else len(data) - len(self._text) + 1)

    def _number(self, place: int, end: int) -> tuple[int, int]:
        offset = place - self._start
        if place >= end or not 0 <= offset < len(self._window) - 10:
            self._move(place, end)
            offset = 0
        byte = self._window[offset]
        if byte < 0x80:
            return byte, place + 1
        value, shift = byte & 0x7F, 7
        # A number has at most ten bytes, with seven bits each.
        for byte in self._window[offset + 1 : offset + min(10, end - place)]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value, place + shift // 7
        raise NotOnnxError(BROKEN)

    def _move(self, place: int, end: int) -> None:
        self._window, self._start = self._read(place, WINDOW), place
        if place >= end or not self._window:
            raise NotOnnxError(BROKEN)

    def _read(self, place: int, size: int) -> bytes:
        self._file.seek(place)
        return self._file.read(size) or b""
