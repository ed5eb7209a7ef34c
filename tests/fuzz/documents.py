"""Mutations of JSON documents: of their shape, and of the texts in them."""

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.fuzz.mutate import ODD, text_mutation, words_of
from tests.fuzz.target import Mutator

Place = tuple[Any, Any]
"""A map or list, and the key or index in it."""

_SCALARS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**40, 0.5, -0.0, 1e308, "", [], {},
    [[]], {"": None}, [None], "0", "1Gi", "1e9", "5m", "-1s",
)  # fmt: skip
_DEPTH = (3, 40, 200)
_MOST_LEVELS = 250


def encode(document: Any) -> bytes:
    """Return the document as an input."""
    return json.dumps(document, ensure_ascii=True).encode()


def decode(data: bytes) -> dict[str, Any]:
    """Return the document of an input, an empty one where it is not a map in JSON.

    Surrogates that stand alone are replaced: no API server stores them.
    """
    try:
        document = json.loads(data.decode("utf-8"), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return {}
    return _encodable(document) if isinstance(document, dict) else {}


def json_mutator(seeds: Sequence[bytes]) -> Mutator:
    """Mutate documents; keys and texts come from the seeds and from what readers trip over."""
    words = words_of(seeds)

    def mutate(rng: Random, data: bytes) -> bytes:
        document = decode(data) or decode(rng.choice(seeds))
        donor = decode(rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            places = _places(document)
            if not places:
                return rng.choice(seeds)
            _change(rng, rng.choice(places), words, donor)
        return encode(document) if _is_shallow(document) else rng.choice(seeds)

    return mutate


def _change(rng: Random, place: Place, words: Sequence[str], donor: Any) -> None:
    outer, key = place
    value = outer[key]
    if isinstance(value, str) and rng.random() < 0.6:
        outer[key] = text_mutation(rng, value, words)
    elif rng.random() < 0.4:
        _change_shape(rng, place, words)
    else:
        outer[key] = _other(rng, value, donor)


def _change_shape(rng: Random, place: Place, words: Sequence[str]) -> None:
    """Remove, rename or repeat an entry."""
    outer, key = place
    kind = rng.randrange(3)
    if kind == 0:
        del outer[key]
    elif isinstance(outer, list):
        outer[key:key] = [copy.deepcopy(outer[key]) for _ in range(rng.choice((1, 2, 30, 300)))]
    elif kind == 1:
        outer[_name(rng, words)] = outer.pop(key)
    else:
        outer[_name(rng, words)] = copy.deepcopy(outer[key])


def _other(rng: Random, value: Any, donor: Any) -> Any:
    """Return what takes the value's place."""
    kind = rng.randrange(5)
    if kind == 0:
        return copy.deepcopy(rng.choice(_SCALARS))
    if kind == 1:
        return rng.choice(ODD)
    if kind == 2:
        return _nested(rng, value)
    if kind == 3 and isinstance(value, int | float) and abs(value) < 2**80:
        return value + rng.choice((-1, 1, 2**16, 2**62))
    places = _places(donor)
    outer, key = rng.choice(places) if places else ([None], 0)
    return copy.deepcopy(outer[key])


def _name(rng: Random, words: Sequence[str]) -> str:
    return rng.choice(words) if words and rng.random() < 0.7 else rng.choice(ODD)


def _nested(rng: Random, value: Any) -> Any:
    for _ in range(rng.choice(_DEPTH)):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value


def _is_shallow(document: Any) -> bool:
    """Return whether it is no deeper than what the operator's watches take."""
    layer = [document]
    for _ in range(_MOST_LEVELS):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return not layer


def _places(document: Any) -> list[Place]:
    """Return all places, without recursion: documents may be deep."""
    places: list[Place] = []
    waiting = [document]
    while waiting:
        outer = waiting.pop()
        pairs = outer.items() if isinstance(outer, dict) else enumerate(outer)
        for key, value in pairs:
            places.append((outer, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    return places


def _encodable(document: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(document, ensure_ascii=False)
    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return document
    encodable: dict[str, Any] = json.loads(text.encode("utf-8", "replace"))
    return encodable
