"""Near-duplicates are all found, and whatever is chained to them shares their group."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.duplicates import groups, near_duplicates

TEXTS = st.lists(st.text("abcdefg! ", max_size=12).map(" ".join), max_size=12)


def similarity(first: str, second: str) -> float:
    sets = [set(re.findall(r"\w+", text) or [text.strip()]) for text in (first, second)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@settings(deadline=None)
@given(TEXTS, st.sampled_from([0.5, 0.6, 0.7, 0.8, 1.0]))
def test_finds_exactly_the_pairs_that_comparing_all_finds(texts: list[str], least: float) -> None:
    expected = {
        (first, second)
        for second in range(len(texts))
        for first in range(second)
        if similarity(texts[first], texts[second]) >= least
    }
    assert set(near_duplicates(texts, least)) == expected


def test_signs_and_capitals_make_no_other_sentence() -> None:
    assert list(near_duplicates(["Running late SUCKS!!!", "running late sucks."])) == [(0, 1)]


def test_smileys_are_told_apart() -> None:
    assert list(near_duplicates([":-)", ":-(", ":-)"])) == [(0, 2)]


def test_documents_and_duplicates_chain() -> None:
    texts = ["the pump broke", "we went home", "The pump broke!", "a sunny day", "it was late"]
    documents = ["a", "a", "b", "b", "c"]
    assert groups(texts, documents).tolist() == [0, 0, 0, 0, 4]
