"""Lines for a terminal: spans of colour, cut and wrapped to a width."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from inference_operator.api.quoting import one_line

_RESET = "\x1b[0m"
_LONGEST_TEXT = 4000


class Colour(StrEnum):
    """Escape sequences that begin a colour."""

    PLAIN = ""
    BOLD = "\x1b[1m"
    FAINT = "\x1b[2m"
    RED = "\x1b[31m"
    GREEN = "\x1b[32m"
    YELLOW = "\x1b[33m"


@dataclass(frozen=True, slots=True)
class Style:
    """What the terminal can show."""

    width: int = 80
    has_colours: bool = False
    has_unicode: bool = True

    @property
    def ellipsis(self) -> str:
        return "…" if self.has_unicode else "..."

    def mark(self, symbol: str, plain: str) -> str:
        """Return a symbol, or its replacement in ASCII."""
        return symbol if self.has_unicode else plain


@dataclass(frozen=True, slots=True)
class Span:
    """A text in one colour."""

    text: str
    colour: Colour = Colour.PLAIN


Line = tuple[Span, ...]


def line(*parts: Span | str) -> Line:
    """Return a line of spans; a plain text is one without a colour."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def columns(text: str) -> int:
    """Return the width of a printable text in a terminal.

    >>> columns("price"), columns("価格")
    (5, 4)
    """
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Return the text, or its beginning and an ellipsis, in at most `width` columns.

    >>> fit("price", 5), fit("prices", 5)
    ('price', 'pric…')
    """
    if columns(text) <= width:
        return text
    room, kept = width - columns(ellipsis), ""
    for char in text:
        room -= columns(char)
        if room < 0:
            break
        kept += char
    return (kept + ellipsis) if width >= columns(ellipsis) else ""


def wrap(text: str, width: int, most: int, ellipsis: str = "…") -> list[str]:
    """Return the text on at most `most` lines of `width` columns; the last one is cut if need be.

    >>> wrap("one two three four", 9, 2)
    ['one two', 'three fo…']
    """
    words = one_line(text[:_LONGEST_TEXT]).split(" ")
    wrapped = [""]
    for piece in chain.from_iterable(_pieces(word, width) for word in words):
        joined = f"{wrapped[-1]} {piece}" if wrapped[-1] else piece
        if columns(joined) <= width:
            wrapped[-1] = joined
        else:
            wrapped.append(piece)
    if len(wrapped) <= most:
        return wrapped
    rest = " ".join(wrapped[most - 1 :])
    return [*wrapped[: most - 1], fit(rest, width, ellipsis)]


def _pieces(word: str, width: int) -> Iterator[str]:
    """Yield the word in parts that fit into `width` columns, which are two or more."""
    while columns(word) > width:
        begin = fit(word, width, "")
        yield begin
        word = word[len(begin) :]
    yield word


def paint(lines: Iterable[Line], style: Style) -> Iterator[str]:
    """Yield each line as the terminal gets it: cut to its width, with colours if it has some."""
    for spans in lines:
        yield _painted(spans, style)


def _painted(spans: Line, style: Style) -> str:
    room, painted = style.width, ""
    for span in spans:
        text = fit(span.text, room, style.ellipsis)
        is_coloured = style.has_colours and span.colour and text
        painted += f"{span.colour}{text}{_RESET}" if is_coloured else text
        room -= columns(text)
        if text != span.text:
            break
    return painted if style.has_colours else painted.rstrip()
