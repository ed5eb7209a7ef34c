"""Reader of JSON that another party wrote: size and depth are checked before anything is built.

`json.loads` raises RecursionError at about a thousand levels, and what it builds from a little
less makes every later walk over the value raise it. It also reads `NaN`, which is not JSON.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

# Also a string without its end, so that the search never begins again inside it.
_STRING = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
# Digits of a number: `json.loads` takes thousands, which a float or a Go program cannot hold.
NUMBER_LENGTH = 64
_LONG_NUMBER = re.compile(rf"(?<![0-9])[0-9]{{{NUMBER_LENGTH + 1}}}")
# Objects and lists. A hundred thousand empty lists take `json.loads` longer than 1 MiB of text.
MOST_CONTAINERS = 50_000


class JsonRefusedError(ValueError):
    """JSON beyond a limit; the message says what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """What a text of JSON may have at most."""

    size: int
    """Bytes, or characters where the text is decoded already."""

    depth: int = 32


def parse_json(text: str | bytes, limits: JsonLimits) -> Any:
    """Return the value; JsonRefusedError beyond a limit, any ValueError where it is not JSON."""
    if len(text) > limits.size:
        raise JsonRefusedError(f"found {len(text):,} bytes, expected at most {limits.size:,}")
    decoded = text if isinstance(text, str) else text.decode("utf-8")
    _check(_STRING.sub("", decoded), limits.depth)
    return json.loads(decoded, parse_constant=_refuse_constant)


def _check(without_strings: str, most_levels: int) -> None:
    if _LONG_NUMBER.search(without_strings):
        raise _refusal(f"found a number of more than {NUMBER_LENGTH} digits", NUMBER_LENGTH)
    containers = depth = 0
    for bracket in _BRACKET.finditer(without_strings):
        if bracket[0] in "]}":
            depth -= 1
            continue
        depth += 1
        containers += 1
        if depth > most_levels:
            raise _refusal(f"found more than {most_levels} levels of nesting", most_levels)
        if containers > MOST_CONTAINERS:
            most = MOST_CONTAINERS
            raise _refusal(f"found more than {most:,} objects and lists", most)


def _refusal(found: str, most: int) -> JsonRefusedError:
    return JsonRefusedError(f"{found}, expected at most {most:,}")


def _refuse_constant(name: str) -> NoReturn:
    raise JsonRefusedError(f"found {name}, expected a number that JSON has")
