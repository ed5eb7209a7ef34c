"""What holds for every price predictor: scale, bounds, unreadable windows, layers as promised."""

import pytest
import torch
from torch import nn

from tests.unit.training.models.windows import judged, windows
from training.models.advanced import AdvancedLSTMPredictor, ResidualLSTM
from training.models.attention import AdditiveAttention
from training.models.gru import GRUPredictor
from training.models.lstm import LSTMPredictor
from training.models.price import PricePredictor

KINDS = [LSTMPredictor, AdvancedLSTMPredictor, GRUPredictor]
every = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def made(kind: type[PricePredictor], quantile: float = 2.0) -> PricePredictor:
    torch.manual_seed(5)
    model = kind().eval()
    model.quantile.fill_(quantile)
    # Untrained heads say next to nothing: a test of equal answers would not see a difference.
    nn.init.normal_(model.head.weight)
    return model


@every
def test_answers_a_price_and_an_interval_around_it(kind: type[PricePredictor]) -> None:
    with torch.inference_mode():
        price, interval = made(kind)(windows(8))
    assert (price.shape, interval.shape) == ((8, 1), (8, 2))
    assert bool((interval[:, :1] < price).all())
    assert bool((price < interval[:, 1:]).all())
    assert float(price.std()) > 1e-4, "every window gets the same answer"


@every
def test_the_answer_does_not_depend_on_the_scale_of_prices(kind: type[PricePredictor]) -> None:
    model, given = made(kind), windows(8)
    with torch.inference_mode():
        for plain, scaled in zip(model(given), model(given * 7.0), strict=True):
            assert torch.allclose(plain, scaled, atol=1e-5)


@every
def test_a_row_is_answered_alike_in_every_batch(kind: type[PricePredictor]) -> None:
    model, given = made(kind), windows(32)
    with torch.inference_mode():
        together = model(given)[0]
        alone = torch.cat([model(row)[0] for row in given.split(1)])
    assert torch.allclose(together, alone, atol=1e-6)


@every
def test_wild_inputs_give_bounded_answers(kind: type[PricePredictor]) -> None:
    given = windows(4) * torch.logspace(-6, 6, 60)[:, None]
    given[:, :, 4] = 0  # nothing was traded
    with torch.inference_mode():
        price, interval = made(kind)(given)
    assert bool(((price > 0.8) & (price < 1.25)).all())
    assert bool(torch.isfinite(interval).all())


@every
@pytest.mark.parametrize(
    ("column", "value"),
    [(3, 0.0), (0, -1.0), (1, float("nan")), (2, float("inf")), (4, -5.0), (4, float("nan"))],
)
def test_an_unreadable_window_is_nan_and_its_neighbours_are_not(
    kind: type[PricePredictor], column: int, value: float
) -> None:
    model, given = made(kind), windows(3)
    spoilt = given.clone()
    spoilt[1, 20, column] = value
    with torch.inference_mode():
        actual, expected = model(spoilt), model(given)
    for tensor, sound in zip(actual, expected, strict=True):
        assert bool(tensor[1].isnan().all())
        assert torch.allclose(tensor[[0, 2]], sound[[0, 2]], atol=1e-6)


@every
def test_an_interval_that_was_never_calibrated_excludes_nothing(
    kind: type[PricePredictor],
) -> None:
    with torch.inference_mode():
        interval = made(kind, quantile=float("inf"))(windows(4))[1]
    assert bool((interval[:, 0] < 0.01).all())
    assert bool((interval[:, 1] > 100).all())


@every
def test_a_wilder_window_has_a_wider_interval(kind: type[PricePredictor]) -> None:
    with torch.inference_mode():
        calm, wild = (made(kind)(windows(1, volatility=by))[1] for by in (0.01, 0.05))
    assert float(wild[0, 1] - wild[0, 0]) > 3 * float(calm[0, 1] - calm[0, 0])


@every
def test_dropout_acts_in_training_alone(kind: type[PricePredictor]) -> None:
    model, given = made(kind), windows(4)
    assert torch.equal(model(given)[0], model(given)[0])
    model.train()
    assert not torch.equal(model(given)[0], model(given)[0])


@every
def test_every_weight_learns(kind: type[PricePredictor]) -> None:
    model, samples = made(kind).train(), judged(8)
    model.loss(model(samples.inputs["ohlcv"]), samples.targets).backward()  # type: ignore[no-untyped-call]
    silent = [
        name
        for name, weight in model.named_parameters()
        if weight.grad is None or not weight.grad.any()
    ]
    assert silent == []


def test_the_lstm_and_the_gru_have_two_layers_of_128() -> None:
    for layers in (LSTMPredictor().lstm, GRUPredictor().gru):
        assert (layers.num_layers, layers.hidden_size, layers.input_size) == (2, 128, 5)
        assert layers.dropout > 0


def test_the_advanced_model_has_three_residual_layers_of_256_with_many_heads() -> None:
    model = AdvancedLSTMPredictor()
    assert [layer.lstm.hidden_size for layer in model.layers] == [256, 256, 256]
    assert model.attention.attention.num_heads == 8


def test_a_residual_layer_adds_to_its_input() -> None:
    layer = ResidualLSTM(4, 0.0)
    for weight in layer.lstm.parameters():
        nn.init.zeros_(weight)
    given = torch.rand(2, 3, 4)
    assert torch.equal(layer(given), given)


def test_attention_weighs_the_steps_by_their_scores() -> None:
    attention = AdditiveAttention(2)
    nn.init.eye_(attention.project.weight)
    nn.init.zeros_(attention.project.bias)
    attention.score.weight.data = torch.tensor([[100.0, 0.0]])
    steps = torch.tensor([[[0.0, 1.0], [1.0, 2.0], [0.0, 3.0]]])
    assert torch.allclose(attention(steps), torch.tensor([[1.0, 2.0]]), atol=1e-4)
