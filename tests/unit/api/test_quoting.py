"""Foreign text in sentences: what a person sees of it, and how much."""

from difflib import SequenceMatcher
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.quoting import (
    SHOWN,
    beginning,
    cut,
    cut_bytes,
    listed,
    one_line,
    python_value,
    quoted,
    short,
    shown,
    visible,
)
from inference_operator.api.suggestions import closest

# Any text, also halves of characters.
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
)
ESCAPED = {
    "\x1b[2J": "\\u001b[2J",
    "\x7f": "\\u007f",
    "\x9b": "\\u009b",
    "a\nb\r": "a\\u000ab\\u000d",
    "\u2028\u2029": "\\u2028\\u2029",
    "\u202a\u202e\u2066\u2069": "\\u202a\\u202e\\u2066\\u2069",
    "\ud800": "\\ud800",
    "\U000e0001": "\\U000e0001",
    "price é 価格": "price é 価格",
}


@pytest.mark.parametrize(("text", "escaped"), ESCAPED.items(), ids=ascii)
def test_what_a_terminal_obeys_is_written_out(text: str, escaped: str) -> None:
    assert visible(text) == escaped
    assert quoted(text) == f'"{escaped}"'


@given(texts)
def test_every_text_becomes_printable_and_can_be_encoded(text: str) -> None:
    for made in (visible(text), one_line(text), quoted(text), short(text), shown(text)):
        assert made.isprintable()
        made.encode()


@given(texts)
def test_to_escape_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert one_line(one_line(text)) == one_line(text)


@given(texts, st.integers(8, 60))
def test_a_quoted_text_is_as_short_as_it_is_to_be(text: str, most: int) -> None:
    assert len(short(text, most)) <= most
    assert short(text, most) == text or len(visible(text)) > most or not text.isprintable()


@given(values)
def test_every_value_of_json_is_shown_in_few_characters(value: object) -> None:
    for made in (shown(value), python_value(value)):
        assert made.isprintable()
        assert len(made) <= SHOWN + 40


@pytest.mark.parametrize(
    "value",
    [10**5000, -(2**20000), {"a": [10**5000]}, [[[[]]] * 50] * 50, {"x" * 9999: 1}],
    ids=["positive", "negative", "in a map", "many lists", "a long key"],
)
def test_a_huge_value_is_shown_by_its_kind(value: object) -> None:
    assert len(shown(value)) <= SHOWN + 40


def test_a_value_that_holds_itself_is_shown() -> None:
    ring: list[object] = []
    ring.append(ring)

    assert shown(ring) == "a list of 1"


def test_a_long_name_keeps_both_ends_and_says_how_long_it_is() -> None:
    text = quoted("begin" + "x" * 1000 + "end")

    assert text.startswith('"begin')
    assert text.endswith('end" (1,008 characters)')


@given(texts, st.integers(1, 80))
def test_a_cut_goes_through_no_escape(text: str, most: int) -> None:
    escaped = visible(text)
    made = cut(escaped, most)

    assert len(made) <= most
    if made != escaped:
        kept = made.removesuffix("…")
        assert escaped.startswith(kept)
        rest = escaped[len(kept) :]
        # What is left out begins with a whole escape or with none.
        assert not kept.endswith("\\") or not rest.startswith(("u", "U")) or "\\" in text


@given(texts, st.integers(1, 80))
def test_the_beginning_of_a_text_is_one_line_that_can_be_printed(text: str, most: int) -> None:
    made = beginning(text, most)

    assert made.isprintable()
    assert made == cut(one_line(text), most)


@given(texts, st.integers(4, 80))
def test_bytes_are_cut_between_characters(text: str, most: int) -> None:
    made = cut_bytes(visible(text), most)

    assert len(made.encode()) <= most
    assert made == visible(text) or made.endswith("...")


def test_a_list_names_the_first_and_counts_the_others() -> None:
    names = [f"n{number}" for number in range(1000)]

    assert listed(names, most=2) == '"n0", "n1" and 998 more'
    assert len(listed(f"{number}{'x' * 10_000}" for number in range(1000))) < 1500


def test_the_name_that_was_probably_meant_is_found() -> None:
    assert closest("prise", ["volume", "price", "prices"]) == "price"
    assert closest("prise", ["volume"]) is None


def test_long_names_and_many_names_are_not_all_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    ratio = SequenceMatcher.ratio

    def counted(matcher: Any) -> float:
        compared.append(matcher)
        return ratio(matcher)

    monkeypatch.setattr(SequenceMatcher, "ratio", counted)

    assert closest("ab" * 500, ["ab" * 499]) is None
    assert closest("abab", [f"aba{number}" for number in range(100_000)])
    assert len(compared) <= 3
