"""Answers of the shipped models on a GPU beside those on the CPU.

It imports PyTorch, numpy and the standard library only, so any Python whose PyTorch sees a GPU can
run it over the folders that `python -m hack.gpu_check --write FOLDER` made elsewhere:

    python3 hack/gpu_check/answers.py FOLDER
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

TOLERANCE = 1e-3
"""The largest difference of an answer, relative to its size or to 1 if that is smaller."""
_TYPES = {"FP16": np.float16, "FP32": np.float32, "INT32": np.int32, "INT64": np.int64}
_BATCHES = (1, 8, 32)


def differences(model: Path, sample: Path, device: str) -> dict[int, float]:
    """Return how far the device's answers are from the CPU's at most, by the number of rows.

    `model` is a TorchScript file, `sample` the sample.json of its training.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and what LibTorch loads
        pair = [torch.jit.load(model, map_location=place).eval() for place in ("cpu", device)]  # type: ignore[no-untyped-call]
    rows = _rows(json.loads(sample.read_text()))
    largest = {}
    for batch in _BATCHES:
        inputs = [torch.from_numpy(np.resize(row, (batch, *row.shape[1:]))) for row in rows]
        with torch.inference_mode():
            on_cpu = pair[0](*inputs)
            on_device = pair[1](*(tensor.to(device) for tensor in inputs))
        largest[batch] = max(
            _distance(actual.cpu(), expected)
            for actual, expected in zip(on_device, on_cpu, strict=True)
        )
    return largest


def _rows(content: dict[str, Any]) -> list[np.ndarray[Any, Any]]:
    """Return the first sample's tensors in their order, each with a batch dimension of 1."""
    first = content["samples"][0]["input"]
    return [
        np.asarray(first[each["name"]], dtype=_TYPES[each["dataType"]])[None]
        for each in content["inputs"]
    ]


def _distance(actual: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the largest difference by the size of the answer; infinite for a NaN."""
    size = expected.abs().clamp(min=1.0)
    return float(torch.nan_to_num((actual - expected).abs() / size, nan=float("inf")).max())


def main(folder: Path) -> int:
    """Print a line for each model; 1 if an answer is off, 2 if this PyTorch sees no GPU."""
    if not torch.cuda.is_available():
        print(
            f"PyTorch {torch.__version__} of {sys.executable} sees no GPU. "
            "Name a Python whose PyTorch does: GPU_PYTHON=/path/to/python3."
        )
        return 2
    # As Triton's LibTorch backend leaves it: products of FP32 in FP32.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name(0)}")
    passed = True
    for model in sorted(folder.glob("*/1/model.pt")):
        name = model.parents[1].name
        largest = differences(model, model.parents[1] / "sample.json", "cuda:0")
        passed &= max(largest.values()) <= TOLERANCE
        shown = ", ".join(f"{off:.1e} at {rows} rows" for rows, off in largest.items())
        print(f"  {name}: off by {shown} (at most {TOLERANCE:g})")
    print("  equal" if passed else "  NOT EQUAL")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
