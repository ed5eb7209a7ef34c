"""Reader of JSON that another party wrote: it checks size and depth before it builds anything.
`json.loads` raises RecursionError at about a thousand levels. Its result for slightly fewer levels
makes every later walk over the value raise it. It also reads `NaN`, which is not JSON."""

import itertools
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

# Also a string without its end, so that the search never begins again inside it.
_STRING = re.compile(r'"[^"]*+(?:"|\Z)')
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_LEVELS = {"{": 1, "[": 1, "}": -1, "]": -1}
# Digits of a number: `json.loads` takes thousands, which a float or a Go program cannot hold.
NUMBER_LENGTH = 64
_LONG_NUMBER = re.compile(rf"(?<![0-9])[0-9]{{{NUMBER_LENGTH + 1}}}")
# Objects and lists. A hundred thousand empty lists take `json.loads` longer than 1 MiB of text.
MOST_CONTAINERS = 50_000


class JsonRefusedError(ValueError):
    """JSON beyond a limit; the message gives the value and the limit."""


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """Limits of a JSON text."""

    size: int
    """Bytes, or characters if the text is already decoded."""

    depth: int = 32
    containers: int = MOST_CONTAINERS
    """Objects and lists together."""


def parse_json(text: str | bytes, limits: JsonLimits) -> Any:
    """Return the value; raise JsonRefusedError beyond a limit, and any ValueError for other bad
    JSON."""
    if len(text) > limits.size:
        raise JsonRefusedError(f"found {len(text):,} bytes, expected at most {limits.size:,}")
    decoded = text if isinstance(text, str) else text.decode("utf-8")
    without_strings = _without_strings(decoded)
    _check_numbers(without_strings)
    _check_brackets(without_strings, limits.depth, limits.containers)
    return json.loads(decoded, parse_constant=_refuse_constant)


def _without_strings(text: str) -> str:
    # Escaped backslashes first: the quote after one ends a string.
    return _STRING.sub("", text.replace("\\\\", "").replace('\\"', ""))


def check_size(text: str, levels: int, containers: int, values: int) -> None:
    """Raise JsonRefusedError beyond so many levels, objects and lists, or values in all. It builds
    nothing, and the text need not be JSON."""
    without_strings = _without_strings(text)
    _check_brackets(without_strings, levels, containers)
    if without_strings.count(",") > values:
        raise _refusal(f"found more than {values:,} values", values)
    _check_numbers(without_strings)


def _check_numbers(without_strings: str) -> None:
    if _LONG_NUMBER.search(without_strings):
        raise _refusal(f"found a number of more than {NUMBER_LENGTH} digits", NUMBER_LENGTH)


def _check_brackets(without_strings: str, most_levels: int, most_containers: int) -> None:
    is_over = without_strings.count("{") + without_strings.count("[") > most_containers
    # If there are too many, the beginning will do: a walk over a million takes a tenth of a second.
    looked_at = without_strings[: 2 * most_containers] if is_over else without_strings
    brackets = _NO_BRACKETS.sub("", looked_at)
    # Closing ones without an opening one, however many, add no depth.
    depths = itertools.accumulate(map(_LEVELS.__getitem__, brackets[: 2 * most_containers + 2]))
    if max(depths, default=0) > most_levels:
        raise _refusal(f"found more than {most_levels} levels of nesting", most_levels)
    if is_over:
        raise _refusal(f"found more than {most_containers:,} objects and lists", most_containers)


def _refusal(value: str, most: int) -> JsonRefusedError:
    return JsonRefusedError(f"{value}, expected at most {most:,}")


def _refuse_constant(name: str) -> NoReturn:
    raise JsonRefusedError(f"found {name}, expected a number that JSON has")
