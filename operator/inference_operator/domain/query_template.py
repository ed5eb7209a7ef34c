"""Queries that users write for their metrics, with `$namespace`, `$model`, `$revision`, `$window`.

A name becomes a quoted text, so that no value can end the quotes. `$window` becomes a duration. The
query of an analysis has `$pods` too: a regular expression of names.
"""

import re
from collections.abc import Collection, Mapping
from functools import cache

from inference_operator.api.analysis import LONGEST_QUERY as LONGEST
from inference_operator.api.analysis import Window

NAMES = ("namespace", "model", "revision")
PODS = "pods"
"""Name of the pods that a value is one of."""

NAMES_OF_ANALYSIS = (*NAMES, PODS)
_WINDOW = "window"
# A quoted text, a comment, or a `$` with the name after it. A quoted text may lack its end.
_PART = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|`[^`]*+`?)|(?P<comment>\#[^\n]*+)"""
    r"""|\$(?P<name>[a-zA-Z0-9_{]{0,40})""",
    re.DOTALL,
)
_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n"}


def problem_of(query: str, names: tuple[str, ...] = NAMES) -> str:
    """Return what is wrong with a query that may have these names and `$window`, as a sentence;
    "" if it is right.

    >>> problem_of('sum(rate(errors{pod=~"a$", namespace=$namespace}[$window]))')
    ''
    >>> problem_of('errors{namespace="$namespace"}')
    'found $namespace within quotes: remove the quotes, the operator writes them'
    """
    if len(query) > LONGEST:
        return f"found {len(query):,} characters, expected at most {LONGEST:,}: shorten the query"
    for part in _PART.finditer(query):
        name = part["name"]
        if part["quoted"] and (inside := _in_quotes(names).search(part["quoted"])):
            return f"found {inside[0]} within quotes: remove the quotes, the operator writes them"
        if name is not None and name not in (*names, _WINDOW):
            expected = ", ".join(f"${each}" for each in (*names, _WINDOW))
            return f"found ${name}, expected one of {expected}: correct the name"
    return ""


def names_pods(query: str) -> bool:
    """Return whether a query has `$pods` outside of quotes and comments.

    >>> names_pods("errors{pod=~$pods}"), names_pods("errors # of $pods")
    (True, False)
    """
    return any(part["name"] == PODS for part in _PART.finditer(query))


def one_of(names: Collection[str]) -> str:
    """Return the regular expression that fits these names of pods alone.

    >>> one_of(["price-7d9c-x2z4w", "a.b"])
    'price-7d9c-x2z4w|a\\\\.b'
    """
    return "|".join(name.replace(".", r"\.") for name in names)


@cache
def _in_quotes(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\$(?:{'|'.join((*names, _WINDOW))})\b")


def fill(query: str, values: Mapping[str, str], window: Window) -> str:
    """Return the query with the values of its names as quoted texts, and the window as a duration.

    Raises:
        ValueError: if `problem_of` has a sentence about the query.

    >>> values = {"namespace": 'a"} or up #', "model": "m", "revision": "r"}
    >>> print(fill("errors{namespace=$namespace}[$window]", values, Window.ONE_MINUTE))
    errors{namespace="a\\"} or up #"}[1m]
    """
    if problem := problem_of(query, tuple(values)):
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
