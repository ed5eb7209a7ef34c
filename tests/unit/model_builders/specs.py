"""Specs for these tests: a working LSTM price model, and the changes of a test to it."""

from typing import Any

from inference_operator.api.inference_model import InferenceModelSpec

WINDOW = {"name": "WINDOW__0", "dataType": "FP32", "shape": [60, 5]}
PRICE = {"name": "PRICE__0", "dataType": "FP32", "shape": [1]}
GPU = {"accelerator": {"count": 1}}


def model(**changes: Any) -> dict[str, Any]:
    return {
        "source": {"uri": "pvc://models/lstm/model.pt"},
        "format": "torchscript",
        "maxBatchSize": 16,
        "inputs": [WINDOW],
        "outputs": [PRICE],
        **changes,
    }


def spec(
    *, model_changes: dict[str, Any] | None = None, triton: dict[str, Any] | None = None, **top: Any
) -> InferenceModelSpec:
    """Return the LSTM's spec, with other model fields (None removes one) and sections."""
    merged = {k: v for k, v in model(**(model_changes or {})).items() if v is not None}
    return InferenceModelSpec.model_validate({"model": merged, "triton": triton or {}, **top})


def onnx(**changes: Any) -> dict[str, Any]:
    return {"format": "onnx", "source": {"uri": "pvc://models/sentiment/model.onnx"}, **changes}


def tensors(*names: str, **changes: Any) -> list[dict[str, Any]]:
    return [{"name": name, "dataType": "FP32", "shape": [4], **changes} for name in names]


def overrides(text: str) -> dict[str, Any]:
    return {"configOverrides": text}
