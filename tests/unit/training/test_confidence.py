"""Intervals hold their coverage, and confidence is how often the sign is right."""

import pytest
import torch

from tests.unit.training.models.windows import judged
from training.confidence import (
    CalibrationError,
    calibrate,
    calibrate_sign,
    likeliest_scale,
    measured_coverage,
    measured_reliability,
)
from training.loop.samples import Samples
from training.models.gru import GRUPredictor
from training.models.sentiment import SentimentTransformer


@pytest.fixture
def model() -> GRUPredictor:
    torch.manual_seed(5)
    return GRUPredictor().eval()


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.99])
def test_the_interval_holds_its_coverage_on_days_it_never_saw(
    model: GRUPredictor, coverage: float
) -> None:
    calibrate(model, judged(1000, seed=1), coverage)
    measured = measured_coverage(model, judged(1000, seed=2), coverage)
    # Four standard deviations of both draws.
    assert abs(measured.share - coverage) < 4 * (2 * coverage * (1 - coverage) / 1000) ** 0.5
    assert (measured.nominal, measured.samples) == (coverage, 1000)


def test_calm_and_wild_shares_are_covered_alike(model: GRUPredictor) -> None:
    mixed = [judged(500, seed=3, volatility=0.01), judged(500, seed=4, volatility=0.05)]
    windows = torch.cat([part.inputs["ohlcv"] for part in mixed])
    calibrate(model, Samples({"ohlcv": windows}, torch.cat([part.targets for part in mixed])))
    for seed, volatility in ((5, 0.01), (6, 0.05)):
        measured = measured_coverage(model, judged(1000, seed, volatility))
        assert measured.share == pytest.approx(0.9, abs=0.06)


def test_a_higher_coverage_is_a_wider_interval(model: GRUPredictor) -> None:
    samples = judged(300)
    widths = []
    for coverage in (0.5, 0.8, 0.95):
        calibrate(model, samples, coverage)
        widths.append(measured_coverage(model, samples, coverage).width)
    assert widths == sorted(set(widths))


def test_the_width_is_the_score_of_the_right_rank(model: GRUPredictor) -> None:
    samples = judged(9)
    inside = calibrate(model, samples, 0.9)
    # The ninth of nine: all lie within, and the last one on the bound.
    with torch.inference_mode():
        predicted = model(samples.inputs["ohlcv"])[0]
        volatility = model.volatility(samples.inputs["ohlcv"])
    scores = (torch.log(samples.targets / predicted) / volatility).abs()
    assert inside == pytest.approx(float(scores.max()), rel=1e-4)


def test_too_few_samples_are_refused_with_how_many_it_takes(model: GRUPredictor) -> None:
    with pytest.raises(CalibrationError, match="samples: found 8, expected 9 or more"):
        calibrate(model, judged(8), 0.9)
    assert not bool(torch.isfinite(model.quantile))


@pytest.mark.parametrize("coverage", [0.0, 1.0, 90.0])
def test_a_coverage_that_is_no_share_is_refused(model: GRUPredictor, coverage: float) -> None:
    with pytest.raises(CalibrationError, match=f"coverage: found {coverage}"):
        calibrate(model, judged(100), coverage)


def test_windows_without_an_answer_are_refused(model: GRUPredictor) -> None:
    samples = judged(100)
    samples.inputs["ohlcv"][7, 3, 2] = torch.nan
    with pytest.raises(CalibrationError, match="windows that the model answers with NaN"):
        calibrate(model, samples)


@pytest.mark.parametrize("scale", [0.3, 1.0, 5.0])
def test_the_scale_of_claims_is_found_again(scale: float) -> None:
    drawn = torch.Generator().manual_seed(11)
    surprise = torch.rand(20_000, generator=drawn) * 2 * scale
    chance = 0.5 * (1 + torch.erf(surprise / scale / 2**0.5))
    right = torch.rand(20_000, generator=drawn) < chance
    assert likeliest_scale(surprise, right) == pytest.approx(scale, rel=0.1)


def test_without_skill_every_claim_becomes_even() -> None:
    drawn = torch.Generator().manual_seed(12)
    surprise = torch.rand(20_000, generator=drawn)
    right = torch.rand(20_000, generator=drawn) < 0.5
    claimed = 0.5 * (1 + torch.erf(surprise / likeliest_scale(surprise, right) / 2**0.5))
    assert float(claimed.max()) < 0.53


def rated(targets: torch.Tensor) -> Samples:
    ids = torch.randint(1000, 30000, (len(targets), 6), generator=torch.manual_seed(3))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return Samples(inputs, targets, mask="attention_mask")


def test_claims_of_an_overconfident_model_come_down_to_what_is_right() -> None:
    torch.manual_seed(5)
    model = SentimentTransformer().eval()
    torch.nn.init.normal_(model.head.weight, std=0.5)
    model.head.bias.data[1] = -4.0  # sure of everything
    # Ratings by chance: the sign is right half the time.
    targets = torch.rand(400, 1, generator=torch.manual_seed(4)) * 2 - 1
    before = measured_reliability(model, rated(targets))
    assert calibrate_sign(model, rated(targets)) > 1
    after = measured_reliability(model, rated(targets))
    assert before.error > 0.3
    assert after.error < 0.15
    assert after.right == before.right
    assert after.samples == 400


def test_ratings_without_a_sign_do_not_count() -> None:
    model = SentimentTransformer().eval()
    targets = torch.tensor([[0.5], [0.0], [-0.5], [0.0]])
    assert measured_reliability(model, rated(targets)).samples == 2
    with pytest.raises(CalibrationError, match="no rating above or below 0"):
        calibrate_sign(model, rated(torch.zeros(3, 1)))
