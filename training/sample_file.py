"""sample.json: real inputs with the trained model's answers, to compare a server's with."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.data.prices import Windows
from training.loop.samples import Samples
from training.models.signature import Signature, TensorSpec

_SHOWN = 4
About = Callable[[int], Mapping[str, Any]]


def write_samples(
    model: nn.Module, signature: Signature, samples: Samples, about: About, path: Path
) -> None:
    """Write a few of the samples, spread over all of them, each answered on its own."""
    rows = np.linspace(0, len(samples) - 1, min(_SHOWN, len(samples))).astype(int)
    content = {
        "inputs": [_declared(tensor) for tensor in signature.inputs],
        "outputs": [_declared(tensor) for tensor in signature.outputs],
        "samples": [_sample(model, signature, samples, int(row), about) for row in rows],
    }
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content) + os.linesep)
    part.replace(path)


def about_window(windows: Windows) -> About:
    """Return a row's share, its last close, and the next one."""

    def about(row: int) -> Mapping[str, Any]:
        return {
            "ticker": str(windows.tickers[row]),
            "today": str(windows.last[row]),
            "todaysClose": float(windows.inputs[row, -1, 3]),
            "happened": windows.targets[row].tolist(),
        }

    return about


def _sample(
    model: nn.Module, signature: Signature, samples: Samples, row: int, about: About
) -> dict[str, Any]:
    sample = samples.take(torch.tensor([row]))
    with torch.inference_mode():
        answer = model(*sample.inputs.values())
    return {
        **about(row),
        "input": _by_name(signature.inputs, tuple(sample.inputs.values())),
        "expected": _by_name(signature.outputs, answer),
    }


def _by_name(tensors: tuple[TensorSpec, ...], values: tuple[Tensor, ...]) -> dict[str, Any]:
    pairs = zip(tensors, values, strict=True)
    return {tensor.name: value[0].tolist() for tensor, value in pairs}


def _declared(tensor: TensorSpec) -> dict[str, Any]:
    return {"name": tensor.name, "dataType": tensor.data_type, "shape": list(tensor.shape)}
