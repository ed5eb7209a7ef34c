"""Records with and without the sidecar: exactly ours is accepted, and older ones are."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from inference_operator.domain.observed import RejectedRecord
from inference_operator.planning.planner import plan
from inference_operator.resources.controller_revision import read_record
from tests.unit.planning.seen import DEFAULTS, NOON
from tests.unit.resources.inputs import INPUTS, seen_of
from tests.unit.resources.records import NAMES, loader, pod, triton, why_not, written

Body = dict[str, Any]


def new() -> tuple[Any, Body]:
    """Return the unit, and the record that is written today."""
    done = plan(seen_of(INPUTS["minimal-onnx"]), DEFAULTS, NOON)
    manifests = [a.manifest for a in done.actions if hasattr(a, "manifest")]
    (body,) = (m for m in manifests if m["kind"] == "ControllerRevision")
    return done.key, copy.deepcopy(dict(body))


def rejected(change: Callable[[Body], object]) -> str:
    key, body = new()
    change(body)
    record = read_record(body, key)
    return record.why if isinstance(record, RejectedRecord) else ""


def sidecar(body: Body) -> Body:
    container: Body = pod(body)["initContainers"][1]
    return container


def test_the_record_of_today_is_accepted() -> None:
    assert rejected(lambda body: None) == ""


@pytest.mark.parametrize("name", NAMES)
def test_records_of_before_have_none_and_are_accepted(name: str) -> None:
    assert len(pod(written(name))["initContainers"]) == 1
    assert why_not(written(name), name) == ""


def test_the_record_of_the_first_sidecar_is_accepted() -> None:
    """Triton's own probes asked Triton then, and no request was held."""

    def as_before(body: Body) -> None:
        asked = {
            "httpGet": {"path": "/v2/models/curve-fit/versions/1/ready", "port": "http"},
            "periodSeconds": 2,
            "failureThreshold": 900,
            "timeoutSeconds": 5,
        }
        own = triton(body)["readinessProbe"] | {"timeoutSeconds": 2}
        sidecar(body).update(readinessProbe=own)
        triton(body).update(startupProbe=asked, readinessProbe=asked)

    assert rejected(as_before) == ""


ATTACKS: dict[str, Callable[[Body], object]] = {
    "another command": lambda b: sidecar(b).update(command=["sh"]),
    "another subcommand": lambda b: sidecar(b)["args"].__setitem__(0, "run"),
    "another Triton": lambda b: sidecar(b)["args"].append("--triton=10.0.0.1:80"),
    "another option": lambda b: sidecar(b)["args"].__setitem__(1, "--triton=10.0.0.1:80"),
    "another first request": lambda b: sidecar(b)["args"].__setitem__(3, "--first-request=Run"),
    "a model with a space": lambda b: sidecar(b)["args"].__setitem__(1, "--model=a b"),
    "a loader that never ends": lambda b: loader(b).update(restartPolicy="Always"),
    "a sidecar that ends": lambda b: sidecar(b).pop("restartPolicy"),
    "a second sidecar": lambda b: pod(b)["initContainers"].append(sidecar(b)),
    "the other order": lambda b: pod(b)["initContainers"].reverse(),
    "the sidecar alone": lambda b: pod(b)["initContainers"].pop(0),
    "privileged": lambda b: sidecar(b)["securityContext"].update(privileged=True),
    "a writable root": lambda b: sidecar(b)["securityContext"].update(readOnlyRootFilesystem=False),
    "a variable": lambda b: sidecar(b).update(env=[{"name": "LD_PRELOAD", "value": "/x.so"}]),
    "the models": lambda b: sidecar(b)["volumeMounts"].append(
        {"name": "models", "mountPath": "/models"}
    ),
    "a Secret": lambda b: sidecar(b).update(
        volumeMounts=[{"name": "secret-0", "mountPath": "/var/run/inference-operator"}]
    ),
    "another folder": lambda b: sidecar(b)["volumeMounts"][0].update(mountPath="/etc"),
    "a hook": lambda b: sidecar(b).update(lifecycle={}),
    "a host port": lambda b: sidecar(b)["ports"][0].update(hostPort=8003),
    "another port": lambda b: sidecar(b)["ports"][0].update(containerPort=22),
    "a probe of another host": lambda b: triton(b)["livenessProbe"]["httpGet"].update(
        host="169.254.169.254"
    ),
    "a probe of another page": lambda b: triton(b)["livenessProbe"]["httpGet"].update(path="/x"),
    "a probe of another port": lambda b: triton(b)["livenessProbe"]["httpGet"].update(port=22),
    "readiness by another page": lambda b: triton(b)["readinessProbe"]["httpGet"].update(
        path="/live"
    ),
    "a start by another page": lambda b: triton(b)["startupProbe"]["httpGet"].update(path="/x"),
    "a volume with another name": lambda b: pod(b)["volumes"].append(
        {"name": "probe-0", "hostPath": {"path": "/"}}
    ),
    "the probe's volume on the node": lambda b: pod(b)["volumes"].append(
        {"name": "probe", "hostPath": {"path": "/"}}
    ),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_else_is_accepted(attack: Callable[[Body], object]) -> None:
    assert rejected(attack)


def test_the_pod_gives_the_sidecar_no_secret_and_lets_it_write_to_its_folder_only() -> None:
    _, body = new()
    container = sidecar(body)
    mounts = {m["name"]: m.get("readOnly", False) for m in container["volumeMounts"]}
    assert mounts == {"probe": False, "models": True, "digests": True}
    assert "env" not in container
    assert pod(body)["automountServiceAccountToken"] is False
