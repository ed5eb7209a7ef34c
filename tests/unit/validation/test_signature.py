"""Completion of a spec from the registry: added fields, precedence and contradictions."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import InputTensor, ModelFormat, Tensor
from inference_operator.api.problem import joined
from inference_operator.domain.resolution import Facts, Resolved, TensorFact
from inference_operator.validation.signature import CompletedSpec, Incomplete, complete

DIGEST = "0123456789abcdef" * 4
FACTS = Facts(
    path="data/model.pth",
    format=ModelFormat.TORCHSCRIPT,
    sha256=DIGEST,
    max_batch_size=32,
    inputs=(TensorFact("ohlcv", "float32", (-1, 60, 5)),),
    outputs=(TensorFact("OUTPUT__0", "float32", (-1, 1)),),
)


def resolved(**changes: Any) -> Resolved:
    facts = replace(FACTS, **changes)
    return Resolved("models:/fx@champion", "models:/fx/4", 4, "0a1b", "http://ml/fx", facts)


def spec(triton: dict[str, Any] | None = None, **model: Any) -> InferenceModelSpec:
    source = {"uri": "models:/fx@champion", **model.pop("source", {})}
    body: dict[str, Any] = {"model": {"source": source, **model}, "triton": triton or {}}
    return InferenceModelSpec.model_validate(body)


def completed(of: InferenceModelSpec, **changes: Any) -> CompletedSpec:
    outcome = complete(of, resolved(**changes))
    assert isinstance(outcome, CompletedSpec), outcome
    return outcome


def problem(of: InferenceModelSpec, **changes: Any) -> str:
    outcome = complete(of, resolved(**changes))
    assert isinstance(outcome, Incomplete)
    return joined(outcome.problems)


TENSORS: dict[str, Any] = {
    "inputs": [{"name": "bars", "dataType": "FP64", "shape": [30, 5]}],
    "outputs": [{"name": "OUTPUT__0", "dataType": "FP32", "shape": [1]}],
}


def test_everything_is_taken_from_the_version() -> None:
    model = completed(spec()).spec.model
    assert model.format is ModelFormat.TORCHSCRIPT
    assert model.max_batch_size == 32
    assert model.inputs == (InputTensor(name="ohlcv", data_type="FP32", shape=(60, 5)),)
    assert model.outputs == (Tensor(name="OUTPUT__0", data_type="FP32", shape=(1,)),)


def test_what_is_written_is_kept_beside_it() -> None:
    written = spec(name="fx")
    assert completed(written).written is written


def test_without_a_largest_batch_shapes_keep_every_dimension() -> None:
    model = completed(spec(), max_batch_size=None).spec.model
    assert (model.max_batch_size, model.inputs and model.inputs[0].shape) == (0, (-1, 60, 5))


def test_the_spec_wins_over_the_version() -> None:
    model = completed(spec(maxBatchSize=8, **TENSORS)).spec.model
    assert (model.max_batch_size, model.inputs and model.inputs[0].name) == (8, "bars")


def test_a_value_for_each_batch_row_is_reshaped() -> None:
    model = completed(spec(), outputs=(TensorFact("OUTPUT__0", "float32", (-1,)),)).spec.model
    assert model.outputs is not None
    assert (model.outputs[0].shape, model.outputs[0].reshape) == ((1,), ())


def test_nameless_tensors_of_torchscript_get_names_by_position() -> None:
    twice = (TensorFact("", "float32", (-1, 3)), TensorFact("", "int64", (-1, 2)))
    model = completed(spec(), inputs=twice).spec.model
    assert model.inputs is not None
    assert [tensor.name for tensor in model.inputs] == ["INPUT__0", "INPUT__1"]


@pytest.mark.parametrize("missing", [None, (TensorFact("", "float32", (-1, 3)),)])
def test_onnx_without_named_tensors_is_left_to_triton(missing: Any) -> None:
    model = completed(spec(), format=ModelFormat.ONNX, inputs=missing, outputs=missing).spec.model
    assert (model.inputs, model.outputs) == (None, None)


def test_python_without_a_signature_is_left_to_its_code() -> None:
    of = ModelFormat.PYTHON
    model = completed(spec(), format=of, inputs=None, outputs=None).spec.model
    assert (model.inputs, model.outputs) == (None, None)
    assert completed(spec(), format=of).spec.model.inputs is not None


def test_a_backend_names_the_tensors_and_not_the_signature() -> None:
    custom = {"format": "custom", "backend": "fil"}
    model = completed(spec(**custom), format=None).spec.model
    assert (model.inputs, model.outputs, model.max_batch_size) == (None, None, 32)
    declared = completed(spec(**custom, **TENSORS, maxBatchSize=8), format=None)
    assert declared.spec.model.inputs
    assert declared.contradictions == ()


def test_a_custom_version_needs_a_backend_in_the_spec() -> None:
    assert problem(spec(), format=ModelFormat.CUSTOM) == (
        "spec.model.backend: found nothing (models:/fx/4), expected the name of a backend that the"
        " image has, since the format is custom; add model.backend, such as fil, dali, openvino or"
        " vllm"
    )


def test_a_backend_for_a_version_of_another_format_is_named() -> None:
    assert problem(spec(backend="fil")).startswith(
        "spec.model.backend: found a backend for format torchscript (models:/fx/4), expected no"
    )


def test_batching_may_rest_on_the_versions_tag() -> None:
    batching = {"dynamicBatching": {"preferredBatchSizes": [32]}}
    assert completed(spec(batching)).spec.triton.dynamic_batching is not None


def test_batching_without_a_largest_batch_is_named() -> None:
    message = problem(spec({"dynamicBatching": {}}), max_batch_size=None)
    assert message == (
        "spec.triton.dynamicBatching: found dynamicBatching with model.maxBatchSize 0"
        " (models:/fx/4), expected model.maxBatchSize of 1 or more; set model.maxBatchSize, or"
        " remove dynamicBatching"
    )


@pytest.mark.parametrize(
    ("written", "changes", "text"),
    [
        (
            {},
            {"inputs": None},
            "spec.model.inputs: not set, and models:/fx/4 has no tensor signature; set"
            " model.inputs and model.outputs, or log the model with a signature of TensorSpec,"
            " since the artifact does not declare them",
        ),
        (
            {},
            {"format": None},
            "spec.model.format: not set, and models:/fx/4 does not declare it; set it to one of"
            " torchscript, onnx, tensorrt, python, custom",
        ),
        (
            {"format": "onnx"},
            {},
            "spec.model.format: found onnx, expected torchscript, which models:/fx/4 is; remove"
            " it, or log the model as onnx",
        ),
        (
            {},
            {"inputs": (TensorFact("x", "complex64", (-1, 3)),)},
            "spec.model.inputs[0]: found element type complex64 of x in the signature, expected"
            " one of bool,",
        ),
        (
            {},
            {"inputs": (TensorFact("x", "float32", (60, 5)),)},
            "spec.model.inputs[0]: found x of shape [60, 5] in the signature, with a largest batch"
            " of 32, expected a shape that starts with -1, the batch dimension; set"
            " model.maxBatchSize to 0, or log the model with such a signature",
        ),
    ],
)
def test_what_nobody_says_is_named(
    written: dict[str, Any], changes: dict[str, Any], text: str
) -> None:
    assert problem(spec(**written), **changes).startswith(text)


def test_agreement_is_no_contradiction() -> None:
    same: dict[str, Any] = {
        "format": "torchscript",
        "maxBatchSize": 16,
        "inputs": [{"name": "ohlcv", "dataType": "FP32", "shape": [60, 5]}],
        "outputs": [{"name": "OUTPUT__0", "dataType": "FP32", "shape": [1]}],
        "source": {"sha256": DIGEST},
    }
    assert completed(spec(**same)).contradictions == ()


def test_every_contradiction_is_told() -> None:
    unlike: dict[str, Any] = {
        "maxBatchSize": 64,
        "inputs": [{"name": "ohlcv", "dataType": "FP64", "shape": [30, 5]}],
        "outputs": [{"name": "ratio", "dataType": "FP32", "shape": [1]}],
        "source": {"sha256": "f" * 64},
    }
    assert [str(problem) for problem in completed(spec(**unlike)).contradictions] == [
        "spec.model.maxBatchSize: found 64, expected at most 32, as the version's tag says",
        f"spec.model.source.sha256: found {'f' * 64}, expected {DIGEST}, as the version's tag says",
        "spec.model.inputs[ohlcv].dataType: found FP64, expected float32, as the signature says",
        "spec.model.inputs[ohlcv].shape: found [-1, 30, 5] with the batch dimension, expected"
        " [-1, 60, 5], as the signature says",
        "spec.model.outputs[ratio]: it is not in the signature, which has OUTPUT__0",
    ]
