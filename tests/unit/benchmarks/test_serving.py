"""perf_analyzer's table is read in our units, and the measured models are the shipped ones."""

from pathlib import Path

import pytest

from benchmarks.serving.__main__ import table
from benchmarks.serving.models import CASES, Case, inputs, request_file
from benchmarks.serving.perf_analyzer import Measured, read
from model_builders.checks import check
from training.models.catalog import MODELS

TABLE = (
    "Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute"
    " Input,Server Compute Infer,Server Compute Output,Client Recv,p50 latency,p90 latency,p95"
    " latency,p99 latency\n2,3616,60,900,8100,30,8600,20,10,17500,18800,19100,20400\n"
)


def test_requests_are_of_so_many_rows_and_latencies_in_milliseconds() -> None:
    assert read(TABLE, batch=32) == Measured(113.0, 3616.0, 17.5, 19.1, 20.4)


def test_a_row_says_what_was_asked_and_what_a_plain_loop_does() -> None:
    row = {"model": "lstm", "batch": 32, "inFlight": 2, "requests": 113.0, "rows": 3616.0}
    row |= {"p50": 17.5, "p95": 19.1, "plainRows": 4018.0, "ratio": 0.9}
    assert table([row]).splitlines()[-1] == (
        "| lstm | 32 | 2 | 113 | 3,616 | 17.5 ms | 19.1 ms | 4,018 | 0.90 |"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_is_a_sound_spec_of_a_shipped_model(case: Case) -> None:
    assert check(case.spec()) == []
    assert case.batch <= MODELS[case.network].max_batch_size


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_requests_have_the_shapes_that_the_spec_declares(case: Case, tmp_path: Path) -> None:
    tensors = inputs(case.network, 3)
    for tensor in MODELS[case.network].signature.inputs:
        shape = tensors[tensor.name].shape
        assert shape[0] == 3
        assert all(
            declared in (-1, size) for declared, size in zip(tensor.shape, shape[1:], strict=True)
        )
    assert '"shape": [' in request_file(case, tmp_path).read_text()
