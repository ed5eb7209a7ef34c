"""The role in manifests/base is exactly what the operator uses: no less, and no more."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster.apiserver import ApiServer
from hack.product import ROOT
from hack.services.operator_process import operator_process
from tests.conftest import install_crds
from tests.fakes.bodies import source
from tests.fakes.gateways import rollout as with_gateway
from tests.integration.operator.gateway_api import install_gateway_api, routes
from tests.integration.operator.harness import PIPELINE, NamespaceHarness
from tests.integration.operator.service_account import NAMESPACE, Use, as_service_account, used
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

RBAC = ROOT / "manifests" / "base" / "rbac.yaml"


def rules() -> list[dict[str, Any]]:
    """Of the ClusterRole, and of the Role in the operator's own namespace."""
    bodies = yaml.safe_load_all(RBAC.read_text("utf-8"))
    return [rule for body in bodies for rule in body.get("rules", ())]


def granted() -> set[Use]:
    return {
        (group, resource, verb)
        for rule in rules()
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer(controller_manager=True) as server:
        install_crds(server)
        install_gateway_api(server.kubectl)
        server.kubectl("create", "namespace", NAMESPACE)
        server.kubectl("apply", "--server-side", "-n", NAMESPACE, "-f", str(RBAC))
        yield server


def live_a_life(scene: NamespaceHarness) -> None:
    """Everything that makes the operator write something."""
    rollout = {"scaleDownDelay": "1s", "revisionHistoryLimit": 0}
    scene.apply(model=source(1), replicas=2, rollout=rollout)
    scene.await_pods(2)
    scene.await_ready()
    # Drift of each kind.
    for child in scene.children():
        kind, name = child["kind"], child["metadata"]["name"]
        labels = '{"metadata":{"labels":{"app.kubernetes.io/name":"else"}}}'
        scene.run("patch", kind, name, "--type=merge", "-p", labels)
    eventually(
        lambda: all(
            c["metadata"]["labels"]["app.kubernetes.io/name"] == "triton" for c in scene.children()
        ),
        scene.children,
    )
    # An orphaned ConfigMap is adopted.
    (config,) = scene.children("configmap")
    orphan = '{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}'
    scene.run("patch", "configmap", config["metadata"]["name"], "--type=merge", "-p", orphan)
    eventually(lambda: scene.children("configmap"))
    # A budget that is no longer wanted, and an old revision without history.
    scene.apply(model=source(2), replicas=1, rollout=rollout)
    scene.await_ready()
    eventually(lambda: len(scene.children("controllerrevision")) == 1, scene.kinds)
    # Routes that come and go.
    scene.apply(model=source(2), rollout={**rollout, **with_gateway()})
    eventually(lambda: len(routes(scene)) == 2)
    scene.apply(model=source(2), rollout=rollout)
    eventually(lambda: routes(scene) == [])
    # The other kind.
    scene.apply_pipeline()
    scene.await_ready(f"epipe/{PIPELINE}")
    # A child that is deleted by hand comes back.
    scene.run("delete", "service", PIPELINE)
    eventually(lambda: PIPELINE in [c["metadata"]["name"] for c in scene.children("service")])


def test_the_role_is_exactly_what_the_operator_uses(server: ApiServer, tmp_path: Path) -> None:
    kubeconfig = as_service_account(server.kubectl, tmp_path)
    environment = {"INFERENCE_OPERATOR_RESYNC_SECONDS": "10"}
    if "leases" in {resource for _, resource, _ in granted()}:
        environment["INFERENCE_OPERATOR_LEASE_NAMESPACE"] = NAMESPACE
    with operator_process(kubeconfig, environment) as process:
        process.await_ready()
        live_a_life(NamespaceHarness.new(server))
        time.sleep(11)  # until everything was compared once
        assert process.metric("inference_operator_errors_total") == 0, process.log

    uses = list(used(server))
    forbidden = {use for use, code in uses if code in (401, 403)}
    assert not forbidden, f"the role lacks {sorted(forbidden)}"
    # Not seen in the audit log: looked up by admission for blockOwnerDeletion.
    implicit = {use for use in granted() if use[1].endswith("/finalizers")}
    unused = granted() - implicit - {use for use, _ in uses}
    assert not unused, f"the role has more than is used: {sorted(unused)}"
