"""Sources that the API server and the operator both take, as changes of the good manifest."""

from typing import Any

_DIGEST = "0123456789abcdef" * 4
_URIS = (
    "models:/spread_forecaster@champion",
    "models:/Spread forecaster v2@champion-2",
    "models:/spread_forecaster/17",
    "runs:/0123456789abcdef0123456789abcdef/model",
    "runs:/0123456789abcdef0123456789abcdef/exports/spread.onnx",
    "https://models.example.com:8443/spread.onnx",
    "https://[2001:db8::1]:8443/@fx/spread.onnx",
    "https://models.example.com/spread:7/model@2.onnx",
    "s3://models.example/spread/7/model.onnx",
    "gs://models/spread/model.onnx",
    "oci://images.example.com:5000/models/spread:7",
    f"oci://images.example.com/models/spread@sha256:{_DIGEST}",
    "pvc://models/spread",
)
GOOD_SOURCES: dict[str, dict[str, Any]] = {uri: {"spec.model.source.uri": uri} for uri in _URIS} | {
    "a version that says format and largest batch by itself": {
        "spec.model": {"source": {"uri": "models:/spread_forecaster@champion"}},
        "spec.triton.dynamicBatching": {"preferredBatchSizes": [8]},
    },
    "a limit of the model's size": {"spec.model.sizeLimit": "140Gi"},
    "a limit of the model's size as a number": {"spec.model.sizeLimit": 1048576},
    "a TorchScript version with tensors in its signature": {
        "spec.model": {"source": {"uri": "models:/spread_forecaster/3"}, "format": "torchscript"}
    },
}
