"""Reads the tables of bad manifests: what is refused, and in which words."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

GOOD: dict[str, Any] = {
    "apiVersion": "inference.aipx.io/v1alpha1",
    "kind": "InferenceModel",
    "metadata": {"name": "spread-forecaster"},
    "spec": {
        "model": {
            "source": {"uri": "https://models.example.com/spread.onnx"},
            "format": "onnx",
            "maxBatchSize": 8,
        }
    },
}
GOOD_PIPELINE: dict[str, Any] = {
    "apiVersion": "inference.aipx.io/v1alpha1",
    "kind": "EnsemblePipeline",
    "metadata": {"name": "spread-signal"},
    "spec": {
        "maxBatchSize": 8,
        "inputs": [
            {"name": "ohlcv", "dataType": "FP64", "shape": [-1, 5]},
            {"name": "note", "dataType": "STRING", "shape": [1], "optional": True},
        ],
        "outputs": [
            {"name": "price", "dataType": "FP32", "shape": [1]},
            {"name": "spread", "dataType": "FP32", "shape": [1]},
        ],
        "steps": [
            {
                "name": "features",
                "builtin": {"ohlcvFeatures": {}},
                "inputMap": {"ohlcv": "ohlcv"},
                "outputMap": {"window": "window"},
            },
            {
                "name": "price",
                "modelRef": {"name": "lstm-price"},
                "inputMap": {"ohlcv": "window"},
                "outputMap": {"price": "price"},
            },
            {
                "name": "spread",
                "model": {
                    "source": {"uri": "https://models.example.com/spread.onnx"},
                    "format": "onnx",
                    "maxBatchSize": 8,
                },
                "inputMap": {"x": "window"},
                "outputMap": {"y": "spread"},
            },
        ],
    },
}
ABSENT = "<absent>"
# What the API server adds where the schema alone refuses: `<not all rules were checked>`.
NOT_CHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was"
    " invalid; correct the existing errors to complete validation"
)


@dataclass(frozen=True, slots=True)
class BadManifest:
    """One row of the table; the name is the sentence that says what is bad."""

    name: str
    refused_by: str
    change: dict[str, Any]
    operator: tuple[str, ...]
    api: tuple[str, ...]
    good: dict[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        """The good manifest with the change."""
        return changed(self.change, self.good)


def changed(change: dict[str, Any], good: dict[str, Any] = GOOD) -> dict[str, Any]:
    """A good manifest with values put at dotted paths, in which numbers are places in lists, or
    removed where they are `<absent>`."""
    body = copy.deepcopy(good)
    for path, value in copy.deepcopy(change).items():
        *parents, last = path.split(".")
        place: Any = body
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place.setdefault(parent, {})
        if value == ABSENT:
            del place[last]
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value
    return body


def _rows(table: str, good: dict[str, Any]) -> tuple[BadManifest, ...]:
    text = Path(__file__).with_name(table).read_text(encoding="utf-8")
    return tuple(_row(row, good) for row in yaml.safe_load(text))


def _row(row: dict[str, Any], good: dict[str, Any]) -> BadManifest:
    sentences = (s.replace("<not all rules were checked>", NOT_CHECKED) for s in row["api"])
    messages = {"operator": tuple(row["operator"]), "api": tuple(sentences)}
    return BadManifest(**{**row, **messages}, good=good)


BAD_PLACEMENTS = _rows("bad_placements.yaml", GOOD)
BAD_GATEWAYS = _rows("bad_gateways.yaml", GOOD)
BAD_AUTOSCALING = _rows("bad_autoscaling.yaml", GOOD)
BAD_MODELS = (
    *_rows("bad_manifests.yaml", GOOD),
    *BAD_PLACEMENTS,
    *BAD_GATEWAYS,
    *BAD_AUTOSCALING,
)
BAD_PIPELINES = _rows("bad_pipelines.yaml", GOOD_PIPELINE)
BAD_MANIFESTS = (*BAD_MODELS, *BAD_PIPELINES)
