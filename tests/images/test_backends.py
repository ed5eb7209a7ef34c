"""The Triton CPU image answers as NVIDIA's backends would."""

import numpy as np
import pytest
import torch
from tritonclient.utils import InferenceServerException

from hack.images.local_triton import LocalTriton
from tests.images import serving as s

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("model", ["matmul", "by_platform"])
def test_onnx_answers_equal_the_matrix_product(triton: LocalTriton, model: str) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    assert np.allclose(s.infer(triton.grpc, model, {"x": x})["y"], x @ s.WEIGHTS, atol=1e-6)


def test_torchscript_answers_equal_the_eager_model(triton: LocalTriton) -> None:
    window = np.random.default_rng(0).normal(size=(3, 60, 5)).astype(np.float32)
    with torch.no_grad():
        eager = s.Forecast().eval()(torch.from_numpy(window)).numpy()
    served = s.infer(triton.grpc, "forecast", {"window": window})["y__0"]
    assert np.allclose(served, eager, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "left", "right", "shape"),
    [
        pytest.param("by_name", "left", "right", (1, 3), id="by the names of forward()"),
        pytest.param("by_index", "a__0", "b__1", (3,), id="by <name>__<index>, without batches"),
    ],
)
def test_binds_torchscript_tensors(
    triton: LocalTriton, model: str, left: str, right: str, shape: tuple[int, ...]
) -> None:
    sent = {left: np.full(shape, 5, np.float32), right: np.full(shape, 2, np.float32)}
    answer = s.infer(triton.grpc, model, sent)
    assert np.all(answer["difference__0"] == 3)
    assert np.all(answer["sum__1"] == 7)


@pytest.mark.parametrize(("model", "output"), [("rows_onnx", "y"), ("rows_torch", "y__0")])
def test_runs_the_model_once_for_all_requests_of_a_batch(
    triton: LocalTriton, model: str, output: str
) -> None:
    before = triton.metric("nv_inference_exec_count", model=model)
    sizes = [1, 2, 1, 1, 3]
    requests = [{"x": np.ones((rows, 1), np.float32)} for rows in sizes]
    answers = s.infer_together(triton.grpc, model, requests)
    assert [answer[output].shape[0] for answer in answers] == sizes
    assert all(np.all(answer[output] == sum(sizes)) for answer in answers)
    assert triton.metric("nv_inference_exec_count", model=model) - before == 1


def test_one_bad_request_does_not_fail_its_neighbours_in_the_batch(triton: LocalTriton) -> None:
    before = triton.metric("nv_inference_exec_count", model="positive")
    prices = [1.0, 2.0, -3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    requests = [{"x": np.full((1, 1), price, np.float32)} for price in prices]
    answers = s.infer_together(triton.grpc, "positive", requests)
    assert triton.metric("nv_inference_exec_count", model="positive") - before == 1
    assert "a price is negative" in str(answers.pop(2))
    assert [float(a["y__0"][0, 0]) for a in answers] == [1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0]


def test_text_goes_through_onnx(triton: LocalTriton) -> None:
    words = np.array([b"buy", "größer".encode()], dtype=np.object_)
    assert list(s.infer(triton.grpc, "text", {"words": words})["same"]) == list(words)


def test_an_ensemble_joins_its_steps(triton: LocalTriton) -> None:
    first, second = np.eye(4, dtype=np.float32)[:1], np.eye(4, dtype=np.float32)[1:2]
    answer = s.infer(triton.grpc, "ensemble", {"first": first, "second": second})
    assert np.allclose(answer["one"], s.WEIGHTS[:1], atol=1e-6)
    assert np.allclose(answer["two"], s.WEIGHTS[1:2], atol=1e-6)


def test_answers_only_with_the_outputs_that_were_asked_for(triton: LocalTriton) -> None:
    sent = {name: np.ones((1, 3), np.float32) for name in ("left", "right")}
    assert set(s.infer(triton.grpc, "by_name", sent, ["sum__1"])) == {"sum__1"}


def test_triton_itself_refuses_a_wrong_shape(triton: LocalTriton) -> None:
    with pytest.raises(InferenceServerException, match="unexpected shape"):
        s.infer(triton.grpc, "matmul", {"x": np.ones((1, 5), np.float32)})
