"""Common parts of all price predictors: input, normalisation, bounded answer and interval."""

from typing import Final

import torch
from torch import Tensor, nn

from training.models.signature import Signature, TensorSpec

STEPS = 60
COLUMNS = 5
# A window without any movement still gets an interval above 0. An interval wider than from 0.7 %
# to 148 times today's close gives no more information.
_LEAST_VOLATILITY = 1e-4
_WIDEST = 5.0


class PricePredictor(nn.Module):
    """Predictor of tomorrow's close from 60 daily bars, with an interval.

    Input `ohlcv` [batch, 60, 5]: raw adjusted open, high, low, close and volume. Both outputs are
    divided by today's close, so that 1.0 means "as today". `OUTPUT__0` [batch, 1] is the close of
    tomorrow. `OUTPUT__1` [batch, 2] is its lower and upper bound, with the coverage of
    `training.confidence.calibrate`. Before calibration the bounds are exp(-5) and exp(5) times the
    prediction, the widest possible ones. The answer is NaN for a window with a price of 0 or less,
    a negative volume or a number that is not finite. Other windows of the batch are not affected.

    Normalisation is in the module, relative to the window's last close and mean volume. The served
    model therefore equals the trained one, on any price scale.
    """

    price_scale: Final[float]
    return_scale: Final[float]
    least_volatility: Final[float]
    widest: Final[float]
    quantile: Tensor

    def __init__(self, features: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.price_scale = 0.1
        self.return_scale = 0.02
        self.least_volatility = _LEAST_VOLATILITY
        self.widest = _WIDEST
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, 1)
        self.register_buffer("quantile", torch.tensor(float("inf")))

    @staticmethod
    def signature() -> Signature:
        return Signature(
            (TensorSpec("ohlcv", "FP32", (STEPS, COLUMNS)),),
            (TensorSpec("OUTPUT__0", "FP32", (1,)), TensorSpec("OUTPUT__1", "FP32", (2,))),
        )

    def forward(self, ohlcv: Tensor) -> tuple[Tensor, Tensor]:
        moved = self.log_return(ohlcv)
        width = torch.clamp(self.quantile * self.volatility(ohlcv), max=self.widest)
        usable = self.usable(ohlcv)
        nothing = torch.full_like(moved, float("nan"))
        moved = torch.where(usable, moved, nothing)
        return torch.exp(moved), torch.exp(torch.cat([moved - width, moved + width], dim=1))

    def log_return(self, ohlcv: Tensor) -> Tensor:
        """Return the predicted log of tomorrow's close divided by today's [batch, 1]."""
        return self.read(self.normalised(ohlcv))

    def read(self, bars: Tensor) -> Tensor:
        """Return the same of normalised bars: what attributions explain."""
        features = self.dropout(self.encode(bars))
        # Bounded to about +-18 % a day, so that no input gives an absurd answer.
        return torch.tanh(self.head(features) * 0.1) * 10.0 * self.return_scale

    def encode(self, bars: Tensor) -> Tensor:
        """Return features [batch, features] of normalised bars [batch, 60, 5]."""
        raise NotImplementedError

    def normalised(self, ohlcv: Tensor) -> Tensor:
        """Return [batch, 60, 5] around 0: log prices to the last close, log volume to its mean."""
        today = ohlcv[:, -1:, 3:4]
        prices = torch.log(ohlcv[:, :, :4] / today) / self.price_scale
        volume = torch.log1p(ohlcv[:, :, 4:])
        return torch.cat([prices, volume - volume.mean(dim=1, keepdim=True)], dim=2)

    def volatility(self, ohlcv: Tensor) -> Tensor:
        """Return the standard deviation [batch, 1] of daily log returns, the intervals' unit."""
        closes = torch.log(ohlcv[:, :, 3])
        returns = closes[:, 1:] - closes[:, :-1]
        centred = returns - returns.mean(dim=1, keepdim=True)
        variance = (centred * centred).mean(dim=1, keepdim=True)
        return torch.clamp(torch.sqrt(variance), min=self.least_volatility)

    def usable(self, ohlcv: Tensor) -> Tensor:
        """Return bools [batch, 1]: whether the window can be read."""
        least = torch.amin(ohlcv[:, :, :4], dim=(1, 2)) > 0
        traded = torch.amin(ohlcv[:, :, 4], dim=1) >= 0
        finite = torch.isfinite(ohlcv.sum(dim=(1, 2)))
        return (least & traded & finite).unsqueeze(1)

    @staticmethod
    def loss(outputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
        """Return mean squared error of the relative close [batch, 1], in units of 1e-4."""
        return torch.mean((outputs[0] - targets) ** 2) * 1e4
