"""Ways of asking take turns and are compared round by round; a client carries tensors over."""

import itertools
from typing import Any

import numpy as np
import pytest

from benchmarks.ensemble import rounds
from benchmarks.ensemble.clients import Asking, Row
from benchmarks.ensemble.rounds import Schedule, latencies, throughputs
from benchmarks.ensemble.tables import compared, loaded, spent
from hack.demo.trading import Trading
from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec

ROW = Row({"x": np.ones((1, 2))}, {})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What perf_counter says: the test moves it."""
    now = [0.0]
    monkeypatch.setattr(rounds.time, "perf_counter", lambda: now[0])
    return now


def test_a_way_s_ratio_is_the_median_of_its_rounds(clock: list[float]) -> None:
    quick, slow = itertools.repeat(0.010), itertools.cycle([0.020, 0.040, 0.020])

    def way(times: Any) -> Any:
        def ask(row: Row) -> None:
            clock[0] += next(times)

        return ask

    figures = latencies({"quick": way(quick), "slow": way(slow)}, [ROW], 99)
    assert figures["quick"]["p50"] == 10.0
    assert figures["quick"]["ratio"] == 1.0
    assert figures["slow"]["ratio"] == 0.5
    assert figures["slow"]["samples"] == 99


def test_every_way_is_asked_as_often_and_first_as_often() -> None:
    asked: list[str] = []
    ways = {name: lambda row, name=name: asked.append(name) for name in "abc"}
    latencies(ways, [ROW], 20)
    turns = [asked[at : at + 3] for at in range(0, len(asked), 3)]
    assert all(sorted(turn) == ["a", "b", "c"] for turn in turns)
    assert [turn[0] for turn in turns].count("a") == len(turns) // 3


def test_a_rate_is_of_all_clients_together(clock: list[float]) -> None:
    def ask(row: Row) -> None:
        clock[0] += 0.01

    figures = throughputs({"one": ask}, [ROW], Schedule(clients=4, rounds=3, seconds=2.0))
    assert figures["one"]["requests"] == pytest.approx(100, rel=0.1)
    assert len(figures["one"]["rounds"]) == 3


def test_a_client_that_is_refused_ends_the_measurement() -> None:
    def refuse(row: Row) -> None:
        raise ConnectionError("refused")

    with pytest.raises(ConnectionError, match="refused"):
        throughputs({"one": refuse}, [ROW], Schedule(clients=2, rounds=1, seconds=60))


class Halves:
    """A connection to models that halve their only input."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def call(self, model: str, given: dict[str, Any], outputs: list[str]) -> dict[str, Any]:
        self.called.append(model)
        (value,) = given.values()
        return dict.fromkeys(outputs, value / 2)


def test_steps_called_one_by_one_pass_tensors_on() -> None:
    tensor = {"dataType": "FP64", "shape": [2]}
    spec = {
        "inputs": [{"name": "x", **tensor}],
        "outputs": [{"name": "z", **tensor}],
        "steps": [
            {"name": "a", "modelRef": {"name": "half"}, "inputMap": {"in": "x"},
             "outputMap": {"out": "y"}},
            {"name": "b", "builtin": {"tokenizer": {}}, "inputMap": {"in": "y"},
             "outputMap": {"out": "z"}},
        ],
    }  # fmt: skip
    trading = Trading("quarter", EnsemblePipelineSpec.model_validate(spec), {})
    connection = Halves()
    outputs = Asking(trading, connection).one_by_one(ROW)  # type: ignore[arg-type]
    assert outputs["z"].tolist() == [[0.25, 0.25]]
    assert connection.called == ["half", "b"]


def test_tables_have_the_numbers() -> None:
    single = {"one request": {"p50": 10.04, "p95": 12.0, "ratio": 1.0}}
    many = {"one request": {"requests": 1234.0, "ratio": 1.0}}
    assert compared("grpc", 8, single, many).splitlines()[-1] == (
        "| one request | 10.0 ms | 12.0 ms | 1.00 | 1,234 | 1.00 |"
    )
    load = {"about": "as it is", "requests": 136.4, "p50": 72.0, "p95": 90.0, "p99": 98.0}
    assert "| as it is | 136 | 72.0 ms | 90.0 ms | 98.0 ms |" in loaded([load])
    step = {"price": {"total": 1.5, "queue": 0.5, "compute": 0.9}}
    assert spent(step).splitlines()[-1] == "| price | 1.50 ms | 0.50 ms | 0.90 ms |"
