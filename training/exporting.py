"""Export of a trained model: TorchScript and ONNX with their digests, and samples with answers."""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from training.failure import TrainingError
from training.loop.samples import Samples
from training.models.price import PricePredictor
from training.models.probes import probes
from training.models.signature import Signature
from training.onnx_export import OnnxModel, write_onnx
from training.sample_file import About, write_samples

BATCHES = (1, 8, 32)
# Relative to an answer's size, or to 1 if that is smaller.
TOLERANCES = {"torchscript": 1e-6, "onnx": 5e-5}
Model = TypeVar("Model", bound=nn.Module)
Answer = Callable[..., tuple[Tensor, ...]]


class ExportError(TrainingError):
    """The model cannot be exported, or the exported one does not answer as the trained one does."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The files by format, and how far each answers from the trained model at most."""

    files: Mapping[str, Path]
    off: Mapping[str, float]


def export(
    model: nn.Module,
    samples: Samples,
    folder: Path,
    about: About = lambda row: {},
) -> Exported:
    """Write model.pt and model.onnx, each with a .sha256, and sample.json.

    Each file is read back and compared with the model in batches of 1, 8 and 32: rows of `samples`,
    drawn inputs and edge cases. If one is off by more than its tolerance, or a price predictor is
    not calibrated, raises ExportError and keeps the previous files.
    """
    _demand_calibrated(model)
    folder.mkdir(parents=True, exist_ok=True)
    model.eval()
    signature: Signature = model.signature()  # type: ignore[operator]
    torchscript, onnx = folder / "model.pt.part", folder / "model.onnx.part"
    write_torchscript(model, torchscript)
    off = {"torchscript": difference("torchscript", model, read_torchscript(torchscript), samples)}
    write_onnx(model, signature, probes(model, 3), onnx)
    off["onnx"] = difference("onnx", model, OnnxModel(onnx), samples)
    files = {"torchscript": _publish(torchscript), "onnx": _publish(onnx)}
    write_samples(model, signature, samples, about, folder / "sample.json")
    return Exported(files, off)


def write_torchscript(model: nn.Module, path: Path) -> None:
    with _without_deprecations():
        torch.jit.save(torch.jit.script(model), path)


def read_torchscript(path: Path) -> Answer:
    with _without_deprecations():
        loaded: Answer = torch.jit.load(path)  # type: ignore[no-untyped-call]
    return loaded


def difference(name: str, model: nn.Module, served: Answer, samples: Samples) -> float:
    """Return the largest difference of `served` from the model; ExportError beyond tolerance."""
    worst = 0.0
    for batch in BATCHES:
        rows = torch.from_numpy(np.resize(np.arange(len(samples)), batch))
        for inputs in (tuple(samples.take(rows).inputs.values()), probes(model, batch, batch)):
            with torch.inference_mode():
                actual, expected = served(*inputs), model(*inputs)
            off = max(distance(*pair) for pair in zip(actual, expected, strict=True))
            if not off <= TOLERANCES[name]:
                raise ExportError(
                    f"{name}, batch {batch}: the exported model is off by {off:.1e}, expected at"
                    f" most {TOLERANCES[name]:.0e}; the formats differ in an operator that the"
                    " network uses, so change the network or the version of the exporter"
                )
            worst = max(worst, off)
    return worst


def distance(actual: Tensor, expected: Tensor) -> float:
    """Return the largest difference by the size of the answer; infinite where only one is NaN."""
    if actual.shape != expected.shape or bool((actual.isnan() != expected.isnan()).any()):
        return float("inf")
    size = expected.abs().clamp(min=1.0)
    return float(torch.nan_to_num((actual - expected).abs() / size).max())


def save_weights(model: nn.Module, folder: Path) -> None:
    torch.save(model.state_dict(), folder / "weights.pt")


def load_weights(model: Model, folder: Path) -> Model:
    """Return the model with the weights that `save_weights` wrote there, in evaluation mode.

    Raises ExportError for a file that is missing, damaged, or of another network.
    """
    path = folder / "weights.pt"
    try:
        weights: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        model.load_state_dict(weights)
    except Exception as error:
        lines = [type(error).__name__, *str(error).strip().splitlines()]
        raise ExportError(
            f"{path}: {': '.join(lines[:2])}; expected the weights of {type(model).__name__};"
            " train it again"
        ) from error
    return model.eval()


def _publish(part: Path) -> Path:
    """Return the checked file under its own name, beside its digest."""
    path = part.with_suffix("")
    part.replace(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n")
    return path


def _demand_calibrated(model: nn.Module) -> None:
    if isinstance(model, PricePredictor) and not bool(torch.isfinite(model.quantile)):
        raise ExportError(
            f"{type(model).__name__}: found an interval that was never calibrated, expected one"
            " that holds its coverage; call training.confidence.calibrate with validation samples"
        )


@contextmanager
def _without_deprecations() -> Iterator[None]:
    """Ignore deprecation warnings: Triton's LibTorch backend loads only TorchScript."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        yield
