"""Comparison of outputs with what the configuration declares."""

from typing import Any

import pytest

from inference_operator.probe.outputs import mismatches
from tests.unit.probe.configs import model, tensor


def answer(**changes: Any) -> dict[str, Any]:
    return {"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], **changes}]}


@pytest.mark.parametrize(
    ("changes", "batch", "given"),
    [
        ({}, 1, answer()),
        ({}, 5, answer(shape=[5, 2])),
        ({"max_batch_size": 0}, 1, answer(shape=[2])),
        ({"output": [tensor("y", dims=[-1, 2])]}, 1, answer(shape=[1, 77, 2])),
        ({"output": [tensor("y", "STRING", [1])]}, 1, answer(datatype="BYTES", shape=[1, 1])),
        ({"batch_output": [{"kind": "BATCH_SCATTER_WITH_INPUT_SHAPE"}]}, 1, answer(shape=[9])),
    ],
)
def test_an_answer_as_declared_has_no_mismatch(
    changes: dict[str, Any], batch: int, given: Any
) -> None:
    assert mismatches(model(**changes), batch, given) == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            answer(shape=[1, 3]),
            "output y has shape [1, 3], expected [1, 2], with the batch first",
        ),
        (answer(shape=[2]), "output y has shape [2], expected [1, 2], with the batch first"),
        (answer(shape=None), "output y has shape null, expected [1, 2], with the batch first"),
        (answer(datatype="FP64"), 'output y is "FP64", expected FP32'),
        (answer(datatype={"a": 1}), 'output y is {"a": 1}, expected FP32'),
        ({"outputs": []}, "output y is missing; it has nothing"),
        ({"outputs": 7}, "the answer has no list of outputs"),
        (None, "the answer has no list of outputs"),
    ],
)
def test_a_difference_is_a_sentence(given: Any, sentence: str) -> None:
    assert mismatches(model(), 1, given) == [sentence]


def test_another_name_is_missing_and_not_declared() -> None:
    assert mismatches(model(), 1, answer(name="z\x1b")) == [
        'output y is missing; it has "z\\u001b"',
        'output "z\\u001b" is not declared',
    ]
