"""The shipped models by the names under which they are registered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from training.models.advanced import AdvancedLSTMPredictor
from training.models.combiner import EnsembleCombiner
from training.models.gru import GRUPredictor
from training.models.lstm import LSTMPredictor
from training.models.sentiment import SentimentTransformer
from training.models.signature import Signature


@dataclass(frozen=True, slots=True)
class Shipped:
    """A model's constructor, its signature, and the largest batch that it is served in."""

    create: Callable[..., nn.Module]
    signature: Signature
    max_batch_size: int


MODELS: Mapping[str, Shipped] = {
    "lstm_price_predictor": Shipped(LSTMPredictor, LSTMPredictor.signature(), 32),
    "advanced_lstm_price_predictor": Shipped(
        AdvancedLSTMPredictor, AdvancedLSTMPredictor.signature(), 32
    ),
    "gru_price_predictor": Shipped(GRUPredictor, GRUPredictor.signature(), 32),
    "sentiment_transformer": Shipped(SentimentTransformer, SentimentTransformer.signature(), 16),
    "ensemble_combiner": Shipped(EnsembleCombiner, EnsembleCombiner.signature(), 32),
}
