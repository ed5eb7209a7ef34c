"""The real process on the lowest and on the newest Kopf that it supports (ADR 0020)."""

import os
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hack.cluster.apiserver import ApiServer
from hack.cluster.audit_log import entries
from hack.kopf_versions import LOWEST, NEWEST, lowest_kopf, pinned
from hack.product import ROOT
from tests.fakes.bodies import source
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.waiting import KOPF_PATIENCE, eventually

pytestmark = pytest.mark.integration

LOCKS = {"lowest": LOWEST, "newest": NEWEST}
# Where Kopf would leave its marks.
MARKS = ("annotations", "finalizers")


def environment(which: str, scene: NamespaceHarness) -> dict[str, str]:
    """The lowest Kopf precedes the installed one, which is the newest."""
    folders = [lowest_kopf()] if which == "lowest" else []
    path = os.pathsep.join(map(str, (*folders, ROOT / "operator", ROOT)))
    return {"PYTHONPATH": path, "INFERENCE_OPERATOR_NAMESPACES": scene.namespace}


def requests_of_kopf(
    server: ApiServer, scene: NamespaceHarness
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what Kopf asked for in the scene's namespace, with its version."""
    for entry in entries(server.audit_log):
        client = re.fullmatch(r"kopf/(\S+)", entry.get("userAgent", ""))
        if client and entry.get("objectRef", {}).get("namespace") == scene.namespace:
            yield client[1], entry


def assert_no_marks(scene: NamespaceHarness) -> None:
    body = scene.get("inferencemodel", NAME, "--show-managed-fields")
    assert [key for key in MARKS if key in body["metadata"]] == []
    managers = {entry["manager"] for entry in body["metadata"]["managedFields"]}
    assert managers == {"kubectl", "inference-operator"}


@pytest.mark.parametrize("which", LOCKS)
def test_a_model_is_served_edited_and_deleted_on_kopf(
    which: str, start: Start, scene: NamespaceHarness, control_plane: ApiServer
) -> None:
    first = start(**environment(which, scene))
    first.await_ready()
    scene.apply(model=source(1))
    scene.await_ready()
    assert scene.kinds() == ["ConfigMap", "ControllerRevision", "Deployment", "Service"]
    old = scene.served()
    scene.apply(model=source(2))
    eventually(lambda: len(scene.children("deployment")) == 2)
    scene.await_ready()
    assert scene.served() != old
    assert_no_marks(scene)
    assert first.stop() < KOPF_PATIENCE

    # What happens while no operator runs is found by the next one.
    scene.apply(model=source(2), replicas=2)
    second = start(**environment(which, scene))
    second.await_ready()
    scene.await_ready()
    assert "PodDisruptionBudget" in scene.kinds()
    assert_no_marks(scene)
    # A successor of the same name waits until the old children are gone.
    scene.run("delete", "imodel", NAME, "--wait=true")
    scene.apply(model=source(3))
    scene.await_ready()
    assert second.stop() < KOPF_PATIENCE
    assert "Traceback" not in first.log + second.log

    # The API server writes its log a moment later.
    time.sleep(0.5)
    requests = list(requests_of_kopf(control_plane, scene))
    assert {version for version, _ in requests} == {pinned(LOCKS[which])}
    assert {entry["verb"] for _, entry in requests} == {"list", "watch"}
    lists = [entry["requestURI"] for _, entry in requests if entry["verb"] == "list"]
    assert lists
    assert all("limit=250" in uri for uri in lists)
