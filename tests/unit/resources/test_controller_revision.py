"""Records are read back as they were written, or not accepted: they never raise."""

from typing import Any

import pytest

from inference_operator.api.base import API_VERSION
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import RejectedRecord, RevisionRecord
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.controller_revision import (
    MOST_REVISIONS,
    controller_revision,
    read_record,
)
from tests.unit.resources.records import NAMES, PINNED, read, unit_of, why_not, written
from tests.unit.resources.restricted import violations


@pytest.mark.parametrize("name", NAMES)
def test_a_record_of_an_older_operator_is_read_and_written_alike(name: str) -> None:
    """An upgrade restarts nothing: what is applied from the record is what was written then."""
    body = written(name)
    record = read(body, name)

    assert isinstance(record, RevisionRecord), record
    owner = Owner(unit_of(body), API_VERSION, "uid")
    again = controller_revision(owner, record)
    assert again["data"] == body["data"]
    assert again["revision"] == body["revision"]
    assert violations(body["data"]["children"][1]["spec"]["template"]) == []


def test_the_first_operators_records_are_read() -> None:
    """They had fewer options of Triton, and a shorter drain."""
    body = written()
    (triton,) = body["data"]["children"][1]["spec"]["template"]["spec"]["containers"]
    for option in ("--log-info=false", "--grpc-max-connection-age=10000"):
        triton["args"].remove(option)
    triton["lifecycle"]["preStop"]["sleep"]["seconds"] = 5
    triton["image"] = "nvcr.io/nvidia/tritonserver@sha256:" + "ab" * 32

    assert why_not(body) == ""


def test_what_a_pipeline_pinned_is_read_back() -> None:
    record = read(written())

    assert isinstance(record, RevisionRecord)
    pin = record.steps[0].pin
    assert pin is not None
    assert pin.to_data() == written()["data"]["steps"][0]["pin"]
    assert set(record.repository) == {
        "plan.json",
        "fx-drift.config.pbtxt",
        "fx-signal.config.pbtxt",
    }
    assert record.triton_image == "registry.example/triton:26.01"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", 5),
        ("model", "x" * 254),
        ("uri", "x" * 2049),
        ("steps", [{"name": "a", "model": "b", "version": 1}] * 33),
        ("version", 0),
        ("version", -3),
        ("version", "x"),
        ("version", True),
        ("version", float("inf")),
        ("version", 2**70),
        ("uri", ["x"]),
        ("sha256", "zz"),
        ("mode", "Magic"),
        ("mode", {}),
        ("madeOf", 5),
        ("resolved", "x"),
        ("resolved", {"version": "x"}),
        ("steps", 5),
        ("steps", [5]),
        ("steps", [{"name": "a", "model": "b", "version": 0}]),
        ("steps", [{"name": 5, "model": "b", "version": 1}]),
        ("steps", [{"name": "a", "model": "b", "version": 1, "pin": 5}]),
    ],
)
def test_it_is_not_accepted_with(field: str, value: Any) -> None:
    body = written()
    body["data"][field] = value
    assert why_not(body).startswith(f"data.{field}: ")


@pytest.mark.parametrize("value", [None, 0, -1, "1", 1.5, True, MOST_REVISIONS + 1, {}])
def test_the_number_of_a_revision_is_a_whole_one(value: Any) -> None:
    assert why_not({**written(), "revision": value}).startswith("revision: ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "Secret"),
        ("kind", ["InferenceModel"]),
        ("name", 5),
        ("name", "../x"),
        ("revision", "a-b"),
        ("version", 0),
        ("version", float("inf")),
        ("sha256", "ZZ"),
        ("repository", [1]),
        ("repository", 5),
        ("repository", {}),
        ("repository", {"plan.json": "{}"}),
        ("repository", {"plan.json": "[" * 100_000}),
        ("repository", {"plan.json": 5}),
    ],
)
def test_it_is_not_accepted_with_a_pin_whose(field: str, value: Any) -> None:
    body = written()
    body["data"]["steps"][0]["pin"][field] = value
    assert why_not(body).startswith("data.steps: ")


@pytest.mark.parametrize("facts", [{"sha256": 5}, {"maxBatchSize": "8"}, {"path": None}])
def test_it_is_not_accepted_with_a_resolution_of(facts: dict[str, Any]) -> None:
    body = written("registry-alias")
    body["data"]["resolved"] |= facts
    assert why_not(body, "registry-alias").startswith("data.resolved: ")


def test_a_tensor_of_the_registry_has_a_name() -> None:
    body = written("registry-alias")
    body["data"]["resolved"]["inputs"][0]["name"] = 5
    assert why_not(body, "registry-alias").startswith("data.resolved: ")


@pytest.mark.parametrize("data", [None, 5, "x", [], {}])
def test_data_that_is_no_record_is_not_accepted(data: Any) -> None:
    assert why_not({**written(), "data": data}).startswith("data")


@pytest.mark.parametrize("body", [{}, {"metadata": None}, {"metadata": {"name": 5}}, {"data": 5}])
def test_anything_is_reported_and_never_raises(body: Any) -> None:
    assert isinstance(read_record(body, unit_of(written())), RejectedRecord)


def test_the_name_is_the_units_and_the_revisions() -> None:
    body = written()
    body["metadata"]["name"] = "another-7268ed8907"

    assert why_not(body) == (
        "metadata.name: found 'another-7268ed8907', expected fx-signal-REVISION"
    )


def test_a_record_of_another_namespace_is_not_the_units() -> None:
    unit = unit_of(written())
    elsewhere = UnitKey(unit.kind, "kube-system", unit.name)
    record = read_record(written(), elsewhere)

    assert isinstance(record, RejectedRecord)
    assert record.why == "metadata.namespace: found 'desk-7', expected 'kube-system'"


def test_a_record_that_is_not_accepted_still_says_what_it_was_made_of() -> None:
    body = written(PINNED)
    body["data"] |= {"children": [], "madeOf": "0123456789"}
    record = read(body)

    assert isinstance(record, RejectedRecord)
    assert (record.spec_hash, record.number) == ("0123456789", 1)
