"""Limits of JSON that another party wrote: size, depth, containers and numbers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.domain.bounded_json import JsonLimits, JsonRefusedError, parse_json

LIMITS = JsonLimits(size=1 << 20, depth=8)


def refused(text: str | bytes) -> str:
    with pytest.raises(JsonRefusedError) as caught:
        parse_json(text, LIMITS)
    return str(caught.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_what_was_written_is_read(value: object) -> None:
    limits = JsonLimits(size=1 << 20)
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False).encode()):
        assert parse_json(text, limits) == value


@pytest.mark.parametrize(
    "text",
    ["[" * 1000 + "]" * 1000, "[" * 500_000, '{"a":' * 1000 + "1" + "}" * 1000, "[{" * 5],
    ids=["lists", "open", "objects", "mixed"],
)
def test_deep_json_is_refused(text: str) -> None:
    assert refused(text) == "found more than 8 levels of nesting, expected at most 8"


def test_brackets_in_texts_are_no_levels() -> None:
    for value in ["[" * 1000, '"[{' * 1000, "\\[" * 1000, '\\"{' * 1000]:
        assert parse_json(json.dumps([value]), LIMITS) == [value]


@pytest.mark.parametrize("text", ['"' + '\\"' * 500_000, '"' * 999_999, '["\\'])
def test_a_text_without_its_end_takes_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"Unterminated|Extra data|Invalid"):
        parse_json(text, LIMITS)


def test_other_limits_are_sentences() -> None:
    most = "expected at most"
    assert refused(b"[" * 1_048_577) == f"found 1,048,577 bytes, {most} 1,048,576"
    assert refused("[" + "[]," * 60_000 + "0]") == (
        f"found more than 50,000 objects and lists, {most} 50,000"
    )
    assert refused("[1" + "0" * 5000 + "]") == f"found a number of more than 64 digits, {most} 64"
    assert refused("[NaN]") == "found NaN, expected a number that JSON has"
