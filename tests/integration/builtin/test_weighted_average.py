"""The served average is the torch combiner's."""

import numpy as np
import pytest
import torch

from hack.images.local_triton import LocalTriton
from tests.integration.builtin.client import Arrays, ask, ask_at_once, executions
from training.models.combiner import EnsembleCombiner
from training.models.probes import probes

NAMES = ("price", "interval", "score", "confidence")


def drawn(rows: int, seed: int = 0) -> Arrays:
    """Draw inputs, some with unknown prices, and empty or absent texts."""
    tensors = probes(EnsembleCombiner(), rows, seed)
    return {name: tensor.numpy() for name, tensor in zip(NAMES, tensors, strict=True)}


def assert_equal(answer: Arrays, inputs: Arrays, combiner: EnsembleCombiner) -> None:
    expected = combiner(*(torch.from_numpy(inputs[name]) for name in NAMES))
    for name, values in zip(("forecast", "probability"), expected, strict=True):
        assert answer[name].dtype == np.float32
        np.testing.assert_allclose(answer[name], values.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 8, 32])
@pytest.mark.parametrize(
    ("model", "combiner"),
    [
        ("average", EnsembleCombiner()),
        ("bold_average", EnsembleCombiner((1, 3), sensitivity=0.05)),
    ],
    ids=["average", "bold_average"],
)
def test_a_batch_is_answered_as_by_the_combiner(
    triton: LocalTriton, model: str, combiner: EnsembleCombiner, rows: int
) -> None:
    inputs = drawn(rows)
    assert_equal(ask(triton, model, inputs), inputs, combiner)


def test_a_row_without_a_batch_is_answered_without_one(triton: LocalTriton) -> None:
    inputs = drawn(1)
    answer = ask(triton, "single_average", {name: array[0] for name, array in inputs.items()})
    assert {name: array.shape for name, array in answer.items()} == {
        "forecast": (1,),
        "probability": (1,),
    }
    assert_equal({name: array[None] for name, array in answer.items()}, inputs, EnsembleCombiner())


def test_requests_that_share_a_batch_are_answered_as_if_alone(triton: LocalTriton) -> None:
    requests = [drawn(1 + n % 3, n) for n in range(8)]
    before = executions(triton, "average")
    answers = ask_at_once(triton, "average", requests)
    assert executions(triton, "average") - before < len(requests)
    for inputs, answer in zip(requests, answers, strict=True):
        assert isinstance(answer, dict), answer
        assert_equal(answer, inputs, EnsembleCombiner())


def test_only_outputs_that_are_asked_for_are_answered(triton: LocalTriton) -> None:
    assert list(ask(triton, "average", drawn(2), ("probability",))) == ["probability"]
