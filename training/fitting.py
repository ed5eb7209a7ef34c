"""The training loop: seeds, batches, early stopping on the validation days."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.data.prices import Split, Windows
from training.models.lstm import LSTMPredictor


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how to learn; the same settings and data give the same weights."""

    epochs: int
    patience: int = 4
    seed: int = 7
    batch: int = 128
    learning_rate: float = 1e-3


@dataclass(frozen=True, slots=True)
class Epoch:
    """Mean squared errors of the relative close, in units of 1e-4, after one epoch."""

    number: int
    train: float
    validation: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """The model of the best epoch by validation, and all epochs."""

    model: LSTMPredictor
    epochs: tuple[Epoch, ...]
    best: int
    settings: Settings


def fit(parts: Split, settings: Settings, say: Callable[[str], None] = lambda line: None) -> Fitted:
    """Learn from the train days until the validation days stop getting better."""
    torch.manual_seed(settings.seed)
    model = LSTMPredictor()
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    best, weights, done = float("inf"), copy.deepcopy(model.state_dict()), []
    chosen = 0
    for number in range(1, settings.epochs + 1):
        begun = time.monotonic()
        train = _epoch(model, optimizer, parts.train, settings, number)
        validation = error(model, parts.validation)
        done.append(Epoch(number, train, validation, round(time.monotonic() - begun, 2)))
        if validation < best:
            best, weights, chosen = validation, copy.deepcopy(model.state_dict()), number
        say(
            f"epoch {number}/{settings.epochs}: train {train:.4f}, validation {validation:.4f}"
            f" (best {best:.4f}), {done[-1].seconds:.1f} s"
        )
        if number - chosen >= settings.patience:
            say(f"stopping: no better for {settings.patience} epochs")
            break
    model.load_state_dict(weights)
    return Fitted(model.eval(), tuple(done), chosen, settings)


def predict(model: LSTMPredictor, samples: Windows, batch: int = 512) -> Tensor:
    """Predictions [n, 1] for all samples."""
    inputs = torch.from_numpy(samples.inputs)
    model.eval()
    with torch.inference_mode():
        return torch.cat([model(part)[0] for part in torch.split(inputs, batch)])


def error(model: LSTMPredictor, samples: Windows) -> float:
    return float(_loss(predict(model, samples), torch.from_numpy(samples.targets)))


def _epoch(
    model: LSTMPredictor,
    optimizer: torch.optim.Optimizer,
    samples: Windows,
    settings: Settings,
    number: int,
) -> float:
    model.train()
    total = 0.0
    for inputs, targets in _batches(samples, settings, number):
        optimizer.zero_grad()
        loss = model.loss(model(inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(inputs)
    return total / len(samples)


def _batches(samples: Windows, settings: Settings, number: int) -> Iterator[tuple[Tensor, Tensor]]:
    order = np.random.default_rng((settings.seed, number)).permutation(len(samples))
    for start in range(0, len(order), settings.batch):
        rows = order[start : start + settings.batch]
        yield torch.from_numpy(samples.inputs[rows]), torch.from_numpy(samples.targets[rows])


def _loss(predicted: Tensor, wanted: Tensor) -> Tensor:
    return torch.mean((predicted - wanted) ** 2) * 1e4
