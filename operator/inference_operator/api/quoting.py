"""Foreign text in sentences: on one line, with nothing in it that a terminal obeys, and short.

Only the standard library and nothing of ours: every layer quotes, and the init container too.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping

SHOWN = 90
"""Characters of one quoted value."""
LISTED = 10
"""Names that a sentence lists."""
MOST_PROBLEMS = 20
"""Problems that a person is told of at once."""
_PARTS = 40
# An escape that a cut went through.
_BROKEN_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{0,3}|U[0-9a-f]{0,7})?\Z")


def _escape(one: str) -> str:
    return f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}"


def visible(text: str, escape: Callable[[str], str] = _escape) -> str:
    r"""Return the text with escapes such as `\u001b` for what cannot be printed.

    Those are control characters, ends of lines, marks that turn the direction of writing, lone
    surrogates and other spaces than the plain one. To escape twice changes nothing.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else escape(one) for one in text)


def one_line(text: str) -> str:
    """Return the visible text, with one space for each run of spaces and line ends."""
    return visible(" ".join(text.split()))


def cut(text: str, most: int) -> str:
    """Return the visible text, or its beginning and `…` where it has more characters.

    No escape is cut into two.
    """
    return text if len(text) <= most else _whole(text[: most - 1]) + "…"


def beginning(text: str, most: int = SHOWN) -> str:
    """Return the text as `one_line` does, or its beginning and `…` where it is longer."""
    return cut(visible(" ".join(text.split())[: most + 1]), most)


def cut_bytes(text: str, most: int) -> str:
    """Return the visible text, or its beginning and `...` where it has more bytes of UTF-8."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return text
    return _whole(data[: most - 3].decode("utf-8", "ignore")) + "..."


def _whole(text: str) -> str:
    """Return the text without the part of an escape that it may end with."""
    return _BROKEN_ESCAPE.sub("", text)


def short(text: str, most: int = SHOWN) -> str:
    """Return the visible text; with `...` for its middle where it is longer than `most`.

    Names differ at their ends. `quoted` says the length too.
    """
    if len(text) <= most and len(whole := visible(text)) <= most:
        return whole
    half = most // 2
    begin, end = text[:half], text[half + 3 - most :]
    if not (begin.isprintable() and end.isprintable()):
        begin = "".join(_fitting(begin, half))
        end = "".join(reversed(_fitting(reversed(end), most - half - 3)))
    return f"{begin}...{end}"


def _fitting(characters: Iterable[str], room: int) -> list[str]:
    """Return the first characters, each of them visible, that fit into `room`."""
    found: list[str] = []
    for one in map(visible, characters):
        room -= len(one)
        if room < 0:
            break
        found.append(one)
    return found


def quoted(text: str, mark: str = '"', most: int = SHOWN) -> str:
    """Return the text in quotes, at most `most` characters of it; a longer one with its length.

    >>> quoted("price"), quoted("a" * 300, most=8)
    ('"price"', '"aaaa...a" (300 characters)')
    """
    inside = short(text, most)
    is_whole = len(text) <= most and inside == visible(text)
    return f"{mark}{inside}{mark}" + ("" if is_whole else f" ({len(text):,} characters)")


def python_value(value: object) -> str:
    """Return any value of JSON as `shown` does, in the way that Python writes it.

    >>> python_value("a"), python_value(None), python_value(True)
    ("'a'", 'None', 'True')
    """
    return shown(value, "'", repr)


def _json(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def shown(value: object, mark: str = '"', write: Callable[[object], str] = _json) -> str:
    """Return any value of JSON as a message quotes it: texts in quotes, large ones by their kind.

    >>> shown("a"), shown(3), shown([1, 2]), shown(None), shown({"a": "b" * 200})
    ('"a"', '3', '[1, 2]', 'null', 'a map of 1')
    """
    if isinstance(value, str):
        return quoted(value, mark)
    if _is_huge(value):
        # Python writes no number of more than 4300 digits.
        return "a number of more than 64 bits"
    if isinstance(value, Mapping | list | tuple):
        written = _written(value, write)
        kind = "map" if isinstance(value, Mapping) else "list"
        return f"a {kind} of {len(value):,}" if written is None else written
    return short(write(value))


def _is_huge(value: object) -> bool:
    return isinstance(value, int) and value.bit_length() > 64


def _written(value: object, write: Callable[[object], str]) -> str | None:
    """Return a small map or list as JSON; None for one that is long or deep."""
    if _parts(value, _PARTS) < 0:
        return None
    try:
        written = visible(write(value))
    except (ValueError, TypeError):
        return None
    return written if len(written) <= SHOWN else None


def _parts(value: object, room: int) -> int:
    """Return what is left of `room` once each part of the value took one; negative: no room."""
    waiting = [value]
    while waiting and room >= 0:
        one = waiting.pop()
        room -= 1
        if isinstance(one, Mapping | list | tuple):
            if len(one) > room:
                return -1
            waiting += one.values() if isinstance(one, Mapping) else one
        elif (isinstance(one, str) and len(one) > SHOWN) or (
            isinstance(one, int) and one.bit_length() >= 64
        ):
            return -1
    return room


def listed(
    names: Iterable[str],
    otherwise: str = "nothing",
    show: Callable[[str], str] = quoted,
    most: int = LISTED,
) -> str:
    """Return the first names, each once, and how many more there are; `otherwise` for none.

    >>> listed(["b", "a", "b"]), listed([]), listed("abc", most=2)
    ('"b", "a"', 'nothing', '"a", "b" and 1 more')
    """
    different = list(dict.fromkeys(names))
    first = ", ".join(map(show, different[:most]))
    more = len(different) - most
    return f"{first} and {more:,} more" if more > 0 else first or otherwise


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return the number with its noun, which is plural unless the number is 1.

    >>> counted(1, "replica"), counted(2000, "replica"), counted(0, "copy", "copies")
    ('1 replica', '2,000 replicas', '0 copies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
