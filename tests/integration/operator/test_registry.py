"""Models of a real MLflow, with the real process and a real API server."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from hack.cluster.apiserver import ApiServer
from hack.services.mlflow.server import LocalMlflow
from hack.services.operator_process import OperatorProcess, operator_process
from tests.broken.table import SITUATIONS
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.registered import Registry
from tests.integration.operator.test_permissions import NAMESPACE, RBAC, as_service_account
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration


def served(scene: NamespaceHarness, version: str) -> dict[str, str]:
    """The status of the model, once that version serves."""

    def read() -> dict[str, str]:
        scene.pods_answer()
        model: dict[str, str] = scene.model().get("status", {}).get("model", {})
        return model if model.get("version") == version else {}

    return eventually(read, lambda: scene.model().get("status"))


def await_condition(scene: NamespaceHarness, kind: str, reason: str) -> dict[str, str]:
    """That condition, once it has that reason."""

    def read() -> dict[str, str]:
        condition = scene.condition(kind)
        return condition if condition.get("reason") == reason else {}

    return eventually(read, lambda: scene.model().get("status"))


def test_an_alias_is_followed_and_every_version_recorded(
    begin: Start, scene: NamespaceHarness, registry: Registry
) -> None:
    first, second = (registry.register(network) for network in ("one network", "another network"))
    registry.champion(1)
    begin()
    scene.apply(model=registry.source, rollout={"scaleDownDelay": "1s"})
    scene.await_ready()
    status = scene.model()["status"]["model"]
    assert status == {
        "version": "1",
        "runId": first[0],
        "sha256": first[1],
        "uri": f"models:/{registry.name}/1",
    }

    registry.champion(2)

    assert served(scene, "2")["runId"] == second[0]
    messages = " ".join(decision["message"] for decision in scene.model()["status"]["decisions"])
    for run, digest in (first, second):
        assert run in messages
        assert digest in messages
    kept = [body["data"]["resolved"] for body in scene.children("controllerrevision")]
    assert {(entry["version"], entry["runId"]) for entry in kept} == {(1, first[0]), (2, second[0])}


def test_the_pod_is_told_where_the_version_is_and_what_it_has(
    begin: Start, scene: NamespaceHarness, registry: Registry
) -> None:
    _, digest = registry.register("one network")
    registry.champion(1)
    begin()
    scene.apply(model=registry.source)
    scene.await_ready()
    (config,) = scene.children("configmap")
    (planned,) = json.loads(config["data"]["plan.json"])["models"]
    assert (planned["version"], planned["format"]) == (1, "torchscript")
    assert planned["source"]["sha256"] == digest
    with urllib.request.urlopen(planned["source"]["uri"], timeout=30) as answer:
        assert answer.read() == b"one network"
    text = next(v for k, v in config["data"].items() if k.endswith("config.pbtxt"))
    assert "max_batch_size: 32" in text
    assert 'name: "ohlcv"' in text
    assert "dims: [60, 5]" in text


def test_what_serves_goes_on_while_the_registry_is_down(
    begin: Start, scene: NamespaceHarness, registry: Registry, mlflow: LocalMlflow
) -> None:
    registry.register("one network")
    registry.champion(1)
    operator = begin()
    scene.apply(model=registry.source)
    scene.await_ready()
    revision = scene.served()

    mlflow.stop()
    condition = await_condition(scene, "ArtifactResolved", "RegistryUnreachable")
    assert condition["status"] == "Unknown"
    assert f"{mlflow.uri} does not answer" in condition["message"]
    assert "(since 20" in condition["message"]
    assert f"models:/{registry.name}/1" in condition["message"]
    assert scene.condition("Ready")["status"] == "True"

    operator.kill()
    begin()
    scene.apply(model=registry.source, replicas=3)
    scene.await_pods(3)
    scene.await_ready()
    assert scene.served() == revision

    mlflow.start()
    await_condition(scene, "ArtifactResolved", "Resolved")
    assert scene.served() == revision


def test_a_bad_alias_is_named_and_mended_without_an_edit(
    begin: Start, scene: NamespaceHarness, registry: Registry
) -> None:
    registry.register("one network")
    begin()
    scene.apply(model=registry.source)
    condition = await_condition(scene, "Ready", "AliasNotFound")
    assert "has no alias champion (it has none at all)" in condition["message"]
    assert scene.children() == []

    registry.champion(1)

    scene.await_ready()


def test_a_deleted_version_is_told_and_serves_on(
    begin: Start, scene: NamespaceHarness, registry: Registry
) -> None:
    registry.register("one network")
    registry.champion(1)
    begin()
    scene.apply(model=registry.source)
    scene.await_ready()
    revision = scene.served()

    registry.delete_version(registry.name, 1)

    condition = await_condition(scene, "ArtifactResolved", "AliasNotFound")
    assert condition["status"] == "False"
    assert scene.condition("Available")["status"] == "True"
    assert scene.served() == revision


def test_each_promotion_leaves_a_tag_where_that_is_wanted(
    begin: Start, scene: NamespaceHarness, registry: Registry
) -> None:
    registry.register("one network")
    registry.champion(1)
    begin(INFERENCE_OPERATOR_REGISTRY_WRITE_TAGS="true")
    scene.apply(model=registry.source)
    scene.await_ready()
    key = f"inference.aipx.io/serving.{scene.namespace}.{NAME}"
    tag = eventually(lambda: registry.tags(registry.name, 1).get(key, ""))
    assert tag.startswith(f"revision {scene.served()} since 20")


def test_an_aborted_version_has_a_tag_until_clients_move_to_it(
    begin: Start, scene: NamespaceHarness, registry: Registry
) -> None:
    for network in ("one network", "another network"):
        registry.register(network)
    registry.champion(1)
    begin(INFERENCE_OPERATOR_REGISTRY_WRITE_TAGS="true")
    steps = [{"setCanaryScale": {"replicas": 1}}, {"pause": {}}]
    scene.apply(model=registry.source, rollout={"canary": {"steps": steps}})
    scene.await_ready()

    def status(field: str) -> Any:
        return scene.model()["status"].get(field) or {}

    def command(verb: str, value: str) -> None:
        scene.run("annotate", f"imodel/{NAME}", f"inference.aipx.io/{verb}={value}")

    registry.champion(2)
    canary = eventually(lambda: status("canary").get("revision"))
    command("abort", canary)
    key = f"inference.aipx.io/aborted.{scene.namespace}.{NAME}"
    tag = eventually(lambda: registry.tags(registry.name, 2).get(key, ""))
    assert tag.startswith(f"revision {canary} at 20")
    assert tag.endswith(": RolloutAborted")
    assert key not in registry.tags(registry.name, 1)
    aborted = status("rollout")["aborted"]
    assert f'abort={canary}, set by "kubectl-annotate" at 20' in aborted["message"]

    command("retry", f"{canary}@{aborted['time']}")
    eventually(lambda: status("canary").get("revision") == canary)
    command("promote", f"{canary}/full")
    served(scene, "2")
    eventually(lambda: key not in registry.tags(registry.name, 2))
    assert f"inference.aipx.io/serving.{scene.namespace}.{NAME}" in registry.tags(registry.name, 2)


ROLE = ("create", "role", "registry-secret", "--verb=get", "--resource=secrets")
BINDING = ("create", "rolebinding", "registry-secret", "--role=registry-secret")


def test_a_secret_is_read_once_a_role_of_its_namespace_allows_it(
    scene: NamespaceHarness,
    registry: Registry,
    control_plane: ApiServer,
    mlflow: LocalMlflow,
    tmp_path: Path,
) -> None:
    registry.register("one network")
    registry.champion(1)
    kubectl = control_plane.kubectl
    kubectl("create", "namespace", NAMESPACE)
    kubectl("apply", "--server-side", "-n", NAMESPACE, "-f", str(RBAC))
    environment = {
        "INFERENCE_OPERATOR_NAMESPACES": scene.namespace,
        "INFERENCE_OPERATOR_MLFLOW_TRACKING_URI": mlflow.uri,
        "INFERENCE_OPERATOR_REGISTRY_INTERVAL_SECONDS": "1",
    }
    with operator_process(
        as_service_account(control_plane.kubectl, tmp_path), environment
    ) as process:
        scene.run("create", "secret", "generic", "mlflow", "--from-literal=token=t0ken")
        secret = {"secretRef": {"name": "mlflow"}}
        scene.apply(model={"source": {**registry.source["source"], **secret}})
        condition = await_condition(scene, "ArtifactResolved", "CredentialsUnusable")
        assert "the operator may not read Secret mlflow" in condition["message"]
        assert f"a Role of {scene.namespace}" in condition["message"]

        scene.run(*ROLE, "--resource-name=mlflow")
        scene.run(*BINDING, f"--serviceaccount={NAMESPACE}:inference-operator")

        scene.await_ready()
        assert "t0ken" not in process.log


def test_without_a_registry_its_sources_are_told_which_setting_is_missing(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply(model={"source": {"uri": "models:/tape_reader@champion"}})
    (situation,) = (each for each in SITUATIONS if each.reason == "RegistryNotConfigured")
    condition = await_condition(scene, "Ready", situation.reason)
    assert situation.pattern.search(condition["message"])
    assert "set INFERENCE_OPERATOR_MLFLOW_TRACKING_URI" in condition["message"]
