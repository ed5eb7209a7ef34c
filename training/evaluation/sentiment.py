"""Ratings of texts that were never seen: errors, the sign, and whether confidence is earned."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression, Ridge  # type: ignore[import-untyped]
from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]

from training.data.sentiment import Sentiment
from training.evaluation.gain import Array, Gain, gain_over
from training.evaluation.proportions import Share, share_of

RIDGE, LOGISTIC = "tfidfRidge", "tfidfLogistic"
_BINS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """Scores [n] from -1 to 1, and how sure the rating is of their sign [n], from 0.5 to 1."""

    scores: Array
    confidence: Array


@dataclass(frozen=True, slots=True)
class Judged:
    """The errors of a model's ratings, beside those of word counts."""

    errors: dict[str, dict[str, float]]
    sign: dict[str, Share]
    gain: Gain
    reliability: tuple[tuple[float, float, int], ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "errors": self.errors,
            "sign": {name: share.as_dict() for name, share in self.sign.items()},
            "gainOverRidge": {
                "share": self.gain.gain,
                "interval95": [self.gain.lower, self.gain.upper],
            },
            "reliability": [
                {"claimed": claimed, "right": right, "cases": cases}
                for claimed, right, cases in self.reliability
            ],
            "calibrationError": self.calibration_error(),
        }

    def calibration_error(self) -> float:
        """Return the mean distance of claimed and right shares, over equal ranges."""
        cases = sum(count for _, _, count in self.reliability)
        gaps = sum(abs(claimed - right) * count for claimed, right, count in self.reliability)
        return float(gaps / max(1, cases))


def judge(rated: Rated, learnt: Sentiment, judged: Sentiment) -> Judged:
    """Compare with people's ratings; baselines learn from `learnt`, the model's own texts."""
    true = judged.scores.astype(np.float64)
    scores = {
        "model": rated.scores,
        RIDGE: _ridge(learnt, judged),
        "meanOfTrain": np.full(len(judged), learnt.scores.astype(np.float64).mean()),
    }
    usual = 1.0 if (learnt.scores > 0).sum() >= (learnt.scores < 0).sum() else -1.0
    signs = {
        "model": rated.scores,
        LOGISTIC: _logistic(learnt, judged),
        "majorityOfTrain": np.full(len(judged), usual),
    }
    return Judged(
        {name: errors(values, true) for name, values in scores.items()},
        {name: sign(values, true) for name, values in signs.items()},
        gain_over(rated.scores - true, scores[RIDGE] - true, judged.documents),
        reliability(rated, true),
    )


def errors(scores: Array, true: Array) -> dict[str, float]:
    """Return errors on the scale of the ratings, whose whole width is 2."""
    off = scores - true
    return {
        "meanAbsoluteError": float(np.abs(off).mean()),
        "rootMeanSquareError": float(np.sqrt((off**2).mean())),
    } | ({"correlation": float(np.corrcoef(scores, true)[0, 1])} if np.ptp(scores) > 0 else {})


def sign(scores: Array, true: Array) -> Share:
    """Return how often the sign was right, for texts that people rated with a sign."""
    leaned = true != 0
    right = np.sign(scores[leaned]) == np.sign(true[leaned])
    return share_of(int(right.sum()), int(leaned.sum()))


def reliability(rated: Rated, true: Array) -> tuple[tuple[float, float, int], ...]:
    """Return (claimed, right, cases) of each range of confidence that has cases."""
    leaned = true != 0
    claimed = rated.confidence[leaned]
    right = np.sign(rated.scores[leaned]) == np.sign(true[leaned])
    ranges = np.clip(((claimed - 0.5) * 2 * _BINS).astype(int), 0, _BINS - 1)
    return tuple(
        (float(claimed[rows].mean()), float(right[rows].mean()), int(rows.sum()))
        for rows in (ranges == number for number in range(_BINS))
        if rows.any()
    )


def verdict(judged: Judged) -> str:
    """Describe the result: first the ratings, then the sign."""
    model, words = (judged.errors[name]["rootMeanSquareError"] for name in ("model", RIDGE))
    numbers = f"test RMSE {model:.3f} against {words:.3f} of TF-IDF with ridge regression"
    level = "no better than word counts"
    if judged.gain.lower > 0:
        level = "better than word counts"
    elif judged.gain.upper < 0:
        level = "worse than word counts"
    signs = f"Sign right on {judged.sign['model']}; logistic regression on {judged.sign[LOGISTIC]}"
    sure = f"its confidence is off by {judged.calibration_error():.1%} on average"
    return f"{level}: {judged.gain}: {numbers}. {signs}; {sure}."


def _ridge(learnt: Sentiment, judged: Sentiment) -> Array:
    model = make_pipeline(_words(), Ridge(alpha=1.0)).fit(learnt.texts, learnt.scores)
    scores: Array = np.asarray(model.predict(judged.texts), np.float64)
    return scores


def _logistic(learnt: Sentiment, judged: Sentiment) -> Array:
    """Return predicted signs; if all train texts have one sign, return it for all texts."""
    leaned = np.flatnonzero(learnt.scores)
    signs = np.sign(learnt.scores[leaned]).astype(int)
    if len(set(signs.tolist())) < 2:
        return np.full(len(judged), float(signs[0]))
    texts = [learnt.texts[row] for row in leaned]
    model = make_pipeline(_words(), LogisticRegression(C=4.0, max_iter=500)).fit(texts, signs)
    predicted: npt.NDArray[Any] = model.predict(judged.texts)
    return predicted.astype(np.float64)


def _words() -> TfidfVectorizer:
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
