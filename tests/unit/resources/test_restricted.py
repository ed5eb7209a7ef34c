"""The check itself finds what it is there for."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.resources.restricted import violations

GOOD: dict[str, Any] = {
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "app",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
}

Spoil = Callable[[dict[str, Any]], object]
BAD: dict[str, Spoil] = {
    "hostNetwork": lambda spec: spec.update(hostNetwork=True),
    "volumes.host": lambda spec: spec["volumes"].append({"name": "host", "hostPath": {}}),
    "containers.app.runAsNonRoot": lambda spec: spec["securityContext"].pop("runAsNonRoot"),
    "containers.app.seccompProfile": lambda spec: spec["securityContext"].pop("seccompProfile"),
    "containers.app.allowPrivilegeEscalation": lambda spec: (
        context(spec).clear() or context(spec).update(capabilities={"drop": ["ALL"]})
    ),
    "containers.app.capabilities.drop": lambda spec: context(spec).pop("capabilities"),
    "containers.app.privileged": lambda spec: context(spec).update(privileged=True),
}


def context(spec: dict[str, Any]) -> dict[str, Any]:
    security: dict[str, Any] = spec["containers"][0]["securityContext"]
    return security


def test_a_good_pod_passes() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize(("field", "spoil"), BAD.items(), ids=BAD)
def test_a_bad_one_is_found_by_its_field(field: str, spoil: Spoil) -> None:
    pod = copy.deepcopy(GOOD)
    spoil(pod["spec"])

    assert violations(pod) == [field]
