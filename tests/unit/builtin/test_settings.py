"""The settings of built-in steps: their defaults, and values that are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from inference_operator.api.builtin import Builtin, EmptyText, TooLong
from inference_operator.api.validate import field_errors

VOCABULARY = {"uri": "https://words.test/vocab.txt"}


def refusal(builtin: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Builtin.model_validate(builtin)
    return [str(error) for error in field_errors(caught.value, Builtin, "builtin")]


def test_a_step_without_a_word_is_as_in_training() -> None:
    tokenizer = Builtin.model_validate({"tokenizer": {}}).tokenizer
    assert tokenizer is not None
    assert (tokenizer.max_tokens, tokenizer.vocabulary) == (512, None)
    assert (tokenizer.too_long, tokenizer.empty_text) == (TooLong.CUT, EmptyText.REFUSE)


@pytest.mark.parametrize("scheme", ["https", "s3", "gs", "oci", "pvc"])
def test_words_come_from_any_place_of_files(scheme: str) -> None:
    ending = ":1" if scheme == "oci" else ""
    uri = f"{scheme}://words/vocab.txt{ending}"
    tokenizer = Builtin.model_validate({"tokenizer": {"vocabulary": {"uri": uri}}}).tokenizer
    assert tokenizer is not None
    assert tokenizer.vocabulary is not None
    assert tokenizer.vocabulary.uri == uri


@pytest.mark.parametrize("uri", ["models:/words@champion", "runs:/0a1b/words"])
def test_words_do_not_come_from_the_registry(uri: str) -> None:
    assert refusal({"tokenizer": {"vocabulary": {"uri": uri}}}) == [
        f'builtin.tokenizer.vocabulary.uri: found "{uri}", expected the uri of a file, since a'
        " registered model is not a vocabulary; store the vocab.txt at an https://, s3://, gs://,"
        " oci:// or pvc:// uri"
    ]


@pytest.mark.parametrize(
    "builtin", [{}, {"tokenizer": {}, "ohlcvFeatures": {}}, {"weightedAverage": None}]
)
def test_a_step_is_one_of_them(builtin: dict[str, Any]) -> None:
    (message,) = refusal(builtin)
    assert "weightedAverage" in message


@pytest.mark.parametrize(
    ("builtin", "path"),
    [
        ({"tokenizer": {"maxTokens": 2}}, "builtin.tokenizer.maxTokens: found 2"),
        ({"tokenizer": {"maxTokens": 513}}, "builtin.tokenizer.maxTokens: found 513"),
        ({"tokenizer": {"tooLong": "cut"}}, 'builtin.tokenizer.tooLong: found "cut"'),
        ({"tokenizer": {"emptyText": ""}}, 'builtin.tokenizer.emptyText: found ""'),
        ({"ohlcvFeatures": {"steps": 0}}, "builtin.ohlcvFeatures.steps: found 0"),
        (
            {"ohlcvFeatures": {"longestStandstill": 0}},
            "builtin.ohlcvFeatures.longestStandstill: found 0",
        ),
        (
            {"ohlcvFeatures": {"periods": {"volatility": 1}}},
            "builtin.ohlcvFeatures.periods.volatility: found 1",
        ),
        (
            {"weightedAverage": {"weights": {"price": 0, "sentiment": 1}}},
            "builtin.weightedAverage.weights.price: found 0",
        ),
        (
            {"weightedAverage": {"weights": {"price": 1}}},
            "builtin.weightedAverage.weights.sentiment: found nothing",
        ),
    ],
)
def test_a_bad_setting_is_named(builtin: dict[str, Any], path: str) -> None:
    (message,) = refusal(builtin)
    assert message.startswith(path)
