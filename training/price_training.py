"""From daily prices to a folder with a trained, judged and exported price predictor."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.confidence import calibrate
from training.data.prices import Split, Windows, load_prices, split, windows
from training.data.walk_forward import folds, held_out
from training.evaluation import plots
from training.evaluation.attributions import of_windows
from training.evaluation.prices import Forecast, held, judge, verdict
from training.evaluation.walk_forward import forecast, walk_forward
from training.exporting import export, save_weights
from training.loop import Fitted, fit, predict
from training.models.price import PricePredictor
from training.order import Order, Say
from training.price_task import price_samples, price_task
from training.reporting import Report, described, spans, write_report
from training.sample_file import about_window

COVERAGE = 0.9
_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_PURGE_DAYS = 7


def train_prices(order: Order, say: Say) -> Report:
    """Train, calibrate, judge on the held-out last period, export; return the report.

    The folder then has model.pt, model.onnx, weights.pt, sample.json, report.json, report.md and
    plots/. Walk-forward folds end before the held-out period begins.
    """
    prices = load_prices()
    everything = windows(prices.bars, order.plan.stride)
    parts = split(everything, purge_days=_PURGE_DAYS)
    task = price_task(order.name, parts, order.plan.dropout)
    fitted = fit(task, order.plan.settings, order.checkpoint(), say)
    model: PricePredictor = fitted.model  # type: ignore[assignment]
    calibrate(model, task.validation, COVERAGE)
    save_weights(model, order.folder)
    exported = export(model, price_samples(parts.test), order.folder, about_window(parts.test))
    content: Report = {
        "data": {"source": "bokeh-sampledata stocks", "sha256": prices.sha256},
        **described(fitted, order.plan),
        "split": spans(parts),
        **_judged(fitted, parts, order.folder / "plots"),
        "walkForward": _walked(order, everything, say),
        "attributions": _attributed(order, model, parts.test),
        "export": dict(exported.off),
    }
    write_report(order.name, content, order.folder)
    say(content["verdict"])
    return content


def _judged(fitted: Fitted, parts: Split, folder: Path) -> dict[str, Any]:
    model: PricePredictor = fitted.model  # type: ignore[assignment]
    learnt, test = parts.train, parts.test
    forecasts = forecast(model, test)
    judged = judge(forecasts, learnt, test)
    true = test.targets[:, 0].astype(np.float64)
    levels = _coverage(model, parts, true)
    folder.mkdir(parents=True, exist_ok=True)
    plots.losses(fitted.epochs, fitted.best, folder / "loss.png")
    plots.predictions(forecasts.close, true, "close / today's", folder / "predictions.png")
    plots.residuals(forecasts.close - true, "close / today's", folder / "residuals.png")
    claimed, measured = np.array(list(levels)), np.array(list(levels.values()))
    axis = ("claimed coverage of the interval", "measured coverage")
    plots.calibration(claimed, measured, axis, folder / "calibration.png")
    return {
        "test": judged.as_dict(),
        "coverage": {
            "claimed": COVERAGE,
            "byLevel": {f"{level:g}": share for level, share in levels.items()},
        },
        "verdict": f"{verdict(judged)} {_of_intervals(forecasts, true)}",
    }


def _coverage(model: PricePredictor, parts: Split, true: Any) -> dict[float, float]:
    """Return the share that intervals of other levels hold on test; validation sets them."""
    served = model.quantile.clone()
    coverages = {}
    for level in _LEVELS:
        calibrate(model, price_samples(parts.validation), level)
        bounds = predict(model, price_samples(parts.test))[1].double().numpy()
        coverages[level] = held(bounds, true).share or 0.0
    model.quantile.copy_(served)
    return coverages


def _of_intervals(intervals: Forecast, true: Any) -> str:
    assert intervals.bounds is not None
    share = held(intervals.bounds, true)
    honest = share.lower <= COVERAGE <= share.upper
    words = "as claimed" if honest else "not as claimed"
    return f"Intervals of {COVERAGE:.0%} held {share}: {words}."


def _walked(order: Order, everything: Windows, say: Say) -> dict[str, Any]:
    plan = order.plan
    if not plan.folds:
        return {"folds": []}
    before, _ = held_out(everything, purge_days=_PURGE_DAYS)
    settings = plan.settings.model_copy(update={"epochs": plan.fold_epochs})

    def learn(part: Split) -> PricePredictor:
        predictor: PricePredictor = fit(  # type: ignore[assignment]
            price_task(order.name, part, plan.dropout), settings
        ).model
        return predictor

    return walk_forward(folds(before, plan.folds, _PURGE_DAYS), learn, say)


def _attributed(order: Order, model: PricePredictor, test: Windows) -> dict[str, Any]:
    if not order.plan.explained:
        return {}
    rows = np.linspace(0, len(test) - 1, min(order.plan.explained, len(test))).astype(int)
    attributions = of_windows(model, torch.from_numpy(test.inputs[rows]))
    plots.importance(
        attributions.by_feature(),
        attributions.by_step(),
        order.folder / "plots" / "attributions.png",
    )
    return attributions.as_dict()
