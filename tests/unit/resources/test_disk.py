"""What pods may take of the node's disk: volumes, limits of ephemeral storage, and old records."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.base import parse_quantity
from inference_operator.domain.disk import DEFAULT_SIZE_LIMIT, as_quantity, disk_limits
from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    ArtifactFormat,
    PlannedModel,
    RepositoryPlan,
)
from inference_operator.load.layout.builtin import MOST_VOCABULARY
from inference_operator.planning.planner import plan
from tests.fakes.bodies import imodel
from tests.unit.planning.seen import DEFAULTS, NOON
from tests.unit.resources.inputs import INPUTS, seen_of
from tests.unit.resources.records import CACHED, loader, pod, why_not, written

DISK = "ephemeral-storage"
MODEL = {"source": {"uri": "https://store.example/spread.onnx"}, "format": "onnx"}
ONE = PlannedModel("spread", 1, ArtifactFormat.ONNX, "https://store.example/spread.onnx")


def rendered(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the manifests by kind."""
    done = plan(seen_of(body), DEFAULTS, NOON)
    assert done.assessment.invalid is None, done.assessment.invalid
    return {a.manifest["kind"]: dict(a.manifest) for a in done.actions if hasattr(a, "manifest")}


def pod_of(body: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = rendered(body)["Deployment"]["spec"]["template"]["spec"]
    return spec


def case(limit: str | None = None, **resources: Any) -> dict[str, Any]:
    model = {**MODEL, "sizeLimit": limit} if limit else MODEL
    return imodel("spread", namespace="credit", model=model, resources=resources)


def sizes(spec: dict[str, Any]) -> dict[str, int]:
    limits = {v["name"]: v["emptyDir"]["sizeLimit"] for v in spec["volumes"] if "emptyDir" in v}
    return {name: int(parse_quantity(size)) for name, size in limits.items()}


@pytest.mark.parametrize("limit", [None, "1Mi", "140Gi", "64Ti"])
def test_the_volume_holds_an_archive_beside_what_is_in_it(limit: str | None) -> None:
    most = int(parse_quantity(limit)) if limit else DEFAULT_SIZE_LIMIT
    volumes = sizes(pod_of(case(limit)))
    assert 2 * most < volumes["models"] <= 2 * most + (1 << 30)
    assert volumes["tmp"] == max(most, DEFAULT_SIZE_LIMIT)


@pytest.mark.parametrize("name", INPUTS)
def test_the_limit_of_the_pod_covers_its_volumes_and_logs(name: str) -> None:
    spec = pod_of(INPUTS[name])
    volumes = sizes(spec)
    for container in (spec["initContainers"][0], *spec["containers"]):
        limit = int(parse_quantity(container["resources"]["limits"][DISK]))
        assert limit >= volumes["models"] + volumes["tmp"] + (1 << 30)
        # An absent request would become the limit.
        assert container["resources"]["requests"][DISK] == "0"


Halves = dict[str, dict[str, str]]


@pytest.mark.parametrize(
    ("given", "requests", "limit"),
    [
        # Kubernetes takes the limit for the request.
        ({"limits": {DISK: "9Gi"}}, None, "9Gi"),
        ({"requests": {DISK: "9Gi"}}, "9Gi", "63Gi"),
        ({"requests": {DISK: "900Gi"}}, "900Gi", "900Gi"),
        ({"requests": {DISK: "1Gi"}, "limits": {DISK: "9Gi"}}, "1Gi", "9Gi"),
    ],
)
def test_what_the_spec_says_of_the_disk_stays(
    given: Halves, requests: str | None, limit: str
) -> None:
    """In both containers: a LimitRange may require a request of each."""
    spec = pod_of(case(**given))
    for container in (spec["initContainers"][0], *spec["containers"]):
        resources = container["resources"]
        assert resources.get("requests", {}).get(DISK) == requests
        assert resources["limits"][DISK] == limit


def test_the_sidecar_adds_no_disk_to_the_request() -> None:
    """Requests of sidecars are added up, those of init containers are not."""
    spec = pod_of(case(requests={DISK: "90Gi"}))
    assert spec["initContainers"][1]["resources"]["requests"][DISK] == "0"
    assert spec["initContainers"][1]["resources"]["limits"][DISK] == "256Mi"


def test_the_loader_knows_the_default_from_its_pod_and_the_field_from_its_plan() -> None:
    load, _ = pod_of(case())["initContainers"]
    value = {"name": "INFERENCE_OPERATOR_SIZE_LIMIT", "value": str(DEFAULT_SIZE_LIMIT)}
    assert value in load["env"]
    assert "sizeLimit" not in rendered(case())["ConfigMap"]["data"][PLAN_FILE]
    plan_json = rendered(case("140Gi"))["ConfigMap"]["data"][PLAN_FILE]
    (model,) = RepositoryPlan.from_json(plan_json).models
    assert model.size_limit == 140 << 30


def test_a_limit_makes_a_revision_and_none_makes_no_other() -> None:
    names = [rendered(case(limit))["Deployment"]["metadata"]["name"] for limit in (None, "30Gi")]
    assert names[0] != names[1]


# Inputs without a record of before.
NEW = {"two-replicas", "pipeline", "custom-backend", "headless-service"}


@pytest.mark.parametrize("name", sorted({*INPUTS} - NEW))
def test_the_default_is_in_no_hash(name: str) -> None:
    # Records of an operator that knew no limit.
    assert (
        rendered(INPUTS[name])["Deployment"]["metadata"]["name"]
        == (written(name)["metadata"]["name"])
    )


def test_built_in_steps_and_ensembles_take_no_limit() -> None:
    words = PlannedModel(
        "words", 1, ArtifactFormat.PYTHON, "https://store.example/v", builtin="tokenizer"
    )
    joined = PlannedModel("all", 1, ArtifactFormat.ENSEMBLE)
    limits = disk_limits((words, joined))
    assert 2 * MOST_VOCABULARY < limits.models <= 1 << 30
    assert disk_limits((ONE, ONE)).models > disk_limits((ONE,)).models > limits.models


@pytest.mark.parametrize(
    ("size", "text"), [(1, "1"), (1000, "1000"), (1 << 10, "1Ki"), (3 << 39, "1536Gi")]
)
def test_bytes_are_written_exactly(size: int, text: str) -> None:
    assert as_quantity(size) == text
    assert parse_quantity(text) == size


Edit = Callable[[dict[str, Any]], Any]


def variable(**fields: Any) -> Edit:
    return lambda body: loader(body).update(env=[fields])


def volume(name: str, **content: Any) -> Edit:
    def edit(body: dict[str, Any]) -> None:
        (volume,) = (v for v in pod(body)["volumes"] if v["name"] == name)
        volume["emptyDir"] = content

    return edit


SIZE = "INFERENCE_OPERATOR_SIZE_LIMIT"
GOOD: dict[str, Edit] = {
    "a record without limits": lambda body: None,
    "a limit of the models": volume("models", sizeLimit="41Gi"),
    "a limit in bytes": volume("tmp", sizeLimit="21474836480"),
    "the loader's limit": variable(name=SIZE, value="21474836480"),
}
BAD: dict[str, Edit] = {
    "a negative limit": volume("models", sizeLimit="-1Gi"),
    "no bytes at all": volume("models", sizeLimit="0"),
    "a limit that is a list": volume("models", sizeLimit=[1]),
    "an absurd limit": volume("models", sizeLimit="9" * 40),
    "models in memory": volume("models", medium="Memory"),
    "huge pages": volume("tmp", medium="HugePages"),
    "a limit of the loader in words": variable(name=SIZE, value="much"),
    "a limit of the loader with a sign": variable(name=SIZE, value="-1"),
    "a limit of the loader that is long": variable(name=SIZE, value="9" * 5000),
    "a limit of the loader from a Secret": variable(
        name=SIZE, valueFrom={"secretKeyRef": {"name": "x", "key": "y"}}
    ),
    "three variables": lambda body: loader(body).update(env=[{"name": SIZE, "value": "1"}] * 3),
}


@pytest.mark.parametrize("edit", GOOD.values(), ids=GOOD.keys())
def test_a_record_with_limits_or_without_is_accepted(edit: Edit) -> None:
    body = written(CACHED)
    edit(body)
    assert why_not(body, CACHED) == ""


@pytest.mark.parametrize("edit", BAD.values(), ids=BAD.keys())
def test_a_record_with_another_limit_is_not_accepted(edit: Edit) -> None:
    body = written(CACHED)
    edit(body)
    assert why_not(body, CACHED)


@pytest.mark.parametrize("limit", [0, -1, 2**61, True, "1Gi", 1.5])
def test_a_plan_with_another_limit_is_refused(limit: object) -> None:
    plan_json = RepositoryPlan((replace(ONE, size_limit=7),)).to_json()
    assert RepositoryPlan.from_json(plan_json).models[0].size_limit == 7
    text = plan_json.replace('"sizeLimit": 7', f'"sizeLimit": {json.dumps(limit)}')
    with pytest.raises(ValueError, match="sizeLimit"):
        RepositoryPlan.from_json(text)
