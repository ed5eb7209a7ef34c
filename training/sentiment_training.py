"""From rated texts to a folder with a trained, judged and exported sentiment transformer."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from training.confidence import calibrate_sign
from training.data.sentiment import Sentiment, SentimentSplit, load_sentiment
from training.evaluation import plots
from training.evaluation.attributions import of_text
from training.evaluation.sentiment import Judged, Rated, judge, verdict
from training.exporting import export, save_weights
from training.loop import Fitted, Samples, fit, predict
from training.models.encoder import vocabulary
from training.models.sentiment import SentimentTransformer
from training.order import Order, Say
from training.reporting import Report, described, write_report
from training.sample_file import About
from training.sentiment_task import sentiment_samples, sentiment_task

_BATCH = 32
_SHOWN_WORDS = 5


def train_sentiment(order: Order, say: Say) -> Report:
    """Fine-tune, calibrate, judge on texts that were held out, export; returns the report.

    The folder then has what a price predictor's has; see `price_training.train_prices`.
    """
    texts = load_sentiment()
    # Independent of the run's seed: `export` and `training.precision` use the same test part.
    parts = fewer(texts.split(), order.plan.texts)
    say(f"texts: {len(parts.train)} to learn from, {len(parts.test)} to be judged by")
    task = sentiment_task(order.name, parts, order.plan)
    fitted = fit(task, order.plan.settings, order.checkpoint(), say)
    model: SentimentTransformer = fitted.model  # type: ignore[assignment]
    scale = calibrate_sign(model, task.validation)
    save_weights(model, order.folder)
    test = sentiment_samples(parts.test)
    exported = export(model, test, order.folder, about_text(parts.test))
    content: Report = {
        "data": {"source": "vaderSentiment 0.5, rated snippets", "sha256": texts.sha256},
        **described(fitted, order.plan),
        "split": {name: _span(part) for name, part in _named(parts).items()},
        **_judged(fitted, parts, test, order.folder / "plots"),
        "spreadScale": scale,
        "attributions": _attributed(order, model, parts.test),
        "export": dict(exported.off),
    }
    write_report(order.name, content, order.folder)
    say(content["verdict"])
    return content


def fewer(parts: SentimentSplit, texts: int) -> SentimentSplit:
    """Return at most `texts` train texts, 25 % of it for validation, 50 % for test; 0: all."""
    if not texts:
        return parts
    chance = np.random.default_rng(0)

    def some(part: Sentiment, most: int) -> Sentiment:
        return part[np.sort(chance.permutation(len(part))[:most])]

    return SentimentSplit(
        some(parts.train, texts), some(parts.validation, texts // 4), some(parts.test, texts // 2)
    )


def about_text(texts: Sentiment) -> About:
    """Return the text of a row, and how people rated it."""

    def about(row: int) -> Mapping[str, Any]:
        return {"text": texts.texts[row], "rated": [float(texts.scores[row])]}

    return about


def _judged(fitted: Fitted, parts: SentimentSplit, test: Samples, folder: Path) -> dict[str, Any]:
    outputs = predict(fitted.model, test, _BATCH)
    scores, confidence = (output[:, 0].double().numpy() for output in outputs[:2])
    true = parts.test.scores.astype(np.float64)
    judgement = judge(Rated(scores, confidence), parts.train, parts.test)
    folder.mkdir(parents=True, exist_ok=True)
    plots.losses(fitted.epochs, fitted.best, folder / "loss.png")
    plots.predictions(scores, true, "rating", folder / "predictions.png")
    plots.residuals(scores - true, "rating", folder / "residuals.png")
    _plot_calibration(judgement, folder / "calibration.png")
    return {"test": judgement.as_dict(), "verdict": verdict(judgement)}


def _plot_calibration(judged: Judged, path: Path) -> None:
    claimed, right = (np.array([row[at] for row in judged.reliability]) for at in (0, 1))
    plots.calibration(claimed, right, ("claimed confidence in the sign", "share right"), path)


def _attributed(order: Order, model: SentimentTransformer, texts: Sentiment) -> dict[str, Any]:
    """Return the words that moved the score most, of a few texts."""
    if not order.plan.explained:
        return {}
    tokens = vocabulary().read_text("utf-8").splitlines()
    rows = np.linspace(0, len(texts) - 1, min(order.plan.explained, len(texts))).astype(int)
    attributions = []
    for row in rows:
        ids = sentiment_samples(texts[np.array([row])]).inputs["input_ids"]
        words = of_text(model, ids, [tokens[number] for number in ids[0].tolist()])
        ranked = sorted(words[1:-1], key=lambda word: -abs(word.share))
        strongest = [asdict(word) for word in ranked[:_SHOWN_WORDS]]
        attributions.append({"text": texts.texts[row], "words": strongest})
    return {"method": "integrated gradients on the embeddings, from padding", "texts": attributions}


def _named(parts: SentimentSplit) -> dict[str, Sentiment]:
    return {"train": parts.train, "validation": parts.validation, "test": parts.test}


def _span(texts: Sentiment) -> dict[str, Any]:
    sources, counts = np.unique(texts.sources, return_counts=True)
    return {"samples": len(texts)} | dict(zip(sources.tolist(), counts.tolist(), strict=True))
