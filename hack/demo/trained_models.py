"""The shipped models as a short training by their real commands leaves them: once, in the cache."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.console import run, step
from hack.images import store
from hack.product import ROOT

# Words of each training command. Seconds on one core: enough for answers of a trained model, not
# for good ones.
TRAINED_MODELS: Mapping[str, tuple[str, ...]] = {
    "lstm_price_predictor": ("lstm", "--stride", "8", "--epochs", "2"),
    "sentiment_transformer": ("sentiment", "--texts", "256", "--frozen", "5"),
}
_SOURCES = (ROOT / "training", ROOT / "model_builders" / "features")


def trained_model(name: str) -> Path:
    """Return a folder with model.pt, model.onnx, weights.pt, sample.json and report.json.

    Made anew when the code of training or features changed. Not to be written into.
    """
    module, *words = TRAINED_MODELS[name]
    folder = cache_root() / "trained"

    def train(partial: Path) -> None:
        command = [sys.executable, "-m", f"training.{module}", "train", "--profile", "demo", *words]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with step(f"training {name}"):
            run(
                [*command, "--output", partial],
                cwd=ROOT,
                env=environment,
                remedy="Read its output.",
            )

    made = store.published(folder / f"{name}-{key_of(*_SOURCES, *words)}", train)
    store.keep_newest(folder, f"{name}-")
    return made
