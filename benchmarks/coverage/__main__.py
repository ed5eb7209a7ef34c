"""`python -m benchmarks.coverage [NAME=FOLDER ...]`: what intervals hold at lags of 0 to 5 bars.

Without folders it takes the shipped LSTM as `make prepare` trains it. A folder is what a training
leaves. Its held-out days are those of its own report, so nothing is judged that the model saw.
Factors come from its validation days, and are judged on the held-out ones too.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.controller.machine import about
from benchmarks.coverage.lags import CLAIMED, LAGS, MOST_OFF, Array, factor_for, hits, lagging
from hack.console import StepError, reported, say
from training.data.prices import load_prices
from training.evaluation.proportions import share_of
from training.trained import read_trained

_BATCH = 512
_SHIPPED = "lstm_price_predictor"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="*", metavar="NAME=FOLDER", help="trained price models")
    parser.add_argument("--output", type=Path, help="JSON of the results")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with reported():
        folders = _folders(given.models)
        result = {**about(), "torch": torch.__version__, "models": {}}
        for name, folder in folders.items():
            result["models"][name] = measured(folder)
        say(table(result["models"]))
        if given.output:
            given.output.parent.mkdir(parents=True, exist_ok=True)
            given.output.write_text(json.dumps(result, indent=2) + "\n")


def measured(folder: Path) -> dict[str, Any]:
    """Return the coverage of a trained model by lag: plain, widened, and with its own factor."""
    trained = read_trained(folder)
    network = torch.jit.load(trained.file("model.pt"))  # type: ignore[no-untyped-call]
    rows = []
    for lag in LAGS:
        row: dict[str, Any] = {"lag": lag}
        learnt, change, bounds = _forecasts(network, trained.report, "validation", lag)
        factor = factor_for(learnt, change, bounds, lag)
        truth, change, bounds = _forecasts(network, trained.report, "test", lag)
        row["notWidened"] = share_of(hits(truth, change, bounds, 0), len(truth)).as_dict()
        share = share_of(hits(truth, change, bounds, lag), len(truth))
        row["widened"] = share.as_dict()
        row["missesBy"] = round((share.share or 0.0) - CLAIMED, 4)
        row["factorOfValidation"] = round(factor, 3)
        if lag:
            inside = hits(truth, change, bounds, lag, factor)
            row["withFactor"] = share_of(inside, len(truth)).as_dict()
        rows.append(row)
    spans = {name: trained.report["split"][name] for name in ("validation", "test")}
    return {"plan": trained.report["plan"], "split": spans, "lags": rows}


def table(models: dict[str, Any]) -> str:
    """Return the results as rows of Markdown; a miss of more than 3 points is bold."""
    lines = [
        "| model | lag in bars | not widened | widened by sqrt(1 + lag) | forecasts | factor |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, result in models.items():
        for row in result["lags"]:
            plain, wide = row["notWidened"]["share"], row["widened"]["share"]
            shown = f"**{wide:.1%}**" if abs(row["missesBy"]) > MOST_OFF else f"{wide:.1%}"
            lines.append(
                f"| {name} | {row['lag']} | {plain:.1%} | {shown} | {row['widened']['cases']} |"
                f" {row['factorOfValidation']:.2f} |"
            )
    return "\n".join(lines)


def _forecasts(
    network: Any, report: dict[str, Any], part: str, lag: int
) -> tuple[Array, Array, Array]:
    """Return truth [n], forecasts [n] and bounds [n, 2] of a part of the report's split."""
    span = report["split"][part]
    days = np.datetime64(span["first"]), np.datetime64(span["last"])
    samples = lagging(load_prices().bars, lag, *days)
    changes, bounds = [], []
    with torch.inference_mode():
        for begin in range(0, len(samples.windows), _BATCH):
            batch = torch.from_numpy(samples.windows[begin : begin + _BATCH])
            change, pair = network(batch)
            changes.append(change[:, 0].double().numpy())
            bounds.append(pair.double().numpy())
    return samples.truth, np.concatenate(changes), np.concatenate(bounds)


def _folders(words: list[str]) -> dict[str, Path]:
    if not words:
        from hack.demo.trained_models import trained_model

        return {_SHIPPED: trained_model(_SHIPPED)}
    pairs = [word.partition("=") for word in words]
    for name, equals, folder in pairs:
        if not (name and equals and folder):
            raise StepError(
                f"models: found {name}{equals}{folder}, expected NAME=FOLDER",
                "name the model and the folder of its training, such as gru=build/trained/gru",
            )
    return {name: Path(folder) for name, _, folder in pairs}


if __name__ == "__main__":
    main()
