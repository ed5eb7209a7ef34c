"""How much room a text takes in a drawing, and what becomes of one that takes too much."""

import unicodedata

from inference_operator.api.quoting import visible

CHAR = 7.3
"""Width of a character of 12 px in a monospaced font: 0.6 em in most, and a little to spare."""
LINE = 17.0
"""From one line of text to the next."""
_MOST = 44


def width_of(text: str) -> float:
    return CHAR * sum(map(_cells, shortened(text)))


def shortened(text: str) -> str:
    """The text with its middle left out, where it is long; names differ at their ends."""
    text = visible(text)
    half = _MOST // 2
    return text if len(text) <= _MOST else f"{text[: half - 1]}…{text[-half:]}"


def _cells(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
