"""The init container is told of its node's cache where there is one."""

from dataclasses import replace
from typing import Any

from inference_operator.api.base import API_VERSION
from inference_operator.api.status import InferenceModelStatus
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.serving_unit import Owner
from inference_operator.load import command
from inference_operator.planning.plan import Delete
from inference_operator.planning.planner import plan
from inference_operator.resources import pod
from tests.unit.planning.seen import DEFAULTS, NOON
from tests.unit.resources.inputs import INPUTS

URL = "http://inference-operator-artifact-cache.inference-operator.svc:8081"
CACHED = replace(DEFAULTS, artifact_cache=URL)


def deployment(defaults: Any) -> Any:
    body = INPUTS["minimal-onnx"]
    key = UnitKey("InferenceModel", body["metadata"]["namespace"], body["metadata"]["name"])
    owner = Owner(key, API_VERSION, "00000000-0000-0000-0000-000000000001")
    seen = Observed(owner, 1, body["spec"], InferenceModelStatus())
    actions = [a for a in plan(seen, defaults, NOON).actions if not isinstance(a, Delete)]
    return next(a.manifest for a in actions if a.manifest["kind"] == "Deployment")


def loader(defaults: Any) -> Any:
    container, _ = deployment(defaults)["spec"]["template"]["spec"]["initContainers"]
    return container


def test_the_address_is_in_the_loaders_environment_alone() -> None:
    assert loader(CACHED)["env"][0] == {
        "name": "INFERENCE_OPERATOR_ARTIFACT_CACHE_URL",
        "value": URL,
    }
    (triton,) = deployment(CACHED)["spec"]["template"]["spec"]["containers"]
    assert triton["env"] == []


def test_without_a_cache_nothing_is_said() -> None:
    assert [variable["name"] for variable in loader(DEFAULTS)["env"]] == [pod.SIZE_LIMIT_VARIABLE]


def test_a_cache_makes_no_other_revision() -> None:
    assert deployment(CACHED)["metadata"]["name"] == deployment(DEFAULTS)["metadata"]["name"]


def test_load_reads_what_the_pod_says() -> None:
    assert command.CACHE_VARIABLE == pod.CACHE_VARIABLE
    assert command.SIZE_LIMIT_VARIABLE == pod.SIZE_LIMIT_VARIABLE
