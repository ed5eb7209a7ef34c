"""Built-in steps within an ensemble that `load` laid out, with a text and with an empty one."""

from typing import Any

import numpy as np
import pytest
from tritonclient import grpc

from hack.images.local_triton import LocalTriton
from tests.integration.builtin.client import ask, ask_at_once, texts


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


def test_a_row_that_cannot_be_read_says_so_and_leaves_its_neighbours_alone(
    triton: LocalTriton,
) -> None:
    given = bars(3)
    given[1, 0, 0] = -10
    answer = ask(triton, "trading", {"ohlcv": given, "text": texts("rise", b"caf\xe9", "fall")})
    assert np.isnan(answer["window"]).all(axis=(1, 2)).tolist() == [False, True, False]
    assert answer["problem"][1, 0].startswith(b"PriceNotPositive: ohlcv.open: row 0 is -10, ")
    assert answer["mask"].tolist() == [[1, 1, 1], [0, 0, 0], [1, 1, 1]]


def test_no_request_makes_a_step_fail_while_others_run(triton: LocalTriton) -> None:
    """Triton 2.51 crashes if a step fails while another one is just done."""
    good, bad = bars(1), -bars(1)
    requests = [
        {"ohlcv": bad if n % 2 else good[:, : 10 if n % 3 == 0 else 70], "text": texts(b"\xff")}
        for n in range(400)
    ]
    for at in range(0, 400, 8):
        for answer in ask_at_once(triton, "trading", requests[at : at + 8]):
            assert isinstance(answer, dict), answer
    assert triton.index()["trading"][0] == "READY"


def test_an_answer_has_the_ensemble_s_own_version(triton: LocalTriton) -> None:
    with grpc.InferenceServerClient(triton.grpc) as client:
        assert client.is_model_ready("trading", "7")
        assert not client.is_model_ready("trading", "1")
