"""Copies of objects as the API server holds them: several times as fast as `copy.deepcopy`."""

import copy
from typing import TypeVar

_T = TypeVar("_T")
_PLAIN = (str, int, float, type(None))


def json_copy(value: _T) -> _T:
    """Return a copy of JSON that shares no list and no object with it.

    >>> old = {"a": [{"b": 1}]}
    >>> new = json_copy(old)
    >>> new["a"][0]["b"] = 2
    >>> old
    {'a': [{'b': 1}]}
    """
    kind = type(value)
    if kind is dict:
        return {key: json_copy(each) for key, each in value.items()}  # type: ignore
    if kind is list:
        return [json_copy(each) for each in value]  # type: ignore
    return value if isinstance(value, _PLAIN) else copy.deepcopy(value)
