"""Rated texts as a task of the loop: tokens, a mask, and ratings."""

import functools

import torch
from torch import nn

from model_builders.features.tokens import TooLong, WordPiece
from training.data.sentiment import Sentiment, SentimentSplit
from training.loop import Samples, Task
from training.models.encoder import vocabulary
from training.models.sentiment import SentimentTransformer
from training.profiles import Plan

# Ratings are of sentences: one in a thousand is longer, and is cut.
MOST_TOKENS = 128


@functools.cache
def tokeniser() -> WordPiece:
    """Return the encoder's own tokeniser."""
    return WordPiece(vocabulary().read_text("utf-8").splitlines())


def sentiment_samples(texts: Sentiment) -> Samples:
    """Return `input_ids` and `attention_mask` [n, tokens], and ratings [n, 1] from -1 to 1."""
    tokens = tokeniser().encode(texts.texts, MOST_TOKENS, TooLong.CUT)
    inputs = {
        "input_ids": torch.from_numpy(tokens.input_ids),
        "attention_mask": torch.from_numpy(tokens.attention_mask),
    }
    return Samples(inputs, torch.from_numpy(texts.scores[:, None]), mask="attention_mask")


def sentiment_task(name: str, parts: SentimentSplit, plan: Plan) -> Task:
    """Return the task of fine-tuning the encoder and a new head, without `plan.frozen` layers."""

    def build() -> nn.Module:
        dropout = {} if plan.dropout is None else {"dropout": plan.dropout}
        model = SentimentTransformer.pretrained(**dropout)
        if plan.frozen:
            model.freeze(plan.frozen)
        return model

    def label(row: int) -> str:
        return f"{row} ({parts.train.texts[row][:40]!r})"

    train, validation = sentiment_samples(parts.train), sentiment_samples(parts.validation)
    changed = {"dropout": plan.dropout, "frozen": plan.frozen}
    return Task(name, build, SentimentTransformer.loss, train, validation, label, changed)
