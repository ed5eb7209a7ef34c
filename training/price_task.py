"""Windows of prices as a task of the loop, each named so that a person finds the bad one."""

import functools

import torch

from training.data.prices import FEATURES, STEPS, Split, Windows
from training.loop import Samples, SamplesError, Task
from training.models.catalog import MODELS
from training.models.price import PricePredictor


def price_samples(windows: Windows) -> Samples:
    """Return `ohlcv` [n, 60, 5] and targets [n, 1]; SamplesError for other columns or steps."""
    expected = (STEPS, len(FEATURES))
    if windows.inputs.ndim != 3 or windows.inputs.shape[1:] != expected:
        raise SamplesError(
            f"windows: found the shape {list(windows.inputs.shape)}, expected"
            f" [n, {STEPS}, {len(FEATURES)}] of {', '.join(FEATURES)}; build them with"
            " training.data.prices.windows"
        )
    inputs = {"ohlcv": torch.from_numpy(windows.inputs)}
    return Samples(inputs, torch.from_numpy(windows.targets))


def price_task(name: str, parts: Split, dropout: float | None = None) -> Task:
    """Return the task of the model `name`; None for `dropout` keeps the model's own."""
    create = MODELS[name].create

    def label(row: int) -> str:
        return f"{row} ({parts.train.tickers[row]}, until {parts.train.last[row]})"

    return Task(
        name,
        create if dropout is None else functools.partial(create, dropout=dropout),
        PricePredictor.loss,
        price_samples(parts.train),
        price_samples(parts.validation),
        label,
        {"dropout": dropout},
    )
