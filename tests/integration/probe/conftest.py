"""One real Triton with a model for each test, since a test breaks its model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.images.local_triton import LocalTriton
from tests.images import serving
from tests.integration.probe.repository import ensemble, python_model

WARM = (
    'model_warmup { name: "one" batch_size: 2'
    ' inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } } }'
)
SHORT_QUEUE = "dynamic_batching { default_queue_policy { max_queue_size: 1 } }"


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probed") / "models"
    folder.mkdir()
    python_model(folder, "killed")
    python_model(folder, "idle")
    python_model(folder, "pair", instances=2)
    python_model(folder, "hangs", hangs_on=7)
    python_model(folder, "slow", seconds=1.5)
    python_model(folder, "seldom_slow", slow_on=7)
    python_model(folder, "busy")
    python_model(folder, "wide", width=3)
    python_model(folder, "refuses", refuses="yes")
    python_model(folder, "warm", extra=WARM)
    python_model(folder, "streams", extra="model_transaction_policy { decoupled: true }")
    python_model(folder, "warmed", extra=WARM)
    python_model(folder, "raises", raises="yes", seconds=0.1)
    python_model(folder, "full", seconds=0.5, extra=SHORT_QUEUE)
    python_model(folder, "head", seconds=0.2)
    python_model(folder, "tail", refuses="yes", seconds=0.2)
    ensemble(folder, "numbered", "head", "tail", version=7)
    for name in ("first", "second", "third"):
        python_model(folder, name)
    python_model(folder, "second_hangs", hangs_on=9)
    ensemble(folder, "both", "first", "second")
    ensemble(folder, "with_hang", "first", "second_hangs")
    ensemble(folder, "three", "third", "third", "third")
    declared = {"x": ("FP32", [1])}, {"y__0": ("FP32", [3])}
    serving.write_model(
        folder, "torchscript", serving.config("pytorch", *declared), serving.RowsInRun()
    )
    return folder


@pytest.fixture(scope="session")
def triton(repository: Path) -> Iterator[LocalTriton]:
    with LocalTriton(repository) as running:
        yield running
