"""Bad requests and models are refused with a message, and served models go on."""

import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from tritonclient.utils import InferenceServerException

from hack.images.local_triton import LocalTriton
from inference_operator.load.failure import LoadError
from tests.integration.triton_matrix.served_networks import SUFFIX, Served, ask, lay_out
from training.exporting import distance
from training.models.probes import probes

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

every_format = pytest.mark.parametrize("form", SUFFIX)
every_protocol = pytest.mark.parametrize("protocol", ["http", "grpc"])
LSTM, SENTIMENT = "lstm_price_predictor", "sentiment_transformer"


def window(*shape: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    return {"ohlcv": torch.full(shape, 42.0, dtype=dtype)}


def text(tokens: int) -> dict[str, Tensor]:
    ids = torch.full((1, tokens), 2000)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def refusal(triton: LocalTriton, protocol: str, served: Served, inputs: dict[str, Tensor]) -> str:
    with pytest.raises(InferenceServerException) as caught:
        ask(triton, protocol, served, inputs)
    return str(caught.value.message())


@every_format
@every_protocol
def test_another_data_type_is_refused(triton: LocalTriton, protocol: str, form: str) -> None:
    message = refusal(triton, protocol, Served(LSTM, form), window(1, 60, 5, dtype=torch.float64))
    assert "'ohlcv'" in message
    assert "FP64" in message
    assert "FP32" in message


@every_format
@every_protocol
@pytest.mark.parametrize("shape", [(1, 60, 4), (1, 59, 5), (1, 300)])
def test_other_columns_or_days_are_refused(
    triton: LocalTriton, protocol: str, form: str, shape: tuple[int, ...]
) -> None:
    message = refusal(triton, protocol, Served(LSTM, form), window(*shape))
    assert "ohlcv" in message
    assert "60,5" in message


@every_format
def test_more_rows_than_the_largest_batch_are_refused(triton: LocalTriton, form: str) -> None:
    message = refusal(triton, "grpc", Served(LSTM, form), window(33, 60, 5))
    assert "batch-size must be <= 32" in message


@every_format
def test_a_missing_input_is_refused(triton: LocalTriton, form: str) -> None:
    given = text(5)
    del given["attention_mask"]
    message = refusal(triton, "grpc", Served(SENTIMENT, form), given)
    assert "expected 2 inputs but got 1" in message


@every_format
@pytest.mark.parametrize("tokens", [513, 10_000])
def test_a_text_that_is_too_long_is_refused(triton: LocalTriton, form: str, tokens: int) -> None:
    message = refusal(triton, "grpc", Served(SENTIMENT, form), text(tokens))
    assert str(tokens) in message
    assert "512" in message


@every_format
def test_a_text_without_tokens_has_no_score(triton: LocalTriton, form: str) -> None:
    given = text(4)
    given["attention_mask"] = torch.zeros_like(given["attention_mask"])
    score, confidence, _ = ask(triton, "grpc", Served(SENTIMENT, form), given)
    assert bool(score.isnan() & confidence.isnan())


@every_format
def test_a_nan_is_answered_with_nan_beside_a_sound_answer(
    triton: LocalTriton, networks: dict[str, nn.Module], form: str
) -> None:
    (given,) = probes(networks[LSTM], 2, seed=9)
    with torch.inference_mode():
        expected = networks[LSTM](given[1:])
    given[0, 30, 3] = torch.nan
    answered = ask(triton, "http", Served(LSTM, form), {"ohlcv": given})
    for output, expected_output in zip(answered, expected, strict=True):
        assert bool(output[0].isnan().all())
        assert distance(output[1:], expected_output) <= 1e-4


@every_format
@pytest.mark.parametrize("name", [LSTM, SENTIMENT])
def test_a_file_that_was_cut_short_never_reaches_triton(
    claims: Path, tmp_path: Path, name: str, form: str
) -> None:
    served = Served(name, form)
    source = claims / served.uri.removeprefix("pvc://")
    copied = tmp_path / "claims" / served.uri.removeprefix("pvc://")
    copied.parent.mkdir(parents=True)
    shutil.copy(source, copied)
    with copied.open("r+b") as file:
        file.truncate(copied.stat().st_size // 2)
    (tmp_path / "repository").mkdir()
    with pytest.raises(LoadError, match="upload the artifact again") as caught:
        lay_out([served], tmp_path / "claims", tmp_path / "repository")
    assert caught.value.model == served.in_triton
