"""Data types that depend on the release of Triton's image."""

from typing import Any

import pytest

from inference_operator.api.model import DataType
from model_builders.checks.data_types import data_type_problem, release


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nvcr.example/nvidia/tritonserver:26.01-py3", (26, 1)),
        ("nvcr.example/nvidia/tritonserver:24.10", (24, 10)),
        ("mirror:5000/tritonserver:26.03-py3@sha256:" + "0" * 64, (26, 3)),
        ("mirror:5000/tritonserver", None),
        ("mirror/tritonserver@sha256:" + "0" * 64, None),
        ("mirror/triton-cpu:4f2a26.03", None),
        ("mirror/tritonserver:26.031", None),
        (None, None),
    ],
)
def test_the_release_is_read_from_the_tag(image: str | None, expected: Any) -> None:
    assert release(image) == expected


@pytest.mark.parametrize(
    ("image", "is_taken"),
    [
        (None, False),
        ("a/tritonserver:25.12-py3", False),
        ("a/tritonserver:26.02-py3", False),
        ("a/tritonserver:26.03-py3", True),
        ("a/tritonserver:27.01-py3", True),
        ("a/tritonserver:latest", True),
    ],
)
def test_onnx_has_bfloat16_from_a_release_on(image: str | None, is_taken: bool) -> None:
    problem = data_type_problem("x", DataType.BF16, "onnx", image)
    assert (problem is None) is is_taken


@pytest.mark.parametrize("image", ["a/tritonserver:27.01-py3", None])
def test_torchscript_never_has_it(image: str | None) -> None:
    problem = data_type_problem("x", DataType.BF16, "torchscript", image)
    assert problem is not None
    assert "BF16" not in problem.requirement


def test_an_unknown_backend_has_every_type() -> None:
    assert data_type_problem("x", DataType.BF16, "custom", None) is None
