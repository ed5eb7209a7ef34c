"""How much a text may move a forecast, and how sure the combination is."""

import math

import pytest
import torch
from torch import Tensor

from training.models.combiner import EnsembleCombiner


def asked(
    combiner: EnsembleCombiner,
    price: float = 1.01,
    width: float = 0.02,
    score: float = 0.0,
    confidence: float = 0.5,
) -> tuple[float, float]:
    """Ratio and confidence for one row; the interval is exp(+-width) around the price."""
    bounds = [[price * math.exp(-width), price * math.exp(width)]]
    answer: tuple[Tensor, Tensor] = combiner(
        torch.tensor([[price]]),
        torch.tensor(bounds),
        torch.tensor([[score]]),
        torch.tensor([[confidence]]),
    )
    return float(answer[0]), float(answer[1])


def test_a_text_that_says_nothing_leaves_the_price() -> None:
    assert asked(EnsembleCombiner(), score=-0.9, confidence=0.5)[0] == pytest.approx(1.01)


@pytest.mark.parametrize("text", [(math.nan, 0.9), (0.5, math.nan)], ids=str)
def test_a_text_of_which_nothing_is_known_leaves_the_price(text: tuple[float, float]) -> None:
    score, confidence = text
    unknown = asked(EnsembleCombiner(), score=score, confidence=confidence)
    assert unknown == asked(EnsembleCombiner(), score=0.0, confidence=0.5)


def test_a_sure_text_moves_the_price_towards_it_by_its_share() -> None:
    combiner = EnsembleCombiner((0.75, 0.25), sensitivity=0.02)
    combined, _ = asked(combiner, price=1.0, score=1.0, confidence=1.0)
    assert math.log(combined) == pytest.approx(0.25 * 0.02, rel=1e-4)


def test_a_surer_text_moves_it_further() -> None:
    unsure, sure = (
        asked(EnsembleCombiner(), price=1.0, score=-1.0, confidence=c)[0] for c in (0.6, 0.9)
    )
    assert sure < unsure < 1.0


def test_confidence_is_even_where_nothing_is_said() -> None:
    assert asked(EnsembleCombiner(), price=1.0)[1] == 0.5


def test_confidence_grows_as_the_interval_narrows() -> None:
    wide, narrow = (asked(EnsembleCombiner(), width=width)[1] for width in (0.08, 0.01))
    assert 0.5 < wide < narrow <= 1.0


def test_confidence_is_the_share_of_a_normal_distribution_beyond_no_move() -> None:
    # A 90 % interval of exp(+-1.6449 s) has a standard deviation of s.
    confidence = asked(EnsembleCombiner(), price=math.exp(0.01), width=1.6449 * 0.01)[1]
    assert confidence == pytest.approx(0.8413, abs=1e-3)


@pytest.mark.parametrize("weights", [(0.0, 1.0), (0.5, -0.1)])
def test_weights_that_cannot_be_shares_are_refused(weights: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="weights: found"):
        EnsembleCombiner(weights)
