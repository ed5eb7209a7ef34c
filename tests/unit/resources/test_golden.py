"""Children as they are written, compared with golden files that are read in review."""

from typing import Any

import pytest

from inference_operator.domain.kubectl_yaml import write_manifests
from inference_operator.planning.plan import Delete, Plan
from inference_operator.planning.planner import plan
from inference_operator.resources.controller_revision import read_record
from tests.golden import Golden
from tests.unit.planning.seen import DEFAULTS, NOON
from tests.unit.resources.inputs import INPUTS, seen_of
from tests.unit.resources.restricted import violations


def planned(body: dict[str, Any]) -> Plan:
    return plan(seen_of(body), DEFAULTS, NOON)


def manifests(done: Plan) -> list[dict[str, Any]]:
    assert done.assessment.invalid is None, done.assessment.invalid
    return [dict(a.manifest) for a in done.actions if not isinstance(a, Delete)]


def as_yaml(bodies: list[dict[str, Any]]) -> str:
    return write_manifests(bodies, explicit_start=True)


@pytest.mark.parametrize("name", INPUTS)
def test_children_are_as_reviewed(name: str, golden: Golden) -> None:
    body = INPUTS[name]
    golden.check(f"golden/{name}/input.yaml", as_yaml([body]))
    # The record repeats the ConfigMap and the Deployment.
    children = [m for m in manifests(planned(body)) if m["kind"] != "ControllerRevision"]
    golden.check(f"golden/{name}/expected.yaml", as_yaml(children))


@pytest.mark.parametrize("name", INPUTS)
def test_the_record_holds_what_is_written(name: str) -> None:
    by_kind = {m["kind"]: m for m in manifests(planned(INPUTS[name]))}
    config, workload = by_kind["ControllerRevision"]["data"]["children"]

    assert config["data"] == by_kind["ConfigMap"]["data"]
    assert workload["spec"]["template"] == by_kind["Deployment"]["spec"]["template"]
    assert "replicas" not in workload["spec"]
    assert "ownerReferences" not in workload["metadata"]


@pytest.mark.parametrize("name", INPUTS)
def test_the_record_that_is_written_is_accepted(name: str) -> None:
    done = planned(INPUTS[name])
    (written,) = (m for m in manifests(done) if m["kind"] == "ControllerRevision")

    assert read_record(written, done.key) == next(iter(done.records.values()))


@pytest.mark.parametrize("name", INPUTS)
def test_pods_pass_the_restricted_standard(name: str) -> None:
    (deployment,) = (m for m in manifests(planned(INPUTS[name])) if m["kind"] == "Deployment")

    assert violations(deployment["spec"]["template"]) == []


@pytest.mark.parametrize("name", INPUTS)
def test_the_service_selects_exactly_the_pods_of_its_revision(name: str) -> None:
    by_kind = {m["kind"]: m for m in manifests(planned(INPUTS[name]))}
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selector = by_kind["Service"]["spec"]["selector"]

    assert selector.items() <= labels.items()
    assert selector == by_kind["Deployment"]["spec"]["selector"]["matchLabels"]
    assert any("revision" in key for key in selector)


@pytest.mark.parametrize("name", INPUTS)
def test_every_mount_has_its_volume_and_every_volume_a_mount(name: str) -> None:
    (deployment,) = (m for m in manifests(planned(INPUTS[name])) if m["kind"] == "Deployment")
    spec = deployment["spec"]["template"]["spec"]
    mounted = {
        mount["name"]
        for container in (*spec["initContainers"], *spec["containers"])
        for mount in container["volumeMounts"]
    }

    assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_triton_never_sees_the_credentials() -> None:
    done = planned(INPUTS["secret-for-the-source"])
    (deployment,) = (m for m in manifests(done) if m["kind"] == "Deployment")
    (triton,) = deployment["spec"]["template"]["spec"]["containers"]

    assert not any("secret" in mount["name"] for mount in triton["volumeMounts"])


def test_readiness_is_that_of_this_version_of_this_model() -> None:
    done = planned(INPUTS["another-name-in-triton"])
    (deployment,) = (m for m in manifests(done) if m["kind"] == "Deployment")
    _, sidecar = deployment["spec"]["template"]["spec"]["initContainers"]

    assert sidecar["args"][1:3] == ["--model=Curve_Fit", "--version=1"]
