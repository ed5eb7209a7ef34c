"""What a variant's accuracy is, and what is said where there is nothing to make one of."""

from pathlib import Path

import numpy as np
import pytest
import torch

from training.loop.samples import Samples
from training.precision import Accuracy, Precision, PrecisionError, accuracy, write_variant


def test_accuracy_is_of_the_rating_and_of_its_sign() -> None:
    scores = np.array([[0.5], [0.1], [-0.2], [0.4]])
    ratings = np.array([[0.5], [-0.1], [-0.2], [0.0]])
    measured = accuracy(scores, ratings)
    assert measured.error == pytest.approx(((0.2**2 + 0.4**2) / 4) ** 0.5)
    assert measured.sign_right == pytest.approx(2 / 3), "the rating of 0 has no sign"


def test_the_same_scores_lose_nothing() -> None:
    scores = np.linspace(-1, 1, 11)[:, None]
    assert accuracy(scores, scores) == Accuracy(0.0, 1.0)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    texts = Samples({"input_ids": torch.ones(1, 3).long()}, torch.zeros(1, 1))
    with pytest.raises(PrecisionError, match=r"model.onnx: no such file.*training.sentiment train"):
        write_variant(tmp_path, Precision.INT8, texts)
