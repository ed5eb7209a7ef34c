"""Attributions add up to the answer, and find what a model looks at."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.unit.training.windows import samples
from training.evaluation.attributions import of_text, of_windows
from training.models.price import PricePredictor
from training.models.sentiment import SentimentTransformer


class LooksAtYesterdaysVolume(PricePredictor):
    """Nothing else counts."""

    def __init__(self) -> None:
        super().__init__(1)
        torch.nn.init.ones_(self.head.weight)

    def encode(self, bars: Tensor) -> Tensor:
        return bars[:, -2, 4:5]


@pytest.fixture(scope="module")
def model() -> PricePredictor:
    return LooksAtYesterdaysVolume()


def test_finds_the_one_input_that_counts(model: PricePredictor) -> None:
    attributions = of_windows(model, torch.from_numpy(samples(20).inputs))
    nothing = {name: share for name, share in attributions.by_feature().items() if name != "volume"}
    assert attributions.by_feature()["volume"] > 0
    assert set(nothing.values()) == {0.0}
    assert int(attributions.by_step().argmax()) == 58
    assert float(np.delete(attributions.by_step(), 58).sum()) == 0


def test_adds_up_to_the_difference_from_a_window_without_movement(model: PricePredictor) -> None:
    ohlcv = torch.from_numpy(samples(20).inputs)
    attributions = of_windows(model, ohlcv)
    with torch.no_grad():
        bars = model.normalised(ohlcv)
        difference = (model.read(bars) - model.read(torch.zeros_like(bars)))[:, 0]
    assert np.allclose(attributions.values.sum(axis=(1, 2)), difference.numpy(), atol=1e-6)
    assert attributions.delta < 1e-3


def test_the_words_of_a_text_add_up_to_its_score() -> None:
    torch.manual_seed(3)
    model = SentimentTransformer().eval()
    ids = torch.tensor([[101, 2307, 3185, 1012, 102]])
    words = of_text(model, ids, ["[CLS]", "great", "movie", ".", "[SEP]"])
    padding, mask = torch.tensor([[101, 0, 0, 0, 102]]), torch.ones_like(ids)
    with torch.no_grad():
        difference = float(model(ids, mask)[0] - model(padding, mask)[0])
    assert [word.token for word in words] == ["[CLS]", "great", "movie", ".", "[SEP]"]
    assert sum(word.share for word in words) == pytest.approx(difference, abs=0.02)
    assert abs(difference) > 0.05
    assert words[0].share == pytest.approx(0, abs=1e-6)
