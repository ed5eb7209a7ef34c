"""The sentiment transformer in fewer bits, and what that costs in accuracy.

python -m training.precision --output DIR --precision int8

DIR is what `training.sentiment` left; writes model.int8.onnx (or model.fp16.onnx) and
precision.json beside it. INT8 is for CPUs; FP16 is for GPUs: a CPU has no arithmetic for it.
"""

import argparse
import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import torch

from training.failure import TrainingError
from training.loop.samples import Samples
from training.onnx_export import OnnxModel, quiet

_BATCH = 32


class Precision(StrEnum):
    """FP16: all weights and sums in half precision. INT8: weights of matrix products in 8 bits."""

    FP16 = "fp16"
    INT8 = "int8"


class PrecisionError(TrainingError):
    """There is nothing to make a variant of."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Against human ratings: root mean square error, and how often the sign is right."""

    error: float
    sign_right: float


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant beside the FP32 graph that it was made from, judged on the same texts.

    `mean_off` and `most_off` are differences of the score, which goes from -1 to 1.
    """

    precision: Precision
    file: str
    sha256: str
    bytes: int
    original_bytes: int
    samples: int
    mean_off: float
    most_off: float
    accuracy: Accuracy
    original_accuracy: Accuracy


def write_variant(folder: Path, precision: Precision, samples: Samples) -> Variant:
    """Write the variant of model.onnx beside it, and judge both by `samples`.

    Tensors keep their names and types, so that one file can be served in the other's place. Raises
    PrecisionError where there is no model.onnx.
    """
    original = folder / "model.onnx"
    if not original.is_file():
        raise PrecisionError(
            f"{original}: no such file, expected an exported model; run python -m"
            f" training.sentiment train --output {folder}"
        )
    path = folder / f"model.{precision}.onnx"
    write_graph(original, precision).replace(path)
    before, after = (_scores(each, samples) for each in (original, path))
    off = np.abs(after - before)
    return Variant(
        precision,
        path.name,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        path.stat().st_size,
        original.stat().st_size,
        len(samples),
        float(off.mean()),
        float(off.max()),
        accuracy(after, samples.targets.numpy()),
        accuracy(before, samples.targets.numpy()),
    )


def write_graph(original: Path, precision: Precision) -> Path:
    """Return an ONNX graph in that precision, as a new file beside the original."""
    path = original.with_name(f"{original.name}.{precision}.part")
    with quiet():
        _WRITERS[precision](original, path)
    return path


def accuracy(scores: np.ndarray, ratings: np.ndarray) -> Accuracy:
    """Return the accuracy of scores [n, 1]; ratings of 0 have no sign and are skipped there."""
    signed = ratings != 0
    right = np.sign(scores[signed]) == np.sign(ratings[signed])
    return Accuracy(float(np.sqrt(np.mean((scores - ratings) ** 2))), float(right.mean()))


def _scores(path: Path, samples: Samples) -> np.ndarray:
    model = OnnxModel(path)
    # Sorted by length: little padding in each batch.
    lengths = samples.inputs[samples.mask].sum(dim=1)
    order = torch.argsort(lengths, stable=True)
    scores = torch.empty(len(samples), 1)
    for rows in torch.split(order, _BATCH):
        scores[rows] = model(*samples.take(rows).inputs.values())[0]
    return scores.numpy()


def _write_int8(original: Path, path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(original, path, weight_type=QuantType.QInt8, per_channel=True)


def _write_fp16(original: Path, path: Path) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(original), keep_io_types=True), path)


_WRITERS = {Precision.FP16: _write_fp16, Precision.INT8: _write_int8}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.precision")
    parser.add_argument("--output", type=Path, required=True, help="folder of a trained sentiment")
    parser.add_argument("--precision", type=Precision, choices=list(Precision), required=True)
    given = parser.parse_args()
    from training.data.sentiment import load_sentiment
    from training.sentiment_task import sentiment_samples

    texts = sentiment_samples(load_sentiment().split().test)
    try:
        variant = write_variant(given.output, given.precision, texts)
    except TrainingError as error:
        raise SystemExit(str(error)) from None
    (given.output / "precision.json").write_text(json.dumps(asdict(variant), indent=2) + "\n")
    print(sentence(variant))


def sentence(variant: Variant) -> str:
    """Describe the saved bytes, and the loss of accuracy."""
    now, before = variant.accuracy, variant.original_accuracy
    return (
        f"{variant.file}: {variant.bytes / 1e6:.1f} MB"
        f" instead of {variant.original_bytes / 1e6:.1f};"
        f" RMSE {now.error:.4f} instead of {before.error:.4f}, sign right in"
        f" {now.sign_right:.2%} instead of {before.sign_right:.2%} of {variant.samples} texts;"
        f" scores are off by {variant.mean_off:.4f} on average, {variant.most_off:.4f} at most"
    )


if __name__ == "__main__":
    main()
