"""One pass over a custom resource, as the operator makes it, and what it must never do."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from inference_operator.api.base import API_VERSION
from inference_operator.domain.allow_lists import AllowLists
from inference_operator.domain.names import UnitKey
from inference_operator.domain.serving_unit import Owner
from inference_operator.observation.observe import Resolve, observe, unresolved
from inference_operator.observation.store import Store
from inference_operator.planning.plan import Delete, Plan
from inference_operator.planning.planner import plan
from inference_operator.planning.status.events import events_for
from inference_operator.planning.status.explain import explain
from inference_operator.planning.status.unit_status import report
from inference_operator.resources.metadata import owned
from inference_operator.validation.defaults import Defaults
from tests.fakes.bodies import LOADER_IMAGE, TRITON_IMAGE, stored
from tests.fuzz.target import OracleError, check_secret
from tests.unit.resources.restricted import violations

NOW = datetime(2031, 5, 6, 12, tzinfo=UTC)
_DEFAULTS = Defaults(TRITON_IMAGE, LOADER_IMAGE)
_LISTS = AllowLists(
    images=("registry.example/*",),
    service_accounts=("serving",),
    priority_classes=("high",),
    tolerations=("gpu:NoSchedule",),
    source_hosts=("allowed.example", "pvc://allowed"),
    gateways=("gateways/*",),
    hostnames=("*.allowed.example",),
)
RESTRICTED = replace(_DEFAULTS, allowed=_LISTS)
"""Defaults with allow-lists, which refuse most of what the seeds name."""

_KINDS = {"ConfigMap", "ControllerRevision", "Deployment", "PodDisruptionBudget", "Service"}
_VOLUMES = {"name", "emptyDir", "configMap", "secret", "persistentVolumeClaim"}
# etcd takes no object of more than 1.5 MiB; a condition of Kubernetes has 32 KiB at most.
_STATUS_LENGTH = 256 << 10


def key_of(body: Mapping[str, Any]) -> UnitKey:
    """Return the unit of a body."""
    meta = body["metadata"]
    return UnitKey(body["kind"], meta["namespace"], meta["name"])


def child_of(body: Mapping[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """Return a live child of the unit, as the API server gives it back."""
    owner = Owner(key_of(body), API_VERSION, stored({"metadata": {}})["metadata"]["uid"])
    made = owned(child, owner)
    meta = {**made["metadata"], "uid": f"uid-of-{child['kind']}", "resourceVersion": "1"}
    return {**made, "metadata": meta}


def passed(
    body: dict[str, Any],
    *others: dict[str, Any],
    resolve: Resolve = unresolved,
    defaults: Defaults = _DEFAULTS,
) -> Iterator[str]:
    """Observe, plan and report as one pass does; yield all that people read of it.

    `others` are further objects of the cluster. OracleError for a plan that must not be.
    """
    store, key = Store(), key_of(body)
    store.put(body["kind"], stored(body))
    for other in others:
        store.put(other["kind"], other)
    seen = observe(store, key, resolve)
    if seen is None:
        raise OracleError("a custom resource that is not seen")
    made = plan(seen, defaults, NOW)
    check_plan(made)
    status = report(seen, made, (), NOW)
    text = status.model_dump_json(by_alias=True, exclude_none=True)
    if len(text) > _STATUS_LENGTH:
        raise OracleError(f"a status of {len(text):,} characters")
    check_secret(text)
    yield from (condition.message for condition in status.conditions)
    yield from (decision.message for decision in status.decisions)
    yield from (note.message for note in events_for(seen.status, status, made))
    explain(made)


def check_plan(made: Plan) -> None:
    """Raise OracleError for an action outside of the unit's namespace, or for a pod that is more
    than *restricted* allows."""
    for action in made.actions:
        if action.key.kind not in _KINDS:
            raise OracleError(f"an action on a {action.key.kind}")
        if not isinstance(action, Delete):
            check_child(action.manifest, made.key)


def check_child(manifest: Mapping[str, Any], unit: UnitKey) -> None:
    """Raise OracleError for a child that no operator may write for the unit."""
    meta = manifest["metadata"]
    if meta["namespace"] != unit.namespace:
        raise OracleError(f"a child in namespace {meta['namespace']!r}")
    if manifest["kind"] not in _KINDS or not str(meta["name"]).startswith(unit.name):
        raise OracleError(f"a child {manifest['kind']} {meta['name']!r}")
    if manifest["kind"] == "Deployment":
        _check_template(manifest["spec"]["template"])


def _check_template(template: Mapping[str, Any]) -> None:
    problems = violations(template)
    pod = template["spec"]
    if pod.get("automountServiceAccountToken") is not False:
        problems.append("automountServiceAccountToken")
    kinds = {key for volume in pod["volumes"] for key in volume}
    problems += sorted(kinds - _VOLUMES)
    commands = [container.get("command") for container in pod["containers"]]
    if commands != [["tritonserver"]]:
        problems.append(f"command {commands}")
    if problems:
        raise OracleError(f"a pod template with {', '.join(problems)}")
