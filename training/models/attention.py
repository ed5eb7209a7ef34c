"""Attention over the steps of a recurrent network's states."""

import torch
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    """One weighted mean over time: [batch, steps, hidden] to [batch, hidden]."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.project = nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        weights = torch.softmax(self.score(torch.tanh(self.project(states))), dim=1)
        return (weights * states).sum(dim=1)


class MultiHeadAttention(nn.Module):
    """Attention of the last step to all steps: [batch, steps, hidden] to [batch, hidden]."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(hidden, heads, dropout, batch_first=True)

    def forward(self, states: Tensor) -> Tensor:
        attended, _ = self.attention(states[:, -1:], states, states, need_weights=False)
        last: Tensor = attended[:, 0]
        return last
