"""Three residual LSTM layers, multi-head attention and layer normalisation."""

from torch import Tensor, nn

from training.models.attention import MultiHeadAttention
from training.models.price import COLUMNS, PricePredictor

HIDDEN = 256
LAYERS = 3
HEADS = 8


class ResidualLSTM(nn.Module):
    """One normalised LSTM layer whose input is added to its output."""

    def __init__(self, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor) -> Tensor:
        outputs, _ = self.lstm(self.norm(states))
        added: Tensor = states + self.dropout(outputs)
        return added


class AdvancedLSTMPredictor(PricePredictor):
    """An LSTM whose last state attends to the window; the result is added, and normalised."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__(HIDDEN, dropout)
        self.project = nn.Linear(COLUMNS, HIDDEN)
        self.layers = nn.ModuleList([ResidualLSTM(HIDDEN, dropout) for _ in range(LAYERS)])
        self.attention = MultiHeadAttention(HIDDEN, HEADS, dropout)
        self.norm = nn.LayerNorm(HIDDEN)

    def encode(self, bars: Tensor) -> Tensor:
        states = self.project(bars)
        for layer in self.layers:
            states = layer(states)
        encoded: Tensor = self.norm(states[:, -1] + self.attention(states))
        return encoded
