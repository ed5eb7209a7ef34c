"""Ratings are judged beside word counts, and confidence by how often it was right."""

import json

import numpy as np
import pytest

from training.data.sentiment import Sentiment
from training.evaluation.sentiment import Rated, judge, reliability, sign, verdict


def rated(count: int, seed: int) -> Sentiment:
    """Texts of which each holds words that tell its rating, and one that tells nothing."""
    random = np.random.default_rng(seed)
    scores = random.choice([-0.5, 0.5], count).astype(np.float32)
    words = [("lovely great" if score > 0 else "dull dreadful") for score in scores]
    texts = tuple(f"{word} film {random.integers(10**6)}" for word in words)
    names = np.array([f"t/{number}" for number in range(count)])
    return Sentiment(texts, scores, np.full(count, "tweets"), names, "0" * 64)


LEARNT, JUDGED = rated(200, 1), rated(120, 2)
TRUE = JUDGED.scores.astype(np.float64)


def told(scores: np.ndarray) -> str:
    return verdict(judge(Rated(scores, np.full(len(scores), 0.9)), LEARNT, JUDGED))


def test_word_counts_find_what_words_tell() -> None:
    judgement = judge(Rated(TRUE, np.ones(120)), LEARNT, JUDGED)
    assert judgement.errors["tfidfRidge"]["rootMeanSquareError"] < 0.1
    assert judgement.errors["tfidfRidge"]["correlation"] > 0.95
    assert judgement.sign["tfidfLogistic"].share == 1


def test_a_perfect_rating_is_called_better() -> None:
    assert told(TRUE).startswith("better than word counts: +")


def test_a_rating_of_noise_is_called_worse() -> None:
    words = told(np.random.default_rng(3).uniform(-1, 1, 120))
    assert words.startswith("worse than word counts: -")


def test_what_nobody_leaned_to_has_no_sign() -> None:
    share = sign(np.array([0.2, -0.2, 0.1]), np.array([0.5, 0.5, 0.0]))
    assert (share.hits, share.cases) == (1, 2)


def test_confidence_is_compared_with_how_often_it_was_right() -> None:
    scores = np.array([0.5] * 10 + [0.5] * 10)
    true = np.array([0.5] * 9 + [-0.5] + [0.5] * 6 + [-0.5] * 4)
    confidence = np.array([0.95] * 10 + [0.65] * 10)
    assert reliability(Rated(scores, confidence), true) == (
        pytest.approx((0.65, 0.6, 10)),
        pytest.approx((0.95, 0.9, 10)),
    )


def test_the_calibration_error_is_the_mean_distance() -> None:
    confidence = np.full(120, 0.75)
    judgement = judge(Rated(TRUE, confidence), LEARNT, JUDGED)
    assert judgement.calibration_error() == pytest.approx(0.25)


def test_texts_of_one_sign_only_leave_nothing_to_tell_apart() -> None:
    happy = LEARNT[LEARNT.scores > 0]
    judgement = judge(Rated(TRUE, np.ones(120)), happy, JUDGED)
    assert judgement.sign["tfidfLogistic"].hits == int((TRUE > 0).sum())


def test_what_is_judged_can_be_written_as_json() -> None:
    document = judge(Rated(TRUE, np.full(120, 0.9)), LEARNT, JUDGED).as_dict()
    assert json.loads(json.dumps(document))["sign"]["model"]["share"] == 1
