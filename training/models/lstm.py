"""Two LSTM layers with attention over the window."""

import torch
from torch import Tensor, nn

from training.models.attention import AdditiveAttention
from training.models.price import COLUMNS, PricePredictor

HIDDEN = 128
LAYERS = 2


class LSTMPredictor(PricePredictor):
    """An LSTM whose last state is joined with an attention-weighted mean of all states."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__(2 * HIDDEN, dropout)
        self.lstm = nn.LSTM(COLUMNS, HIDDEN, LAYERS, batch_first=True, dropout=dropout)
        self.attention = AdditiveAttention(HIDDEN)

    def encode(self, bars: Tensor) -> Tensor:
        states, _ = self.lstm(bars)
        return torch.cat([states[:, -1], self.attention(states)], dim=1)
