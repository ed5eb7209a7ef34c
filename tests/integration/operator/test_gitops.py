"""A sync of Argo CD, while people steer: the same manifest again changes and starts nothing."""

import json
import time

import pytest

from hack.services.operator_process import OperatorProcess
from inference_operator.domain.commands import Verb
from tests.fakes.bodies import imodel
from tests.integration.operator.harness import NAME, NamespaceHarness

pytestmark = pytest.mark.integration

# How Argo CD writes: by default as `kubectl apply`, with ServerSideApply=true as the second.
CLIENT_SIDE = ("apply", "-f", "-")
SERVER_SIDE = ("apply", "--server-side", "--force-conflicts")
ARGO_CD = (*SERVER_SIDE, "--field-manager=argocd-controller", "-f", "-")


@pytest.mark.parametrize("sync", [CLIENT_SIDE, ARGO_CD], ids=["client-side", "server-side"])
def test_a_sync_without_a_change_writes_nothing(
    operator: OperatorProcess, scene: NamespaceHarness, sync: tuple[str, ...]
) -> None:
    manifest = json.dumps(imodel(NAME, namespace=scene.namespace, service={"headless": True}))
    scene.kubectl(*sync, stdin=manifest)
    scene.await_pods(1)
    scene.await_ready()
    commands = {verb.annotation: "935a3432c3" for verb in Verb}
    patch = json.dumps({"metadata": {"annotations": commands}})
    scene.run("patch", "imodel", NAME, "--type=merge", "-p", patch)
    time.sleep(1)
    before, writes, model = scene.versions(), operator.writes, scene.model()
    for _ in range(3):
        scene.kubectl(*sync, stdin=manifest)
    time.sleep(1)

    assert scene.versions() == before
    assert operator.writes == writes
    assert scene.model() == model
    assert commands.items() <= model["metadata"]["annotations"].items()
    assert model["metadata"]["generation"] == model["status"]["observedGeneration"] == 1
