"""Lines of answered rows: the row, whether it was answered well, its length, and its JSON.

A line that was cut by the end of a process or by a full disk does not have its length, and is
passed over. Each line has line ends on both sides, so that the next one is whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Row:
    """The answer of one row, as JSON bytes."""

    number: int
    succeeded: bool
    content: bytes


def line_of(number: int, answer: dict[str, Any]) -> bytes:
    r"""Return the line of a row's answer: `result` or `problem` in a mapping.

    >>> line_of(7, {"result": 1})
    b'\n7 1 12 {"result":1}\n'
    """
    content = orjson.dumps(answer)
    succeeded = int("problem" not in answer)
    return b"\n%d %d %d %b\n" % (number, succeeded, len(content), content)


def rows_of(lines: Iterable[bytes]) -> Iterator[Row]:
    r"""Yield the rows of whole lines, the first of each number only.

    >>> [row.number for row in rows_of([b"\n", b'7 1 2 {}\n', b'8 1 20 {"res', b'7 1 2 {}\n'])]
    [7]
    """
    seen: set[int] = set()
    for line in lines:
        parts = line.rstrip(b"\n").split(b" ", 3)
        if len(parts) != 4 or not all(part.isdigit() for part in parts[:3]):
            continue
        number = int(parts[0])
        if len(parts[3]) != int(parts[2]) or number in seen or not line.endswith(b"\n"):
            continue
        seen.add(number)
        yield Row(number, parts[1] == b"1", parts[3])
