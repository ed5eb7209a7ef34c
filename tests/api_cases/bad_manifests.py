"""Reads bad_manifests.yaml: manifests that are refused, and in which words."""

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

    @property
    def body(self) -> dict[str, Any]:
        """The good manifest with the change."""
        return changed(self.change)


def changed(change: dict[str, Any]) -> dict[str, Any]:
    """The good manifest with values put at dotted paths, or removed where they are `<absent>`."""
    body = copy.deepcopy(GOOD)
    for path, value in change.items():
        *parents, last = path.split(".")
        place = body
        for parent in parents:
            place = place.setdefault(parent, {})
        if value == ABSENT:
            del place[last]
        else:
            place[last] = value
    return body


def _row(row: dict[str, Any]) -> BadManifest:
    said = (s.replace("<not all rules were checked>", NOT_CHECKED) for s in row["api"])
    return BadManifest(**{**row, "operator": tuple(row["operator"]), "api": tuple(said)})


_TABLE = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
BAD_MANIFESTS = tuple(_row(row) for row in yaml.safe_load(_TABLE))
