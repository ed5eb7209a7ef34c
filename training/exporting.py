"""The trained model as files: TorchScript with its digest, and samples with expected answers."""

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from training.data.prices import Windows
from training.fitting import predict
from training.lstm import LSTMPricePredictor

# Triton's names: the forward argument, and `<name>__<index>` of the returned tensors.
INPUT = "ohlcv"
OUTPUT = "OUTPUT__0"
TOLERANCE = 1e-6
_BATCHES = (1, 8, 32)
_SHOWN = 4


class ExportError(Exception):
    """The exported model does not answer as the trained one does."""


def export(model: LSTMPricePredictor, samples: Windows, folder: Path) -> Path:
    """Write model.pt, model.pt.sha256 and sample.json; returns the path of model.pt.

    Raises ExportError unless the file, read back, answers within 1e-6 of the model in batches of
    1, 8 and 32 real windows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, written = folder / "model.pt", folder / "model.pt.part"
    model.eval()
    with _without_deprecations():
        torch.jit.save(torch.jit.script(model), written)
    _check(model, samples, written)
    written.replace(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "model.pt.sha256").write_text(f"{digest}  model.pt\n")
    _write_samples(model, samples, folder / "sample.json")
    return path


def save_weights(model: LSTMPricePredictor, folder: Path) -> None:
    torch.save(model.state_dict(), folder / "weights.pt")


def load_weights(folder: Path) -> LSTMPricePredictor:
    """The model that `save_weights` wrote there."""
    model = LSTMPricePredictor()
    model.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))
    return model.eval()


def _check(model: LSTMPricePredictor, samples: Windows, path: Path) -> None:
    with _without_deprecations():
        served = torch.jit.load(path)  # type: ignore[no-untyped-call]
    for batch in _BATCHES:
        rows = np.resize(np.arange(len(samples)), batch)
        inputs = torch.from_numpy(samples.inputs[rows])
        with torch.inference_mode():
            off = float((served(inputs) - model(inputs)).abs().max())
        if not off <= TOLERANCE:
            raise ExportError(f"batch {batch}: the exported model is off by {off}")


@contextmanager
def _without_deprecations() -> Iterator[None]:
    """TorchScript is deprecated in PyTorch, and what Triton's LibTorch backend loads."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        yield


def _write_samples(model: LSTMPricePredictor, samples: Windows, path: Path) -> None:
    shown = samples[np.linspace(0, len(samples) - 1, _SHOWN).astype(int)]
    expected = predict(model, shown, batch=1)
    content = {
        "input": {"name": INPUT, "dataType": "FP32", "shape": list(shown.inputs.shape[1:])},
        "output": {"name": OUTPUT, "dataType": "FP32", "shape": [1]},
        "samples": [
            {
                "ticker": str(shown.tickers[row]),
                "today": str(shown.last[row]),
                "todaysClose": float(shown.inputs[row, -1, 3]),
                "input": shown.inputs[row].tolist(),
                "expected": expected[row].tolist(),
                "happened": shown.targets[row].tolist(),
            }
            for row in range(len(shown))
        ],
    }
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content) + os.linesep)
    part.replace(path)
