"""Keys of cached answers: equal for equal questions, and different for all others."""

from typing import Any

import numpy as np
import pytest

from serving.gateway.cache_key import Asked, cache_key

ASKED = Asked("price", "lstm", "3")
BARS = np.arange(10.0).reshape(2, 5)

SAME: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = [
    ("integers and floats", (np.arange(10).reshape(2, 5),), (BARS,)),
    ("another memory order", (np.asfortranarray(BARS),), (BARS,)),
    ("a view", (np.concatenate([BARS, BARS])[:2],), (BARS,)),
    ("minus zero", (-0.0,), (0.0,)),
    ("an array with minus zero", (np.array([-0.0]),), (np.array([0.0]),)),
    ("big-endian numbers", (BARS.astype(">f8"),), (BARS,)),
]
DIFFERENT: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = [
    ("a number", (BARS,), (BARS + 1,)),
    ("the last bit", (1.0,), (float(np.nextafter(1.0, 2.0)),)),
    ("a shape", (BARS,), (BARS.reshape(5, 2),)),
    ("the split of two texts", ("ab", "c"), ("a", "bc")),
    ("an absent and an empty text", (None,), ("",)),
    ("a text and a number", ("1.0",), (1.0,)),
    ("the order", ("a", "b"), ("b", "a")),
    ("a symbol", ("AAPL", BARS), ("IBM", BARS)),
    ("the count of parts", ("a",), ("a", None)),
    ("large and small letters", ("rise",), ("Rise",)),
    ("two forms of a letter", ("\u00e9",), ("e\u0301",)),
]


@pytest.mark.parametrize(("first", "second"), [row[1:] for row in SAME], ids=[r[0] for r in SAME])
def test_one_question_has_one_key(first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    assert cache_key(ASKED, *first) == cache_key(ASKED, *second)


@pytest.mark.parametrize(
    ("first", "second"), [row[1:] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT]
)
def test_keys_tell_apart(first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    assert cache_key(ASKED, *first) != cache_key(ASKED, *second)


def test_route_model_version_and_arm_are_part_of_the_key() -> None:
    places = [
        ASKED,
        Asked("ensemble", "lstm", "3"),
        Asked("price", "gru", "3"),
        Asked("price", "lstm", "4"),
        Asked("price", "lstm", "3", arm="b"),
        Asked("pricel", "stm", "3"),
    ]
    assert len({cache_key(place, BARS) for place in places}) == len(places)


def test_a_lone_surrogate_has_a_key_too() -> None:
    assert cache_key(ASKED, "\ud800") != cache_key(ASKED, "\udfff")
