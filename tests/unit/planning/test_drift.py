"""Drift is a change of an applied field; fields that others added are not."""

import copy
from typing import Any

import pytest

from inference_operator.planning.children.drift import drift, foreign_keys

WANTED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "fx-drift-1a2b3c", "labels": {"team": "fx"}},
    "spec": {
        "replicas": 2,
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "triton",
                        "image": "triton:26.01",
                        "args": ["--http-port=8000", "--log-verbose=1"],
                        "env": [{"name": "OMP_NUM_THREADS", "value": ""}],
                        "resources": {
                            "requests": {"cpu": "1500m", "memory": "1024Mi"},
                            "limits": {"memory": "2147483648", "nvidia.com/gpu": 1},
                        },
                    }
                ],
                "tolerations": [{"key": "gpu", "operator": "Exists"}],
                "volumes": [
                    {"name": "tmp", "emptyDir": {}},
                    {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}},
                ],
            }
        },
    },
}


def live(*path: Any, value: Any = None) -> dict[str, Any]:
    """Return the manifest as a live object, with one field changed."""
    body = copy.deepcopy(WANTED)
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    if path:
        place[path[-1]] = value
    return body


CONTAINERS = WANTED["spec"]["template"]["spec"]["containers"]
POD = ("spec", "template", "spec")
TRITON = (*POD, "containers", 0)

SAME: dict[str, dict[str, Any]] = {
    "nothing changed": live(),
    "the server adds defaults": live("spec", "progressDeadlineSeconds", value=600),
    "the server adds defaults to a container": live(*TRITON, "imagePullPolicy", value="Always"),
    "a stranger adds a label": live("metadata", "labels", "owner", value="ops"),
    "a status appears": live("status", value={"replicas": 2}),
    "quantities in canonical form": live(
        *TRITON,
        "resources",
        value={
            "requests": {"cpu": "1.5", "memory": "1Gi"},
            "limits": {"memory": "2Gi", "nvidia.com/gpu": "1"},
        },
    ),
    "a size limit in another unit": live(
        *POD, "volumes", 1, "emptyDir", "sizeLimit", value="268435456"
    ),
    "an injected sidecar": live(
        *POD,
        "containers",
        value=[{"name": "mesh"}, *CONTAINERS],
    ),
    "volumes in another order": live(
        *POD, "volumes", value=WANTED["spec"]["template"]["spec"]["volumes"][::-1]
    ),
    "the server drops an empty value": live(*TRITON, "env", value=[{"name": "OMP_NUM_THREADS"}]),
}

CHANGED: dict[str, tuple[dict[str, Any], str]] = {
    "replicas": (live("spec", "replicas", value=5), "spec.replicas"),
    "an image": (
        live(*TRITON, "image", value="triton:latest"),
        "spec.template.spec.containers.triton.image",
    ),
    "an argument": (
        live(*TRITON, "args", value=["--http-port=8000", "--log-verbose=0"]),
        "spec.template.spec.containers.triton.args.1",
    ),
    "one argument more": (
        live(*TRITON, "args", value=["--http-port=8000", "--log-verbose=1", "--x"]),
        "spec.template.spec.containers.triton.args",
    ),
    "a list that is gone": (
        live(*TRITON, "args", value=None),
        "spec.template.spec.containers.triton.args",
    ),
    "a toleration that is gone": (
        live(*POD, "tolerations", value=[]),
        "spec.template.spec.tolerations",
    ),
    "a container that is gone": (
        live(*POD, "containers", value=[{"name": "mesh"}]),
        "spec.template.spec.containers.triton",
    ),
    "a quantity": (
        live(*TRITON, "resources", "requests", "cpu", value="2"),
        "spec.template.spec.containers.triton.resources.requests.cpu",
    ),
    "no quantity at all": (
        live(*TRITON, "resources", "requests", "cpu", value="lots"),
        "spec.template.spec.containers.triton.resources.requests.cpu",
    ),
    "a label": (live("metadata", "labels", "team", value="fi"), "metadata.labels.team"),
    "a variable": (
        live(*TRITON, "env", value=[{"name": "OMP_NUM_THREADS", "value": "4"}]),
        "spec.template.spec.containers.triton.env.OMP_NUM_THREADS.value",
    ),
    "a variable that is gone": (
        live(*TRITON, "env", value=[]),
        "spec.template.spec.containers.triton.env.OMP_NUM_THREADS",
    ),
}


@pytest.mark.parametrize("body", SAME.values(), ids=SAME)
def test_it_is_no_drift_when(body: dict[str, Any]) -> None:
    assert drift(body, WANTED) is None


@pytest.mark.parametrize(("body", "where"), CHANGED.values(), ids=CHANGED)
def test_it_is_drift_to_change(body: dict[str, Any], where: str) -> None:
    assert drift(body, WANTED) == where


OWNER = {"apiVersion": "inference.aipx.io/v1alpha1", "kind": "InferenceModel", "name": "fx-drift"}
OURS = {**OWNER, "uid": "uid-of-owner", "controller": True}
NAMESAKE = {"apiVersion": "argoproj.io/v1", "kind": "App", "name": "fx-drift", "uid": "uid-of-app"}


def owned(*owners: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": "fx-drift", "ownerReferences": [*owners]}}


@pytest.mark.parametrize("owners", [(OURS, NAMESAKE), (NAMESAKE, OURS)], ids=["after", "before"])
def test_an_owner_of_the_same_name_is_another_one(owners: tuple[dict[str, Any], ...]) -> None:
    assert drift(owned(*owners), owned(OURS)) is None


@pytest.mark.parametrize(
    ("owners", "where"),
    [
        ((NAMESAKE,), "uid-of-owner"),
        ((), "uid-of-owner"),
        ((NAMESAKE, {**OURS, "controller": False}), "uid-of-owner.controller"),
    ],
    ids=["a namesake instead", "none", "no controller any more"],
)
def test_it_is_drift_to_take_its_owner_away(owners: Any, where: str) -> None:
    assert drift(owned(*owners), owned(OURS)) == f"metadata.ownerReferences.{where}"


def service(**selector: str) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": selector}}


def test_a_key_that_a_stranger_adds_to_a_selector_is_drift() -> None:
    live, expected = service(app="fx", colour="blue"), service(app="fx")

    assert drift(live, expected) == "spec.selector"
    assert foreign_keys(live, expected) == {("spec", "selector"): ["colour"]}


def test_an_equal_selector_is_none() -> None:
    assert drift(service(app="fx"), service(app="fx")) is None
    assert foreign_keys(service(app="fx"), service(app="fx")) == {}


@pytest.mark.parametrize("name", [5, None, {}, ["x"]])
def test_names_that_are_no_texts_are_compared_by_place(name: Any) -> None:
    """Somebody edited the record that is compared with, or the live object."""

    def pod(name: Any) -> dict[str, Any]:
        return {"kind": "Pod", "spec": {"volumes": [{"name": name, "emptyDir": {}}]}}

    assert drift(pod(name), pod(name)) is None
    assert drift(pod("cache"), pod(name)) == "spec.volumes.0.name"
    assert drift(pod(name), pod("cache")) == "spec.volumes.cache"
