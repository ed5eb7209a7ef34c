"""Two GRU layers with attention over the window."""

import torch
from torch import Tensor, nn

from training.models.attention import AdditiveAttention
from training.models.price import COLUMNS, PricePredictor

HIDDEN = 128
LAYERS = 2


class GRUPredictor(PricePredictor):
    """A GRU like the LSTM with attention, with 25 % fewer weights in its recurrent layers."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__(2 * HIDDEN, dropout)
        self.gru = nn.GRU(COLUMNS, HIDDEN, LAYERS, batch_first=True, dropout=dropout)
        self.attention = AdditiveAttention(HIDDEN)

    def encode(self, bars: Tensor) -> Tensor:
        states, _ = self.gru(bars)
        return torch.cat([states[:, -1], self.attention(states)], dim=1)
