"""The real operator judges canaries by a real Prometheus, whose exporter writes what a test says.

No Triton runs: the exporter has the histogram of Triton 26.01, which no Triton here has.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hack.services.prometheus import LocalPrometheus
from inference_operator.domain.measurement import PodName
from tests.broken.canaries import ERRORS, FAILING, HOLDING, TIMED_OUT, UNJUDGED, rollout
from tests.broken.situation import Situation
from tests.fakes.bodies import revision_of, source
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import OURS, NamespaceHarness
from tests.integration.operator.waiting import eventually
from tests.integration.prometheus.exporter import exporter
from tests.integration.prometheus.triton_pods import FAST, SLOW, TritonPod

P95 = {"name": "p95", "type": "Latency", "statistic": "p95", "maxRelative": "150%"}
SWEEPS = "inference_operator_sweeps_total"
UNIT_LABEL = "inference.aipx.io/name"
# The first rollouts of these names differ in nothing but the metrics of their canaries.
SAME, WORSE, SLOWER, SILENT = "same", "worse", "slower", "silent"
NAMES = (SAME, WORSE, SLOWER, SILENT)


@dataclass
class Exported:
    """The metrics of all pods that exist, as their servers would export them."""

    scene: NamespaceHarness
    stable: dict[str, str] = field(default_factory=dict)
    """The first revision of each unit."""

    pods: dict[str, TritonPod] = field(default_factory=dict)

    def text(self) -> str:
        return "\n".join([*(line for pod in [*self.pods.values()] for line in pod.text()), ""])

    def follow(self) -> None:
        """Let the pods there are answer and be scraped."""
        self.scene.pods_answer()
        live: dict[str, TritonPod] = {}
        for body in self.scene.get("pods", "-l", OURS)["items"]:
            name, unit = body["metadata"]["name"], body["metadata"]["labels"][UNIT_LABEL]
            if unit != SILENT:
                live[name] = self.pods.get(name) or self._pod(name, unit, revision_of(body))
        self.pods = live

    def _pod(self, name: str, unit: str, revision: str) -> TritonPod:
        pod = TritonPod(PodName(self.scene.namespace, name), model=unit, histogram=FAST)
        if revision != self.stable.setdefault(unit, revision):
            pod.failing = 0.5 if unit == WORSE else pod.failing
            pod.histogram = SLOW if unit == SLOWER else pod.histogram
        return pod


@pytest.fixture
def exported(scene: NamespaceHarness) -> Exported:
    return Exported(scene)


@pytest.fixture
def prometheus(exported: Exported, tmp_path: Path) -> Iterator[LocalPrometheus]:
    with exporter() as server:
        server.write = exported.text
        targets = [{"targets": [server.address]}]
        job = {"job_name": "pods", "honor_labels": True, "static_configs": targets}
        everywhere = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        configuration = {"global": everywhere, "scrape_configs": [job]}
        with LocalPrometheus(tmp_path / "prometheus", configuration) as running:
            yield running


def apply(scene: NamespaceHarness, name: str, delay: str) -> None:
    """Apply a unit; each delay is a revision of the same model."""
    # Evidence says soon enough that `worse` fails: it needs no second metric.
    metrics = (ERRORS,) if name in (WORSE, SILENT) else (ERRORS, P95)
    hold = {"maxHold": "15s"} if name == SILENT else {}
    scene.apply(
        name,
        replicas=1,
        rollout=rollout(*metrics, **hold),
        model={**source(1), "maxBatchSize": 8},
        triton={"dynamicBatching": {"maxQueueDelay": delay}},
    )


def status(scene: NamespaceHarness, name: str) -> dict[str, Any]:
    return dict(scene.model(name).get("status", {}))


def stable(scene: NamespaceHarness, name: str) -> str:
    return str(status(scene, name).get("stable", {}).get("revision", ""))


def shows(scene: NamespaceHarness, name: str, situation: Situation) -> bool:
    ready = scene.condition("Ready", name)
    is_shown = situation.pattern.search(ready.get("message", ""))
    return ready.get("reason") == situation.reason and bool(is_shown)


def events(scene: NamespaceHarness, name: str, reason: str) -> list[str]:
    selector = f"--field-selector=involvedObject.name={name},reason={reason}"
    return [event["message"] for event in scene.get("events", selector)["items"]]


def test_canaries_are_promoted_taken_back_and_held(
    start: Start, scene: NamespaceHarness, exported: Exported, prometheus: LocalPrometheus
) -> None:
    operator = start(
        INFERENCE_OPERATOR_NAMESPACES=scene.namespace,
        INFERENCE_OPERATOR_PROMETHEUS_URL=prometheus.uri,
        INFERENCE_OPERATOR_PROMETHEUS_INTERVAL_SECONDS="1",
    )
    operator.await_ready()

    def until(condition: Any) -> None:
        def holds() -> bool:
            exported.follow()
            return bool(condition())

        eventually(holds, lambda: json.dumps({name: status(scene, name) for name in NAMES}))

    for name in NAMES:
        apply(scene, name, "1ms")
    until(lambda: all(scene.condition("Ready", name).get("status") == "True" for name in NAMES))
    old = {name: stable(scene, name) for name in NAMES}
    for name in NAMES:
        apply(scene, name, "2ms")

    until(lambda: shows(scene, SILENT, HOLDING))
    until(lambda: shows(scene, SILENT, TIMED_OUT))
    until(lambda: shows(scene, WORSE, FAILING))
    until(lambda: scene.condition("Ready", SLOWER).get("reason") == "RolloutAborted")
    until(lambda: stable(scene, SAME) not in ("", old[SAME]))

    for name in (WORSE, SLOWER, SILENT):
        assert stable(scene, name) == old[name]
    (slower,) = events(scene, SLOWER, "RolloutAborted")
    assert "p95: " in slower
    assert "of the stable revision's share (maxRelative 150% of p95)" in slower
    (promoted,) = (each for each in events(scene, SAME, "Promoted") if "errors: " in each)
    assert "p95: " in promoted

    # Sweeps that change no verdict write nothing.
    written, swept = scene.versions_of([SILENT]), operator.metric(SWEEPS)
    eventually(lambda: operator.metric(SWEEPS) >= swept + 3)
    assert scene.versions_of([SILENT]) == written


def test_without_a_prometheus_a_canary_waits_for_a_person(
    start: Start, scene: NamespaceHarness, exported: Exported
) -> None:
    start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace).await_ready()
    apply(scene, WORSE, "1ms")
    scene.await_ready(WORSE)
    apply(scene, WORSE, "2ms")

    def holds() -> bool:
        exported.follow()
        return shows(scene, WORSE, UNJUDGED)

    eventually(holds, lambda: status(scene, WORSE))
