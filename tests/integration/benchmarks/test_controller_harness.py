"""The controller's benchmark with few models: what it counts, and never how long it took."""

import asyncio
from typing import Any

import pytest

from benchmarks.controller.__main__ import NAMESPACE, Options, measure, measure_baseline
from benchmarks.controller.operator_under_test import load
from benchmarks.controller.report import curves, table
from hack.cluster.apiserver import ApiServer
from inference_operator.observation.kinds import CHILDREN, NODE, UNITS

pytestmark = pytest.mark.integration
MODELS = 10
KINDS = len((*UNITS, *CHILDREN, NODE))
"""What people write, the children, their pods among them, and nodes."""


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """One run of all phases."""
    options = Options(n=MODELS, samples=3, idle_seconds=3, events_per_object=5)
    with ApiServer(fake_nodes=1) as server:
        measured = asyncio.run(measure(server, load("inference-operator"), options))
    assert "failed" not in measured, measured["failed"]
    return measured


def test_a_new_model_costs_seven_writes_and_no_read(result: dict[str, Any]) -> None:
    burst = result["phases"]["burst"]

    assert burst["refusedCreates"] == 0
    assert burst["writesPerObject"] <= 7, burst["requests"]["writesBy"]
    assert burst["requests"]["reads"] == 0, burst["requests"]["readsBy"]
    assert burst["requests"]["refused"] == {}


def test_an_idle_operator_asks_for_nothing(result: dict[str, Any]) -> None:
    requests = result["phases"]["idle"]["requests"]

    assert (requests["writes"], requests["reads"]) == (0, 0), requests


def test_every_edit_reaches_its_children(result: dict[str, Any]) -> None:
    edits = result["phases"]["edits"]

    assert {name: figures["samples"] for name, figures in edits.items()} == {
        "replicas": 3,
        "new revision": 3,
    }


def test_strangers_labels_are_left_alone(result: dict[str, Any]) -> None:
    soak = result["phases"]["soak"]

    assert (soak["events"], soak["failed"]) == (5 * MODELS, 0)
    assert soak["requests"]["writes"] == 0, soak["requests"]["writesBy"]


@pytest.mark.parametrize("phase", ["restart", "defaults"])
def test_a_restart_lists_each_kind_once_and_writes_nothing(
    phase: str, result: dict[str, Any]
) -> None:
    figures = result["phases"][phase]
    requests = figures["requests"]

    assert requests["writes"] == 0, requests["writesBy"]
    assert len(figures["firstPages"]) == KINDS
    assert requests["reads"] == KINDS, requests["readsBy"]


def test_a_deletion_leaves_nothing_and_costs_nothing(result: dict[str, Any]) -> None:
    figures = result["phases"]["delete"]

    assert figures["left"] == 0
    assert figures["requests"]["writes"] == 0, figures["requests"]["writesBy"]
    # The operator asks for the owner if the deletion of children is reported first.
    assert figures["requests"]["reads"] <= MODELS, figures["requests"]["readsBy"]


def test_a_bare_client_writes_the_same_children() -> None:
    with ApiServer(fake_nodes=1) as server:
        figures = asyncio.run(
            measure_baseline(server, load("inference-operator"), Options(n=MODELS))
        )
        written = server.kubectl.get("deployments,services,configmaps", "-n", NAMESPACE)["items"]

    assert figures["children"] == 4
    assert figures["readySeconds"] > 0
    kinds = [body["kind"] for body in written if "floor" in body["metadata"]["name"]]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "ConfigMap": MODELS,
        "Deployment": MODELS,
        "Service": MODELS,
    }


def test_the_report_has_a_row_for_every_figure(result: dict[str, Any]) -> None:
    rows = [line.split("|") for line in table([result]).splitlines()[2:]]

    assert [row[1] for row in rows if not row[3].strip()] == []
    assert curves([result]).startswith("<svg")
