"""Trains the shipped models, registers each in MLflow and lets an alias name it.

python -m training.all --tracking-uri URI [--models NAME,NAME] [--profile quick] [--alias champion]
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from training.combiner import make_combiner
from training.failure import TrainingError
from training.models.catalog import MODELS
from training.order import Order
from training.price_training import train_prices
from training.profiles import PLANS, Profile
from training.registry import Entry, Version, register
from training.sentiment_training import train_sentiment
from training.served_file import Format

SENTIMENT, COMBINER = "sentiment_transformer", "ensemble_combiner"


def train_and_register(order: Order, alias: str, tracking_uri: str) -> Version:
    """Train one shipped model into its folder and register what came out."""
    order.folder.mkdir(parents=True, exist_ok=True)
    if order.name == COMBINER:
        make_combiner(order.folder)
    else:
        train = train_sentiment if order.name == SENTIMENT else train_prices
        train(order, say)
    served = Format.ONNX if order.name == SENTIMENT else Format.TORCHSCRIPT
    entry = Entry(order.name, served, MODELS[order.name].max_batch_size, alias)
    return register(order.folder, entry, tracking_uri)


def say(line: str) -> None:
    print(f"    {line}", flush=True)


def chosen(names: str) -> list[str]:
    """Return the models of a list with commas, or all of them; ValueError names unknown models."""
    requested = [name for name in names.replace(",", " ").split() if name]
    if unknown := sorted(set(requested) - set(MODELS)):
        raise ValueError(
            f"--models: found {', '.join(unknown)}, expected of {', '.join(MODELS)}; correct it"
        )
    return requested or list(MODELS)


def main(words: Sequence[str] | None = None) -> int:
    """Train and register; return 1 if a model failed (the others are registered)."""
    parser = argparse.ArgumentParser(prog="python -m training.all", description=__doc__)
    parser.add_argument("--tracking-uri", required=True, help="of the MLflow server")
    parser.add_argument("--models", default="", help="names with commas (all)")
    parser.add_argument("--profile", type=Profile, choices=list(Profile), default=Profile.QUICK)
    parser.add_argument("--alias", default="champion", help="that names the version (%(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="a folder for each model")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (%(default)s)")
    given = parser.parse_args(words)
    try:
        names = chosen(given.models)
    except ValueError as error:
        parser.error(str(error))
    torch.set_num_threads(given.threads)
    failed = [name for name in names if not _attempt(name, given)]
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _attempt(name: str, given: argparse.Namespace) -> bool:
    print(f"==> {name} ({given.profile} profile)", flush=True)
    began = time.monotonic()
    plans = PLANS.get(name)
    order = Order(name, (plans or _NOTHING)[given.profile], given.output / name)
    try:
        made = train_and_register(order, given.alias, given.tracking_uri)
    except TrainingError as refusal:
        print(f"    {refusal}", file=sys.stderr, flush=True)
        return False
    say(f"registered: models:/{name}@{given.alias} is version {made.number}, run {made.run_id}")
    say(f"sha256 of {made.artifact}: {made.sha256}")
    say(f"done in {time.monotonic() - began:.1f} s")
    return True


# The combiner learns nothing: any plan will do.
_NOTHING = PLANS["lstm_price_predictor"]


if __name__ == "__main__":
    sys.exit(main())
