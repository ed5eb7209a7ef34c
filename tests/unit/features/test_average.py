"""The numpy average is the torch combiner, row by row."""

import numpy as np
import pytest
import torch

from model_builders.features.average import WeightedAverage, shares
from model_builders.features.failure import FailureReason, FeatureError
from training.models.combiner import EnsembleCombiner
from training.models.probes import probes

NAN, INF = float("nan"), float("inf")
GOOD = (1.01, 0.99, 1.03, 0.6, 0.8)
EDGES = [
    (1.0, 1.0, 1.0, 0.0, 0.5),
    (1.01, 1.01, 1.01, 0.9, 1.0),
    (1.01, 1.03, 0.99, 0.9, 1.0),
    (0.0, 0.0, 1.0, 0.1, 0.9),
    (-1.0, -2.0, 1.0, 0.1, 0.9),
    (NAN, 0.99, 1.03, 0.1, 0.9),
    (1.01, NAN, 1.03, 0.1, 0.9),
    (1.01, 0.99, INF, 0.1, 0.9),
    (1.01, 0.99, 1.03, 7.0, 9.0),
    (1.01, 0.99, 1.03, -0.5, 0.2),
    (1.01, 0.99, 1.03, INF, 0.9),
    (1.01, 0.99, 1.03, NAN, 0.9),
    (1.01, 0.99, 1.03, 0.5, NAN),
    (1.01, 0.99, 1.03, NAN, NAN),
]


def columns(rows: list[tuple[float, ...]]) -> list[np.ndarray]:
    given = np.array(rows, np.float32)
    return [given[:, :1], given[:, 1:3], given[:, 3:4], given[:, 4:]]


def both(
    inputs: list[np.ndarray], weights: tuple[float, float] = (0.8, 0.2), sensitivity: float = 0.01
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    theirs = EnsembleCombiner(weights, sensitivity)(*map(torch.from_numpy, inputs))
    return list(WeightedAverage(weights, sensitivity)(*inputs)), [t.numpy() for t in theirs]


def assert_equal(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for mine, expected in zip(ours, theirs, strict=True):
        assert mine.dtype == np.float32
        assert mine.shape == expected.shape
        np.testing.assert_allclose(mine, expected, rtol=1e-6, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("rows", [1, 8, 300])
@pytest.mark.parametrize("weights", [(0.8, 0.2), (80, 20), (1, 0), (1, 1000)])
def test_drawn_batches_are_answered_alike(rows: int, weights: tuple[float, float]) -> None:
    inputs = [tensor.numpy() for tensor in probes(EnsembleCombiner(), rows, 5)]
    assert_equal(*both(inputs, weights, sensitivity=0.03))


@pytest.mark.parametrize("row", EDGES, ids=str)
def test_an_edge_is_answered_alike(row: tuple[float, ...]) -> None:
    assert_equal(*both(columns([row])))


@pytest.mark.filterwarnings("error")
def test_edges_leave_their_neighbours_alone_without_a_warning() -> None:
    ours, theirs = both(columns([row for edge in EDGES for row in (edge, GOOD)]))
    assert_equal(ours, theirs)
    alone, _ = both(columns([GOOD]))
    for together, single in zip(ours, alone, strict=True):
        assert (together[1::2] == single).all()


@pytest.mark.parametrize("row", [(NAN, 0.9), (0.5, NAN), (NAN, NAN)], ids=str)
def test_a_text_of_which_nothing_is_known_counts_as_one_that_says_nothing(
    row: tuple[float, float],
) -> None:
    unknown, nothing = (
        WeightedAverage()(*columns([(1.01, 0.99, 1.03, *text)])) for text in (row, (0.0, 0.5))
    )
    assert [values.tolist() for values in unknown] == [values.tolist() for values in nothing]


def test_only_the_ratio_of_the_weights_matters() -> None:
    inputs = columns([GOOD])
    large, small = WeightedAverage((80, 20))(*inputs), WeightedAverage((4, 1))(*inputs)
    assert [values.tolist() for values in large] == [values.tolist() for values in small]


@pytest.mark.parametrize("weights", [(0.0, 1.0), (0.5, -0.1), (1.0,), (1.0, 1.0, 1.0)])
def test_weights_that_are_no_shares_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(FeatureError, match=r"weights: found .* pass the two shares") as caught:
        shares(weights)
    assert caught.value.reason is FailureReason.BAD_WEIGHTS
