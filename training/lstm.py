"""The LSTM price predictor, and the command line that trains and exports it.

python -m training.lstm train --quick --output DIR
python -m training.lstm export --output DIR
"""

import argparse
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

HIDDEN = 128
LAYERS = 2


class LSTMPricePredictor(nn.Module):
    """Two LSTM layers from 60 daily bars to tomorrow's close.

    Input `ohlcv` [batch, 60, 5]: raw adjusted open, high, low, close and volume. Output [batch, 1]:
    tomorrow's close divided by today's, so 1.0 means "as today". Normalisation is in the module: a
    window is read relative to its own last close and its own mean volume, and so what is served
    equals what was trained, on any price scale.
    """

    price_scale: Final[float]
    return_scale: Final[float]

    def __init__(self, price_scale: float = 0.1, return_scale: float = 0.02) -> None:
        super().__init__()
        self.price_scale = price_scale
        self.return_scale = return_scale
        self.lstm = nn.LSTM(5, HIDDEN, num_layers=LAYERS, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)

    def forward(self, ohlcv: Tensor) -> Tensor:
        states, _ = self.lstm(self.normalised(ohlcv))
        # Bounded to about +-18 % a day: no input makes it answer nonsense.
        moved = torch.tanh(self.head(states[:, -1]) * 0.1) * 10.0
        return torch.exp(moved * self.return_scale)

    def normalised(self, ohlcv: Tensor) -> Tensor:
        """[batch, 60, 5] around 0: log prices to the last close, log volume to its mean."""
        today = ohlcv[:, -1:, 3:4]
        prices = torch.log(ohlcv[:, :, :4] / today) / self.price_scale
        volume = torch.log1p(ohlcv[:, :, 4:])
        return torch.cat([prices, volume - volume.mean(dim=1, keepdim=True)], dim=2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.lstm")
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train, judge on unseen days, and export")
    train.add_argument("--epochs", type=int, default=30, help="most epochs (%(default)s)")
    train.add_argument("--stride", type=int, default=1, help="every n-th window (%(default)s)")
    train.add_argument("--patience", type=int, default=4, help="epochs without progress")
    train.add_argument("--seed", type=int, default=7)
    train.add_argument(
        "--threads", type=int, default=1, help="more than idle cores is far slower (%(default)s)"
    )
    train.add_argument("--quick", action="store_true", help="2 epochs of every 4th window")
    train.set_defaults(func=_train)
    export = commands.add_parser("export", help="export weights that were trained before")
    export.set_defaults(func=_export)
    for command in (train, export):
        command.add_argument("--output", type=Path, required=True, help="folder of the results")
    given = parser.parse_args()
    given.func(given)


def _train(given: argparse.Namespace) -> None:
    from training.data.prices import load_prices, split, windows
    from training.exporting import export, save_weights
    from training.fitting import Settings, fit
    from training.reporting import report, write_report

    torch.set_num_threads(given.threads)
    epochs, stride = (2, 4) if given.quick else (given.epochs, given.stride)
    prices = load_prices()
    parts = split(windows(prices.bars, stride))
    settings = Settings(epochs=epochs, patience=given.patience, seed=given.seed)
    fitted = fit(parts, settings, say=lambda line: print(line, flush=True))
    given.output.mkdir(parents=True, exist_ok=True)
    save_weights(fitted.model, given.output)
    write_report(report(fitted, parts, prices.sha256), given.output)
    print(f"exported {export(fitted.model, parts.test, given.output)}")


def _export(given: argparse.Namespace) -> None:
    from training.data.prices import load_prices, split, windows
    from training.exporting import export, load_weights

    samples = split(windows(load_prices().bars)).test
    print(f"exported {export(load_weights(given.output), samples, given.output)}")


if __name__ == "__main__":
    # As `training.lstm`, not `__main__`: TorchScript keeps the class's qualified name.
    from training.lstm import main as run

    run()
