"""`WWW-Authenticate`, by the grammar of RFC 9110 (11.6.1), in one pass over its characters."""

import string
from dataclasses import dataclass, field

# Real ones have some 200 characters.
LONGEST = 8 << 10
_TOKEN = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")
_SPACE = " \t"


@dataclass(slots=True)
class Challenge:
    """An authentication scheme, in lower case, and its parameters by lower-case name."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Return the challenges in the header's order; none if it is longer than `LONGEST`.

    A malformed part is skipped up to the next comma.
    """
    challenges: list[Challenge] = []
    at = 0 if len(header) <= LONGEST else len(header)
    while at < len(header):
        start = _skip(header, at, f"{_SPACE},")
        end = _token_end(header, start)
        name, at = header[start:end].lower(), _skip(header, end, _SPACE)
        if not name:
            at = _after_comma(header, start)
        elif header[at : at + 1] != "=":
            challenges.append(Challenge(name))
        elif not challenges:
            at = _after_comma(header, at)
        else:
            value, at = _value(header, _skip(header, at + 1, _SPACE))
            challenges[-1].parameters.setdefault(name, value)
    return tuple(challenges)


def _value(header: str, at: int) -> tuple[str, int]:
    """Return a token or a quoted string, and its end."""
    if header[at : at + 1] != '"':
        end = _token_end(header, at)
        # `token68` may end in several of them.
        return header[at:end], _skip(header, end, "=")
    letters: list[str] = []
    at += 1
    while at < len(header) and header[at] != '"':
        if header[at] == "\\":
            at += 1
        letters.append(header[at : at + 1])
        at += 1
    return "".join(letters), at + 1


def _token_end(header: str, at: int) -> int:
    while at < len(header) and header[at] in _TOKEN:
        at += 1
    return at


def _skip(header: str, at: int, letters: str) -> int:
    while at < len(header) and header[at] in letters:
        at += 1
    return at


def _after_comma(header: str, at: int) -> int:
    end = header.find(",", at)
    return len(header) if end < 0 else end + 1
