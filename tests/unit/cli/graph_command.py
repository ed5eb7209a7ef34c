"""The command `graph` as a person types it, over files that a test writes."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.cli.main import main
from inference_operator.domain.kubectl_yaml import write_manifests

TENSORS = {
    "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
    "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
}
MODEL = {
    "source": {"uri": "https://store.example/fx/7/model.onnx"},
    "format": "onnx",
    "maxBatchSize": 8,
    **TENSORS,
}


def output_of(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main(["graph", *(str(word) for word in words)])
    out, err = capsys.readouterr()
    return status, out, err


def written(folder: Path, *bodies: dict[str, Any], name: str = "pipeline.yaml") -> Path:
    path = folder / name
    path.write_text(write_manifests(bodies))
    return path
