"""One Triton for the tests of what works, one for the tests of what must not load."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from hack.images.local_triton import LocalTriton
from tests.images import serving as s

# Requests that arrive within the delay make one batch: what a test sends at once runs at once.
GATHER = "dynamic_batching { preferred_batch_size: [ 8 ] max_queue_delay_microseconds: 2000000 }"


@pytest.fixture(scope="session")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTriton]:
    repository = tmp_path_factory.mktemp("models")
    _write_onnx(repository)
    _write_torchscript(repository)
    _write_ensemble(repository)
    with LocalTriton(repository) as server:
        yield server


def _write_onnx(repository: Path) -> None:
    x1, y1 = {"x": ("FP32", [1])}, {"y": ("FP32", [1])}
    x4, y2 = {"x": ("FP32", [4])}, {"y": ("FP32", [2])}
    threads = """parameters { key: "intra_op_thread_count" value { string_value: "1" } }
        optimization { graph { level: 1 } } instance_group { count: 2 kind: KIND_CPU }"""
    text = s.onnx_model(
        [helper.make_node("Identity", ["words"], ["same"])],
        {"words": (TensorProto.STRING, ["n"])},
        {"same": (TensorProto.STRING, ["n"])},
    )
    s.write_model(
        repository, "matmul", s.config("onnxruntime", x4, y2, extra=threads), s.matmul(s.WEIGHTS)
    )
    s.write_model(
        repository,
        "rows_onnx",
        s.config("onnxruntime", x1, y1, extra=GATHER),
        s.rows_in_run_onnx(),
    )
    words, same = {"words": ("STRING", [-1])}, {"same": ("STRING", [-1])}
    platform = s.config("", x4, y2).replace('backend: ""', 'platform: "onnxruntime_onnx"')
    s.write_model(repository, "by_platform", platform, s.matmul(s.WEIGHTS))
    s.write_model(repository, "text", s.config("onnxruntime", words, same, max_batch_size=0), text)


def _write_torchscript(repository: Path) -> None:
    x1, y1 = {"x": ("FP32", [1])}, {"y__0": ("FP32", [1])}
    pair = ("FP32", [3])
    forecast = s.config("pytorch", {"window": ("FP32", [60, 5])}, y1)
    s.write_model(repository, "forecast", forecast, s.Forecast())
    s.write_model(
        repository, "rows_torch", s.config("pytorch", x1, y1, extra=GATHER), s.RowsInRun()
    )
    s.write_model(
        repository, "positive", s.config("pytorch", x1, y1, extra=GATHER), s.PositiveOnly()
    )
    # Each names its tensors in another way, and none lists them in the order of forward().
    outputs = {"sum__1": pair, "difference__0": pair}
    by_name = s.config("pytorch", {"right": pair, "left": pair}, outputs)
    s.write_model(repository, "by_name", by_name, s.Subtract())
    indexed = s.config("pytorch", {"b__1": pair, "a__0": pair}, outputs, max_batch_size=0)
    s.write_model(repository, "by_index", indexed, s.Subtract())


def _write_ensemble(repository: Path) -> None:
    steps = "".join(
        f'step {{ model_name: "matmul" model_version: 1 input_map {{ key: "x" value: "{source}" }}'
        f' output_map {{ key: "y" value: "{target}" }} }}'
        for source, target in (("first", "one"), ("second", "two"))
    )
    text = s.config(
        "",
        {"first": ("FP32", [4]), "second": ("FP32", [4])},
        {"one": ("FP32", [2]), "two": ("FP32", [2])},
        extra=f"ensemble_scheduling {{ {steps} }}",
    )
    s.write_model(repository, "ensemble", text.replace('backend: ""', 'platform: "ensemble"'), None)
