"""Queries that users write for their metrics, with `$namespace`, `$model`, `$revision`, `$window`.

A name becomes a quoted text, so that no value can end the quotes. `$window` becomes a duration.
"""

import re
from collections.abc import Mapping

from inference_operator.api.analysis import LONGEST_QUERY as LONGEST
from inference_operator.api.analysis import Window

NAMES = ("namespace", "model", "revision")
_WINDOW = "window"
# A quoted text, a comment, or a `$` with the name after it. A quoted text may lack its end.
_PART = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|`[^`]*+`?)|(?P<comment>\#[^\n]*+)"""
    r"""|\$(?P<name>[a-zA-Z0-9_{]{0,40})""",
    re.DOTALL,
)
_IN_QUOTES = re.compile(rf"\$(?:{'|'.join((*NAMES, _WINDOW))})\b")
_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n"}


def problem_of(query: str) -> str:
    """Return what is wrong with the names of a query, as a sentence; "" if it is right.

    >>> problem_of('sum(rate(errors{pod=~"a$", namespace=$namespace}[$window]))')
    ''
    >>> problem_of('errors{namespace="$namespace"}')
    'found $namespace within quotes: remove the quotes, the operator writes them'
    """
    if len(query) > LONGEST:
        return f"found {len(query):,} characters, expected at most {LONGEST:,}: shorten the query"
    for part in _PART.finditer(query):
        name = part["name"]
        if part["quoted"] and (inside := _IN_QUOTES.search(part["quoted"])):
            return f"found {inside[0]} within quotes: remove the quotes, the operator writes them"
        if name is not None and name not in (*NAMES, _WINDOW):
            expected = ", ".join(f"${each}" for each in (*NAMES, _WINDOW))
            return f"found ${name}, expected one of {expected}: correct the name"
    return ""


def fill(query: str, values: Mapping[str, str], window: Window) -> str:
    """Return the query with the values of `NAMES` as quoted texts, and the window as a duration.

    Raises:
        ValueError: if `problem_of` has a sentence about the query.

    >>> values = {"namespace": 'a"} or up #', "model": "m", "revision": "r"}
    >>> print(fill("errors{namespace=$namespace}[$window]", values, Window.ONE_MINUTE))
    errors{namespace="a\\"} or up #"}[1m]
    """
    if problem := problem_of(query):
        raise ValueError(problem)

    def replaced(part: re.Match[str]) -> str:
        if part["name"] is None:
            return part[0]
        return str(window) if part["name"] == _WINDOW else quoted(values[part["name"]])

    return _PART.sub(replaced, query)


def quoted(value: str) -> str:
    """Return a text in quotes, as PromQL reads it."""
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    # A half of a surrogate pair is no character, and cannot be sent.
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return character if character >= " " else f"\\x{ord(character):02x}"
