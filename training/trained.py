"""The folder that a training leaves, read and checked: what is to be registered or packed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.failure import TrainingError
from training.models.signature import Signature, TensorSpec

_DTYPES = {"FP16": np.float16, "FP32": np.float32, "INT32": np.int32, "INT64": np.int64}


class TrainedFolderError(TrainingError):
    """The folder is not what a training leaves; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model's files, tensors, one sample with its answer, and report."""

    folder: Path
    signature: Signature
    sample: dict[str, NDArray[Any]]
    """One request by tensor name, each with a batch dimension of 1."""
    expected: dict[str, NDArray[Any]]
    """What the trained model answers to it, by tensor name."""
    report: dict[str, Any]

    def file(self, name: str) -> Path:
        """Return the path of a file that must be there."""
        path = self.folder / name
        if not path.is_file():
            there = ", ".join(sorted(p.name for p in self.folder.iterdir())) or "nothing"
            raise TrainedFolderError(
                f"{self.folder}: found {there}, expected {name}; train or export the model again"
            )
        return path


def read_trained(folder: Path) -> Trained:
    """Read sample.json and report.json; TrainedFolderError names the file and the problem."""
    content = _json(folder / "sample.json")
    try:
        inputs = tuple(_tensor(entry) for entry in content["inputs"])
        outputs = tuple(_tensor(entry) for entry in content["outputs"])
        first = content["samples"][0]
        sample = _arrays(inputs, first["input"])
        expected = _arrays(outputs, first["expected"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise TrainedFolderError(
            f"{folder / 'sample.json'}: found {type(error).__name__}: {error}, expected inputs,"
            " outputs (name, dataType, shape) and samples; export the model again"
        ) from error
    return Trained(
        folder, Signature(inputs, outputs), sample, expected, _json(folder / "report.json")
    )


def dtype_of(tensor: TensorSpec) -> np.dtype[Any]:
    """Return numpy's type of a tensor."""
    return np.dtype(_DTYPES[tensor.data_type])


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise TrainedFolderError(
            f"{path}: {error.strerror}, expected what a training leaves; train the model first"
        ) from error
    except ValueError as error:
        raise TrainedFolderError(
            f"{path}: found no JSON ({error}), expected an object; train the model again"
        ) from error
    if not isinstance(content, dict):
        raise TrainedFolderError(
            f"{path}: found {type(content).__name__}, expected an object; train the model again"
        )
    return content


def _tensor(entry: dict[str, Any]) -> TensorSpec:
    if entry["dataType"] not in _DTYPES:
        raise ValueError(f"dataType {entry['dataType']!r}, not one of {', '.join(_DTYPES)}")
    return TensorSpec(entry["name"], entry["dataType"], tuple(int(size) for size in entry["shape"]))


def _arrays(tensors: tuple[TensorSpec, ...], written: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Return batches of one, by name."""
    return {each.name: np.asarray([written[each.name]], dtype=dtype_of(each)) for each in tensors}
