"""Equal parts are one object, different ones never are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.observation.interning import LARGEST, MEMBERS, REMEMBERED_WEIGHT, Interner

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=12,
)


def text(value: Any) -> str:
    """Tells True from 1, and 1 from 1.0."""
    return json.dumps(value)


@given(st.lists(JSON, max_size=8))
def test_copies_say_what_their_originals_said(values: list[Any]) -> None:
    sharing = Interner(remembered=4)
    before = [text(value) for value in values]
    copies = [sharing.copy(value) for value in values]

    assert [text(copied) for copied in copies] == before


def test_equal_parts_are_the_same_object() -> None:
    sharing = Interner()
    first = sharing.copy({"name": "a", "probe": {"path": "/ready", "port": 8000}, "args": ["-v"]})
    two = sharing.copy({"name": "b", "probe": {"path": "/ready", "port": 8000}, "args": ["-v"]})

    assert first["probe"] is two["probe"]
    assert first["args"] is two["args"]
    assert first is not two


def test_an_empty_map_is_no_empty_list() -> None:
    sharing = Interner()

    assert (sharing.copy({}), sharing.copy([])) == ({}, [])


def test_the_original_is_left_as_it_is() -> None:
    original = {"labels": {"app": "x"}}
    copied = Interner().copy(original)
    original["labels"]["app"] = "y"

    assert copied == {"labels": {"app": "x"}}


def test_it_remembers_no_more_than_it_may() -> None:
    sharing = Interner(remembered=10)
    for number in range(100):
        sharing.copy({"number": number})

    assert len(sharing._parts) == 10


def test_what_is_met_often_stays_parts() -> None:
    sharing = Interner(remembered=4)
    first = sharing.copy({"path": "/ready"})
    for number in range(100):
        sharing.copy({"number": number})
        assert sharing.copy({"path": "/ready"}) is first


# Each is larger than what is shared: by its members, its values or the length of its texts.
LARGE: dict[str, Any] = {
    "a list": list(range(MEMBERS + 1)),
    "a map": {f"l{number}": "" for number in range(MEMBERS + 1)},
    "a tree": [[number] * 16 for number in range(LARGEST // 16)],
    "a text": {"a": "x" * 64 * LARGEST},
    "a key": {"x" * 64 * LARGEST: 1},
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_part_is_not_remembered_and_neither_is_what_holds_it(name: str) -> None:
    sharing = Interner()
    assert sharing.copy({"data": {"kept": LARGE[name]}}) == {"data": {"kept": LARGE[name]}}

    weights = [weight for _, weight in sharing._parts.values()]
    assert len(weights) <= LARGEST // 16
    assert max(weights, default=0) <= LARGEST


def test_what_is_remembered_is_bounded_by_its_weight() -> None:
    sharing = Interner()
    for number in range(3000):
        sharing.copy([number, *range(MEMBERS - 1)])

    total = sum(weight for _, weight in sharing._parts.values())
    assert total == sharing._weight <= REMEMBERED_WEIGHT
