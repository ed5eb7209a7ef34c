"""Versions of a small model in MLflow, whose answers tell them apart."""

import json
from dataclasses import dataclass
from pathlib import Path

from hack.services.mlflow.cluster import ClusterMlflow
from tests.e2e.artifacts import linear_onnx
from tests.e2e.pipelines import FILES, X
from training.registry import Entry, Version, promote, register
from training.served_file import Format

NAME = "line"


@dataclass(frozen=True)
class Lines:
    """Two versions: the first answers y = 2x + 1, the second y = 3x."""

    mlflow: ClusterMlflow
    versions: dict[int, Version]

    def promote(self, version: int, alias: str) -> str:
        """Let the alias name that version; return the alias as a URI.

        Each test needs an alias of its own: the operator may know the former version for 2 s.
        """
        promote(NAME, version, alias, self.mlflow.uri())
        return f"models:/{NAME}@{alias}"


def register_lines(mlflow: ClusterMlflow, folder: Path) -> Lines:
    """Register both versions of the model, without an alias."""
    versions = {}
    for number, (factor, offset) in enumerate(FILES.values(), start=1):
        trained = _trained(folder / str(number), factor, offset)
        versions[number] = register(trained, Entry(NAME, Format.ONNX, 8), mlflow.uri())
    assert [version.number for version in versions.values()] == list(versions)
    return Lines(mlflow, versions)


def _trained(folder: Path, factor: float, offset: float) -> Path:
    """Write a folder as a training leaves it, and return it."""
    folder.mkdir()
    (folder / "model.onnx").write_bytes(linear_onnx(factor, offset))
    tensor = {"dataType": "FP32", "shape": [len(X)]}
    sample = {"input": {"x": X}, "expected": {"y": [factor * value + offset for value in X]}}
    content = {
        "inputs": [{"name": "x", **tensor}],
        "outputs": [{"name": "y", **tensor}],
        "samples": [sample],
    }
    (folder / "sample.json").write_text(json.dumps(content))
    (folder / "report.json").write_text("{}")
    return folder
