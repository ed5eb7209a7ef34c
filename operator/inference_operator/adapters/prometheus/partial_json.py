"""Reader of a JSON text that comes in parts: it decodes one short value at a time.

`json.loads` of a text of some MB holds the interpreter until its end, and all other threads with
it. Here the interpreter may turn to them after each value.
"""

import codecs
import json
import re
from collections.abc import Callable, Generator
from typing import Any, NoReturn, TypeVar

from inference_operator.domain.bounded_json import (
    NUMBER_LENGTH,
    JsonRefusedError,
    check_size,
)

DEPTH = 8
"""Levels of nesting of one value."""

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"[-+.0-9eE]*")
_BEGINNINGS = frozenset('{["-0123456789tfnNI')
# A value with fewer objects and lists is not nested more deeply than it may be.
_FLAT = DEPTH
_T = TypeVar("_T")
Steps = Generator[None, None, _T]
"""Reading that stops where it needs more text than there is."""


class NotJsonError(ValueError):
    """Text that is no JSON."""


class PartialJson:
    """The text that was not read yet, and the place in it.

    The methods that return Steps take the text from the place on. They raise NotJsonError for what
    is no JSON, and JsonRefusedError beyond a limit.
    """

    def __init__(self) -> None:
        self._text = ""
        self._place = 0
        self._needed = 0
        self._is_whole = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def add(self, part: bytes, is_last: bool) -> bool:
        """Add a part of the text; return whether there is enough to read on."""
        try:
            text = self._decoder.decode(part, is_last)
        except UnicodeDecodeError:
            raise NotJsonError from None
        self._text = self._text[self._place :] + text
        self._place = 0
        self._is_whole = is_last
        return is_last or len(self._text) >= self._needed

    def next(self) -> Steps[str]:
        """Return the next character that is no space, and stay before it; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._place)
            assert match is not None
            self._place = match.end()
            if self._place < len(self._text):
                return self._text[self._place]
            if self._is_whole:
                return ""
            self._needed = 1
            yield

    def step(self, allowed: str) -> Steps[str]:
        """Return the next character, which must be one of these, and go past it."""
        char = yield from self.next()
        if not char or char not in allowed:
            raise NotJsonError
        self._place += 1
        return char

    def value(self, longest: int) -> Steps[Any]:
        """Return the next value, which may have so many characters."""
        if (yield from self.next()) not in _BEGINNINGS:
            raise NotJsonError
        while True:
            decoded = self._decoded()
            length = (decoded[1] if decoded else len(self._text)) - self._place
            if decoded is None and self._is_whole:
                raise NotJsonError
            if length > longest:
                raise JsonRefusedError(
                    f"found a value of more than {longest:,} characters, or one that does not end,"
                    " expected a shorter one"
                )
            if decoded is not None:
                self._check(decoded[1], longest)
                self._place = decoded[1]
                return decoded[0]
            # Twice as much, so that a long value is not read again after each part.
            self._needed = 2 * length
            yield

    def members(self, read: Callable[[str], Steps[None]]) -> Steps[None]:
        """Read an object: its keys here, and the value of each key by `read`."""
        yield from self.step("{")
        if (yield from self.next()) == "}":
            self._place += 1
            return
        while True:
            key = yield from self.value(NUMBER_LENGTH * NUMBER_LENGTH)
            if not isinstance(key, str):
                raise NotJsonError
            yield from self.step(":")
            yield from read(key)
            if (yield from self.step(",}")) == "}":
                return

    def items(self, longest: int, take: Callable[[Any], None]) -> Steps[None]:
        """Read a list: hand over each of its values, which may have so many characters."""
        yield from self.step("[")
        if (yield from self.next()) == "]":
            self._place += 1
            return
        while True:
            take((yield from self.value(longest)))
            if (yield from self.step(",]")) == "]":
                return

    def _decoded(self) -> tuple[Any, int] | None:
        """Return the value and its end; None if it has no end, or is no JSON."""
        try:
            value, end = _DECODER.raw_decode(self._text, self._place)
        except JsonRefusedError:
            raise
        except RecursionError:
            raise JsonRefusedError(
                f"found many levels of nesting, expected at most {DEPTH}"
            ) from None
        except ValueError:
            return None
        # The rest of a number may be in the next part.
        number = _NUMBER.match(self._text, self._place)
        if number is not None and number.end() == len(self._text) and not self._is_whole:
            return None
        return value, end

    def _check(self, end: int, longest: int) -> None:
        count = self._text.count
        if count("{", self._place, end) + count("[", self._place, end) > _FLAT:
            check_size(self._text[self._place : end], DEPTH, longest, longest)


def _refused_constant(name: str) -> NoReturn:
    raise JsonRefusedError(f"found {name}, expected a number that JSON has")


def _checked_number(text: str) -> str:
    if len(text) > NUMBER_LENGTH:
        raise JsonRefusedError(f"found a number of more than {NUMBER_LENGTH} digits")
    return text


_DECODER = json.JSONDecoder(
    parse_int=lambda text: int(_checked_number(text)),
    parse_float=lambda text: float(_checked_number(text)),
    parse_constant=_refused_constant,
)
