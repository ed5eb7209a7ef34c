"""Pipelines whose inline models a real MLflow has, with the real process and API server."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hack.services.mlflow.server import LocalMlflow
from tests.fakes.bodies import epipe
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import OURS, NamespaceHarness
from tests.integration.operator.registered import Registry
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

NAME = "tape-signal"


def step(name: str, uri: str) -> dict[str, Any]:
    """An inline model that takes the pipeline's window; its output is called as the step."""
    return {
        "name": name,
        "model": {"source": {"uri": uri}},
        "inputMap": {"ohlcv": "window"},
        "outputMap": {"OUTPUT__0": name},
    }


@dataclass(frozen=True)
class PipelineHarness:
    """One pipeline in a namespace of its own."""

    scene: NamespaceHarness

    def apply(self, *steps: dict[str, Any], **spec: Any) -> None:
        """`kubectl apply --server-side` of the pipeline."""
        desired = {
            "steps": list(steps),
            "inputs": [{"name": "window", "dataType": "FP32", "shape": [60, 5]}],
            "outputs": [{"name": s["name"], "dataType": "FP32", "shape": [1]} for s in steps],
            "maxBatchSize": 32,
            **spec,
        }
        body = epipe(NAME, namespace=self.scene.namespace, **desired)
        self.scene.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(body))

    @property
    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.scene.get("ensemblepipeline", NAME).get("status", {})
        return status

    def condition(self, kind: str) -> dict[str, str]:
        conditions = self.status.get("conditions", ())
        return next((entry for entry in conditions if entry["type"] == kind), {})

    @property
    def versions(self) -> dict[str, str]:
        """Of each step of the set that clients reach."""
        return {entry["name"]: entry["version"] for entry in self.status.get("steps", ())}

    def served(self) -> str:
        selector = self.scene.get("service", NAME)["spec"]["selector"]
        return str(selector["inference.aipx.io/revision"])

    def until(self, holds: Callable[[], bool]) -> None:
        """Pods answer as they come."""

        def holds_after_answers() -> bool:
            self.scene.pods_answer()
            return holds()

        eventually(holds_after_answers, lambda: self.status)

    def await_ready(self) -> None:
        def holds() -> bool:
            generation = self.scene.get("ensemblepipeline", NAME)["metadata"]["generation"]
            ready = self.condition("Ready")
            return ready.get("status") == "True" and ready["observedGeneration"] == generation

        self.until(holds)

    def await_condition(self, kind: str, reason: str) -> dict[str, str]:
        """That condition, once it has that reason."""
        eventually(lambda: self.condition(kind).get("reason") == reason, lambda: self.status)
        return self.condition(kind)


@pytest.fixture
def desk(scene: NamespaceHarness) -> PipelineHarness:
    return PipelineHarness(scene)


def test_a_step_whose_alias_moves_makes_a_new_set_and_leaves_the_other_steps(
    begin: Start, desk: PipelineHarness, registry: Registry
) -> None:
    runs = [registry.register(network)[0] for network in ("one network", "another network")]
    registry.champion(1)
    begin()
    steps = step("price", registry.uri), step("steady", f"models:/{registry.name}/1")
    desk.apply(*steps, rollout={"scaleDownDelay": "1s"})
    desk.await_ready()
    first = desk.served()
    assert desk.versions == {"price": "1", "steady": "1"}
    assert desk.status["model"]["version"] == "1"

    registry.champion(2)

    desk.until(lambda: desk.versions == {"price": "2", "steady": "1"})
    assert desk.status["model"]["version"] == "2"
    assert desk.served() != first
    kept = [body["data"]["steps"] for body in desk.scene.children("controllerrevision")]
    run_ids = {tuple(entry["resolved"]["runId"] for entry in steps) for steps in kept}
    assert run_ids == {(runs[0], runs[0]), (runs[1], runs[0])}


def test_the_pod_is_told_where_each_version_is(
    begin: Start, desk: PipelineHarness, registry: Registry
) -> None:
    digests = [registry.register(network)[1] for network in ("one network", "another network")]
    registry.champion(2)
    begin()
    desk.apply(step("price", registry.uri), step("steady", f"models:/{registry.name}/1"))
    desk.await_ready()
    (config,) = desk.scene.children("configmap")
    planned = {m["name"]: m for m in json.loads(config["data"]["plan.json"])["models"]}
    assert [planned[name]["version"] for name in ("price", "steady")] == [2, 1]
    pins = [planned[name]["source"]["sha256"] for name in ("steady", "price")]
    assert pins == digests
    assert "max_batch_size: 32" in config["data"]["price.config.pbtxt"]


def test_a_registry_that_is_down_takes_nothing(
    begin: Start, desk: PipelineHarness, registry: Registry, mlflow: LocalMlflow
) -> None:
    registry.register("one network")
    registry.champion(1)
    operator = begin()
    price, steady = step("price", registry.uri), step("steady", f"models:/{registry.name}/1")
    desk.apply(price, steady)
    desk.await_ready()
    revision = desk.served()

    mlflow.stop()
    condition = desk.await_condition("ArtifactResolved", "RegistryUnreachable")
    assert condition["status"] == "Unknown"
    assert condition["message"].count(f"{mlflow.uri} does not answer") == 1
    assert desk.condition("Ready")["status"] == "True"

    operator.kill()
    begin()
    desk.apply(price, steady, replicas=3)
    desk.until(lambda: len(desk.scene.get("pods", "-l", OURS)["items"]) == 3)
    desk.await_ready()
    assert desk.served() == revision

    desk.apply(price, replicas=3)
    desk.until(lambda: desk.versions == {"price": "1"})

    mlflow.start()
    desk.await_condition("ArtifactResolved", "Resolved")
    assert desk.versions == {"price": "1"}


def test_a_bad_alias_is_named_with_its_step_and_mended_without_an_edit(
    begin: Start, desk: PipelineHarness, registry: Registry
) -> None:
    registry.register("one network")
    begin()
    desk.apply(step("steady", f"models:/{registry.name}/1"), step("price", registry.uri))
    condition = desk.await_condition("Ready", "AliasNotFound")
    assert "has no alias champion (it has none at all)" in condition["message"]
    assert condition["message"].startswith("spec.steps[price].model.source.uri: ")
    assert "set the alias in the registry, or name another one" in condition["message"]
    assert desk.scene.children() == []

    registry.champion(1)

    desk.await_ready()


def test_a_promotion_leaves_a_tag_with_the_steps_where_that_is_wanted(
    begin: Start, desk: PipelineHarness, registry: Registry
) -> None:
    registry.register("one network")
    registry.champion(1)
    begin(INFERENCE_OPERATOR_REGISTRY_WRITE_TAGS="true")
    desk.apply(step("price", registry.uri), step("steady", f"models:/{registry.name}/1"))
    desk.await_ready()
    key = f"inference.aipx.io/serving.{desk.scene.namespace}.{NAME}"
    tag = eventually(lambda: registry.tags(registry.name, 1).get(key, ""))
    assert tag.startswith(f"revision {desk.served()} since 20")
    assert tag.endswith(", as price, steady")
