"""Variants in fewer bits are smaller, lose little, and are served in the original's place."""

from pathlib import Path

import pytest
import torch
from torch import nn

from hack.images.local_triton import LocalTriton
from tests.integration.triton_matrix.served_networks import Served, ask, lay_out
from training.exporting import distance
from training.loop import Samples, predict
from training.onnx_export import OnnxModel
from training.precision import Precision, Variant, write_variant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

SENTIMENT = "sentiment_transformer"
SMALLER = {Precision.FP16: 0.55, Precision.INT8: 0.3}
# The score is between -1 and 1.
MEAN_OFF = {Precision.FP16: 0.002, Precision.INT8: 0.05}


@pytest.fixture(scope="module", params=list(Precision))
def precision(request: pytest.FixtureRequest) -> Precision:
    return Precision(request.param)


@pytest.fixture(scope="module")
def texts(networks: dict[str, nn.Module]) -> Samples:
    """Return texts whose rating is close to the network's."""
    drawn = torch.Generator().manual_seed(17)
    lengths = torch.randint(4, 24, (64, 1), generator=drawn)
    mask = (torch.arange(24) < lengths).long()
    ids = torch.randint(1000, 30000, (64, 24), generator=drawn) * mask
    inputs = {"input_ids": ids, "attention_mask": mask}
    score = predict(networks[SENTIMENT], Samples(inputs, torch.zeros(64, 1)))[0]
    return Samples(
        inputs, score + torch.randn(64, 1, generator=drawn) * 0.05, mask="attention_mask"
    )


@pytest.fixture(scope="module")
def variant(claims: Path, precision: Precision, texts: Samples) -> Variant:
    return write_variant(claims / "models" / SENTIMENT, precision, texts)


def test_it_is_smaller_and_says_what_that_costs(variant: Variant, precision: Precision) -> None:
    assert variant.bytes < SMALLER[precision] * variant.original_bytes
    assert 0 < variant.mean_off < MEAN_OFF[precision]
    assert variant.mean_off < variant.most_off
    lost = variant.accuracy.error - variant.original_accuracy.error
    assert abs(lost) <= variant.mean_off
    assert variant.accuracy.error < 0.1
    assert variant.samples == 64


def test_it_is_served_in_the_place_of_the_original(
    claims: Path, variant: Variant, texts: Samples, tmp_path: Path
) -> None:
    served = Served(SENTIMENT, "onnx", file=variant.file)
    lay_out([served], claims, tmp_path)
    with LocalTriton(tmp_path) as triton:
        for rows in (torch.arange(1), torch.arange(8), torch.arange(32)):
            given = texts.take(rows).inputs
            expected = OnnxModel(claims / "models" / SENTIMENT / variant.file)(*given.values())
            answered = ask(triton, "grpc", served, given)
            for output, other in zip(answered, expected, strict=True):
                assert distance(output, other) <= 1e-2, "another version of ONNX Runtime"
