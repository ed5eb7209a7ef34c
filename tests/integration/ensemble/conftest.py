"""The trading ensemble of the samples with trained models, on a real Triton, and its reference."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
import torch

from hack.demo.ensemble_reference import Reference
from hack.demo.trading import Trading
from hack.images.local_triton import LocalTriton
from inference_operator.api.builtin import WeightedAverage
from training.data.prices import load_prices
from training.data.sentiment import load_sentiment

NUMBER = 3


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def trading() -> Trading:
    return Trading.of_sample()


def weights(trading: Trading) -> WeightedAverage:
    """Return the weights of the pipeline's last step."""
    (average,) = (s.builtin.weighted_average for s in trading.pipeline.steps if s.name == "average")
    return average


@pytest.fixture(scope="session")
def reference(trading: Trading) -> Reference:
    return Reference.trained(weights(trading))


@pytest.fixture(scope="session")
def triton(trading: Trading, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTriton]:
    repository = tmp_path_factory.mktemp("repository")
    trading.lay_out(repository, NUMBER)
    with LocalTriton(repository, timeout_s=240) as running:
        yield running


@pytest.fixture(scope="session")
def bars() -> npt.NDArray[np.float64]:
    """Return runs of real bars [n, 90, 5] of five shares, over many years."""
    tables = [table.to_numpy(np.float64) for table in load_prices().bars.values()]
    return np.stack([t[at : at + 90] for t in tables for at in range(0, len(t) - 90, 150)])


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Return real sentences of all sources."""
    return list(load_sentiment().texts[::97])
