"""Drawings in the documentation are what `inference-operator graph` draws."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_operator.cli import main

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "manifests" / "samples" / "ensemble-predictor.yaml"
PAGE = ROOT / "docs" / "ensembles.md"


def tensor(name: str, data_type: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "dataType": data_type, "shape": list(shape)}


# What the signatures of the shipped models say in the registry.
SIGNATURES = {
    "lstm-price-predictor": {
        "name": "lstm_price_predictor",
        "format": "torchscript",
        "inputs": [tensor("ohlcv", "FP32", 60, 5)],
        "outputs": [tensor("OUTPUT__0", "FP32", 1), tensor("OUTPUT__1", "FP32", 2)],
    },
    "sentiment-transformer": {
        "name": "sentiment_transformer",
        "format": "onnx",
        "inputs": [tensor("input_ids", "INT64", -1), tensor("attention_mask", "INT64", -1)],
        "outputs": [tensor("score__0", "FP32", 1), tensor("confidence__1", "FP32", 1)],
    },
}


def registered(body: dict[str, Any]) -> dict[str, Any]:
    """The sample's manifest, with what a registry would say in the manifest itself."""
    if body["kind"] == "InferenceModel":
        name = body["metadata"]["name"]
        source = {"uri": f"https://models.example/{name}"}
        body["spec"]["model"] = {**SIGNATURES[name], "maxBatchSize": 32, "source": source}
    return body


def test_the_trading_ensemble_is_drawn_as_the_command_draws_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies = map(registered, yaml.safe_load_all(SAMPLE.read_text()))
    path = tmp_path / "sample.yaml"
    path.write_text(yaml.safe_dump_all(bodies, sort_keys=False))
    status = main(["graph", "-f", str(path)])
    drawn = capsys.readouterr()

    assert (status, drawn.err) == (0, "")
    (quoted,) = re.findall(r"```mermaid\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert quoted == drawn.out, f"docs/ensembles.md: draw it anew:\n{drawn.out}"
