"""Built-in steps within an ensemble that `load` laid out, with a text and with an empty one."""

from typing import Any

import numpy as np
import pytest
from tritonclient import grpc

from hack.images.local_triton import LocalTriton
from tests.integration.builtin.asking import ask, refusal, texts


def bars(rows: int) -> Any:
    prices = np.linspace(10, 11, 70)[None, :, None] * np.ones((rows, 1, 4))
    return np.concatenate([prices, np.full((rows, 70, 1), 1e6)], axis=2)


@pytest.mark.parametrize("rows", [1, 4])
def test_of_an_empty_text_nothing_is_seen_in_any_batch(triton: LocalTriton, rows: int) -> None:
    answer = ask(triton, "trading", {"ohlcv": bars(rows), "text": texts(*[""] * rows)})
    assert answer["window"].shape == (rows, 60, 5)
    assert answer["mask"].tolist() == [[0, 0]] * rows


@pytest.mark.parametrize("rows", [1, 4])
def test_a_text_is_tokenised_beside_the_bars(triton: LocalTriton, rows: int) -> None:
    inputs = {"ohlcv": bars(rows), "text": texts(*["shares rise"] * rows)}
    answer = ask(triton, "trading", inputs)
    assert answer["ids"].tolist() == [[101, 6661, 4125, 102]] * rows
    assert answer["mask"].tolist() == [[1, 1, 1, 1]] * rows


def test_a_step_s_refusal_is_the_pipeline_s(triton: LocalTriton) -> None:
    said = refusal(triton, "trading", {"ohlcv": -bars(2), "text": texts("rise", "fall")})
    assert "PriceNotPositive: ohlcv[0].open: row 0 is -10, expected more than 0" in said


def test_an_answer_has_the_ensemble_s_own_version(triton: LocalTriton) -> None:
    with grpc.InferenceServerClient(triton.grpc) as client:
        assert client.is_model_ready("trading", "7")
        assert not client.is_model_ready("trading", "1")
