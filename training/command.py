"""The command line that all shipped models share: `train`, and `export` of weights from before.

`python -m training.lstm train --epochs 3 --resume --output DIR`. Settings that are not given come
from the profile, which is `quick`: minutes on two cores.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from pydantic import BaseModel

from training.data.prices import load_prices, split, windows
from training.data.sentiment import load_sentiment
from training.exporting import export, load_weights
from training.failure import TrainingError
from training.models.catalog import MODELS
from training.order import Order
from training.price_task import price_samples
from training.price_training import train_prices
from training.profiles import PLANS, Plan, Profile
from training.sample_file import about_window
from training.sentiment_task import sentiment_samples
from training.sentiment_training import about_text, train_sentiment
from training.settings import Settings, changed

SENTIMENT = "sentiment_transformer"


def main(name: str, words: Sequence[str] | None = None) -> int:
    """Run the command line of the model that is registered as `name`; 2 for what it refuses."""
    parser = argparse.ArgumentParser(prog=f"python -m training.{name.partition('_')[0]}")
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train, judge on what was held out, and export")
    train.add_argument("--resume", action="store_true", help="go on where a training stopped")
    train.add_argument("--profile", choices=list(Profile), default=Profile.QUICK)
    about = "the default: minutes on two cores"
    train.add_argument(
        "--quick", dest="profile", action="store_const", const=Profile.QUICK, help=about
    )
    _add_options(train, Settings)
    _add_options(train, Plan)
    train.set_defaults(run=_train)
    again = commands.add_parser("export", help="export weights that were trained before")
    again.set_defaults(run=_export)
    for command in (train, again):
        command.add_argument("--output", type=Path, required=True, help="folder of the results")
        command.add_argument("--threads", type=int, default=1, help="of PyTorch (%(default)s)")
    given = parser.parse_args(words)
    torch.set_num_threads(given.threads)
    try:
        given.run(name, given)
    except TrainingError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    return 0


def _add_options(parser: argparse.ArgumentParser, model: type[BaseModel]) -> None:
    """Add an option for each field; the model checks all values at once."""
    for name, field in model.model_fields.items():
        if name != "settings":
            option = "--" + name.replace("_", "-")
            parser.add_argument(option, default=None, metavar="N", help=field.description)


def _train(name: str, given: argparse.Namespace) -> None:
    plan = PLANS[name][Profile(given.profile)]
    chosen = {key: value for key, value in vars(given).items() if value is not None}
    settings = {key: chosen[key] for key in Settings.model_fields if key in chosen}
    rest = {key: chosen[key] for key in Plan.model_fields if key in chosen}
    plan = changed(plan, rest | {"settings": changed(plan.settings, settings)})
    given.output.mkdir(parents=True, exist_ok=True)
    train = train_sentiment if name == SENTIMENT else train_prices
    train(Order(name, plan, given.output, given.resume), lambda line: print(line, flush=True))
    print(f"exported {given.output / 'model.pt'} and model.onnx")


def _export(name: str, given: argparse.Namespace) -> None:
    model = load_weights(MODELS[name].create(), given.output)
    if name == SENTIMENT:
        texts = load_sentiment().split().test
        export(model, sentiment_samples(texts), given.output, about_text(texts))
    else:
        test = split(windows(load_prices().bars)).test
        export(model, price_samples(test), given.output, about_window(test))
    print(f"exported {given.output / 'model.pt'} and model.onnx")
