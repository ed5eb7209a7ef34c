"""An operator whose model is autoscaled: its pods have counters, and a Prometheus scrapes them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from inference_operator.adapters.prometheus.needs import Needs
from inference_operator.adapters.prometheus.sweeper import Cadence
from inference_operator.api.autoscaling_status import AutoscalingStatus
from inference_operator.api.conditions import format_time
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    Outage,
    PodName,
    Sample,
    Sweep,
)
from inference_operator.domain.names import UnitKey
from inference_operator.observation.store import Store
from inference_operator.reconcile.reconciler import Dependencies
from inference_operator.validation.defaults import Defaults
from tests.fakes.bodies import KEY, pod
from tests.fakes.sweepers import sweeper
from tests.unit.planning.analysis.judging_harness import Server

from .delivery_harness import Delivery
from .measured_harness import Inline

QUEUE = {"type": "QueueTime", "target": "5ms", "window": "30s"}
AT_ONCE = {"scaleDown": {"stabilizationWindowSeconds": 0}}
STEP = 15
DOWN = NoAnswer(Outage.UNREACHABLE, "Prometheus does not answer")


class Scaled(Delivery):
    """An operator, a model with `spec.autoscaling`, and the load of its pods."""

    rounds = 40

    def __init__(self) -> None:
        self.queue_ms: Callable[[int], float] = lambda pods: 1.0
        """The queue time, by the number of pods that answer."""

        self.requests = 150
        """Requests of each pod between two sweeps."""

        self.requests_of: Callable[[int], int] = lambda pods: self.requests
        """The same, by the number of pods that answer."""

        self.has_metrics = True
        self.outage: NoAnswer | None = None
        self.woken_by_sweep: list[UnitKey] = []
        self.start_time = 5
        """Seconds from the start of a pod until it is ready."""
        self._servers: dict[str, Server] = {}
        super().__init__()

    def scales(self, *, artifact: int = 1, **rules: Any) -> None:
        """Apply the model with autoscaling from 1 to 8 pods, unless `rules` say otherwise."""
        steps = rules.pop("steps", None)
        others = {name: rules.pop(name) for name in ("triton", "rollout") if name in rules}
        given = {"minReplicas": 1, "maxReplicas": 8, "metrics": [QUEUE], "behavior": AT_ONCE}
        self.wants(artifact, steps, replicas=None, autoscaling={**given, **rules}, **others)

    def shares(self, *, requests: int, queue_ms: float) -> None:
        """Let clients send so many requests between two sweeps, to all pods together; with one pod
        they would wait for `queue_ms`."""
        self.requests_of = lambda pods: requests // pods
        self.queue_ms = lambda pods: queue_ms / pods

    def dependencies(
        self, store: Store, wake: Callable[[UnitKey], None], defaults: Defaults
    ) -> Dependencies:
        self.sweeper = sweeper(
            self,
            Cadence(STEP, 1, lambda: self.now),
            Inline(),
            wake=self.woken_by_sweep.append,
            clock=self.seconds,
        )
        given = super().dependencies(store, wake, defaults)
        return replace(given, metrics=self.sweeper) if self.has_metrics else given

    def seconds(self) -> float:
        """Seconds of a clock that nothing adjusts."""
        return self.now.timestamp()

    def run_deployments(self) -> None:
        """Deployments get their pods, which answer after `start_time` seconds."""
        super().run_deployments()
        expected = {
            f"{KEY.name}-{revision}-{number}": revision
            for revision, replicas in self.deployments.items()
            for number in range(replicas)
        }
        names = {body["metadata"]["name"] for body in self.cluster.all("Pod")}
        for name in names - expected.keys():
            self.cluster.remove("Pod", name)
        for name in sorted(expected.keys() - names):
            body = pod(expected[name], name=name, ready=self.answers(expected[name]))
            ready = body["status"]["conditions"][0]
            ready["lastTransitionTime"] = format_time(self.now + timedelta(seconds=self.start_time))
            self.cluster.apply_as("kubelet", body)
            created = {"metadata": {"creationTimestamp": format_time(self.now)}}
            self.cluster.edit("Pod", name, created)

    async def sweep(self, times: int = 1) -> None:
        """The pods answer for some time, and the sweeper looks; so often."""
        for _ in range(times):
            self.now += timedelta(seconds=STEP)
            self.woken_by_sweep.clear()
            await self.sweeper.sweep()
            if self.woken_by_sweep:
                await self.settle(self.rounds)

    async def read(self, needs: Needs, at: datetime) -> Sweep:
        """Answer as Prometheus would: each pod of the cluster was scraped just now."""
        if self.outage is not None:
            return Sweep(at, dict.fromkeys(needs.families, self.outage), {})
        pods = {pod.name for pod in needs.pods}
        for name in pods:
            server = self._servers.setdefault(name, Server(name))
            server.serve(self.requests_of(len(pods)), queue_ms=self.queue_ms(len(pods)))
            server.scrape(at)
        by_pod = {
            PodName(KEY.namespace, name): self._servers[name].samples() | _pending(name)
            for name in pods
        }
        answers = {family: FamilySamples((), 0, 0, ()) for family in Family}
        return Sweep(at, answers, by_pod, {})

    @property
    def replicas(self) -> int:
        """Pods that the stable revision's Deployment asks for."""
        return self.deployments[self.served or ""]

    @property
    def autoscaling(self) -> AutoscalingStatus:
        assert self.status.autoscaling is not None
        return self.status.autoscaling


def _pending(name: str) -> dict[Family, tuple[Sample, ...]]:
    pod = PodName(KEY.namespace, name)
    return {Family.PENDING: (Sample(pod, None, ("fx-drift", "1"), 0.0),)}
