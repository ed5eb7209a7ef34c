"""Records that somebody edited are legible or none: they never raise."""

import copy
from typing import Any

import pytest

from inference_operator.domain.accelerator import Mode
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.resources.controller_revision import controller_revision, read_record
from tests.unit.planning.seen import OWNER, record

CONFIG_MAP = {"kind": "ConfigMap", "metadata": {"name": "fx-aaa"}, "data": {"plan.json": "{}"}}
CONTAINER = {"name": "triton", "image": "registry.example/triton:26.01"}
DEPLOYMENT = {
    "kind": "Deployment",
    "metadata": {"name": "fx-aaa"},
    "spec": {"template": {"spec": {"containers": [CONTAINER]}}},
}
PIN = Pin(
    kind="InferenceModel",
    name="fx",
    revision="bbb",
    model="fx",
    version=3,
    uri="https://store.example/fx/3/model.onnx",
    run_id="",
    sha256="ab" * 32,
    repository={"plan.json": "{}"},
)


def written() -> dict[str, Any]:
    """A pipeline's record as the API server gives it back."""
    kept: RevisionRecord = record(
        sha256="cd" * 32,
        mode=Mode.CPU,
        children=(CONFIG_MAP, DEPLOYMENT),
        steps=(ServedStep("s", "fx", 3, PIN.uri, PIN),),
    )
    return copy.deepcopy(dict(controller_revision(OWNER, kept)))


def test_what_was_written_is_read_back() -> None:
    found = read_record(written())

    assert found is not None
    assert found.steps[0].pin == PIN
    assert found.repository == {"plan.json": "{}"}
    assert found.triton_image == "registry.example/triton:26.01"


CHILDREN: dict[str, Any] = {
    "no list": 5,
    "a number": [5],
    "nothing": [None],
    "an empty map": [{}],
    "no metadata": [{"kind": "ConfigMap"}],
    "data that is a list": [{**CONFIG_MAP, "data": [1]}],
    "data that is a word": [{**CONFIG_MAP, "data": "x"}],
    "a file that is a number": [{**CONFIG_MAP, "data": {"plan.json": 5}}],
    "a Deployment without spec": [{**DEPLOYMENT, "spec": None}],
    "a container without an image": [
        {**DEPLOYMENT, "spec": {"template": {"spec": {"containers": [{"name": "triton"}]}}}}
    ],
}


@pytest.mark.parametrize("children", CHILDREN.values(), ids=CHILDREN)
def test_children_that_nobody_can_apply_make_it_illegible(children: Any) -> None:
    found = written()
    found["data"]["children"] = children
    assert read_record(found) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", 5),
        ("version", 0),
        ("version", -3),
        ("version", "x"),
        ("uri", ["x"]),
        ("sha256", "zz"),
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
def test_it_is_illegible_with(field: str, value: Any) -> None:
    found = written()
    found["data"][field] = value
    assert read_record(found) is None


@pytest.mark.parametrize(
    ("field", "value"), [("name", 5), ("version", 0), ("sha256", "ZZ"), ("repository", [1])]
)
def test_it_is_illegible_with_a_pin_whose(field: str, value: Any) -> None:
    found = written()
    found["data"]["steps"][0]["pin"][field] = value
    assert read_record(found) is None


def test_data_that_is_no_map_is_illegible() -> None:
    assert read_record({**written(), "data": 5}) is None
