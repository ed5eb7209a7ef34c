"""Drawings in the documentation are what `inference-operator graph` draws."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_operator.cli.main import main
from training.models.catalog import MODELS
from training.models.signature import TensorSpec

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "manifests" / "samples" / "ensemble-predictor.yaml"
PAGE = ROOT / "docs" / "ensembles.md"


FORMATS = {"lstm_price_predictor": "torchscript", "sentiment_transformer": "onnx"}


def registered(body: dict[str, Any]) -> dict[str, Any]:
    """Return the sample's manifest, with what a registry would say in the manifest itself."""
    if body["kind"] == "InferenceModel":
        (shipped,) = re.findall(r"^models:/(\w+)@", body["spec"]["model"]["source"]["uri"])
        signature = MODELS[shipped].signature
        body["spec"]["model"] = {
            "source": {"uri": f"https://models.example/{shipped}"},
            "format": FORMATS[shipped],
            "maxBatchSize": MODELS[shipped].max_batch_size,
            "inputs": [tensor(each) for each in signature.inputs],
            "outputs": [tensor(each) for each in signature.outputs],
        }
    return body


def tensor(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "dataType": spec.data_type, "shape": list(spec.shape)}


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
