"""A simulated cluster: what its API server keeps, and what its controllers do."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.cli.simulation.cluster import SimulatedCluster
from inference_operator.cli.simulation.controllers import is_ready, run_controllers
from inference_operator.cli.simulation.operator import BEGIN
from inference_operator.domain.names import REVISION_LABEL, TRACK_LABEL
from inference_operator.observation.kinds import CHILD_BY_KIND, EVENT, INFERENCE_MODEL
from tests.fakes.bodies import KEY, NAMESPACE, imodel, stored

LOAD_TIME = timedelta(seconds=30)
DEPLOYMENT = CHILD_BY_KIND["Deployment"]


class World:
    """A simulated cluster, its time, and what it reported."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.reported: list[tuple[str, str, bool]] = []
        self.cluster = SimulatedCluster(self._report, lambda: self.now)

    def _report(self, kind: str, body: Mapping[str, Any], deleted: bool) -> None:
        self.reported.append((kind, body["metadata"]["name"], deleted))

    def run(self, seconds: float = 0) -> Any:
        """Let time pass, and controllers run; return when the next pod is ready."""
        self.now += timedelta(seconds=seconds)
        return run_controllers(self.cluster, self.now, LOAD_TIME)

    @property
    def pods(self) -> dict[str, bool]:
        """Whether each pod is ready, by its name."""
        return {pod["metadata"]["name"]: is_ready(pod) for pod in self.cluster.all("Pod")}


def deployment(replicas: int, name: str = "fx-drift-a1") -> dict[str, Any]:
    template = {"metadata": {"labels": {REVISION_LABEL: "a1"}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"replicas": replicas, "template": template},
    }


def test_a_pod_is_ready_after_the_load_time() -> None:
    world = World()
    world.cluster.put(deployment(2))

    assert world.run() == BEGIN + LOAD_TIME
    world.run(29)
    assert world.pods == {"fx-drift-a1-0": False, "fx-drift-a1-1": False}
    assert world.run(1) is None
    assert world.pods == {"fx-drift-a1-0": True, "fx-drift-a1-1": True}
    assert world.cluster.all("Deployment")[0]["status"] == {"replicas": 2, "readyReplicas": 2}
    conditions = world.cluster.all("Pod")[0]["status"]["conditions"]
    assert conditions[0]["lastTransitionTime"] == "2026-01-01T00:00:30Z"


def test_pods_that_are_not_ready_end_first_and_new_pods_have_new_names() -> None:
    world = World()
    world.cluster.put(deployment(2))
    world.run()
    world.run(30)
    world.cluster.put(deployment(3))
    world.run()
    world.cluster.put(deployment(1))
    world.run()

    assert world.pods == {"fx-drift-a1-0": True}
    world.cluster.put(deployment(2))
    world.run()
    assert world.pods == {"fx-drift-a1-0": True, "fx-drift-a1-1": False}


def test_the_pods_of_a_deleted_deployment_end() -> None:
    world = World()
    live = world.cluster.put(deployment(1))
    world.run()
    world.cluster.remove(live)
    world.run()

    assert world.pods == {}
    assert ("Pod", "fx-drift-a1-0", True) in world.reported


def test_only_ready_pods_are_endpoints_of_a_service_behind_routes() -> None:
    world = World()
    world.cluster.put(deployment(1))
    labels = {TRACK_LABEL: "canary"}
    meta = {"name": "fx-drift-canary", "namespace": NAMESPACE, "labels": labels}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": meta}
    world.cluster.put({**service, "spec": {"selector": {REVISION_LABEL: "a1"}}})
    ready = []
    for seconds in (0, 30):
        world.run(seconds)
        endpoints = world.cluster.all("EndpointSlice")[0]["endpoints"]
        ready.append([each["conditions"]["ready"] for each in endpoints])

    assert ready == [[False], [True]]


async def test_the_api_server_keeps_what_is_applied_and_reports_only_changes() -> None:
    world = World()
    first = await world.cluster.apply(DEPLOYMENT, deployment(1), force=True)
    again = await world.cluster.apply(DEPLOYMENT, deployment(1), force=True)
    edited = await world.cluster.apply(DEPLOYMENT, deployment(2), force=True)

    assert first == again
    assert [each["metadata"]["generation"] for each in (first, edited)] == [1, 2]
    assert int(edited["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    assert edited["metadata"]["uid"] == first["metadata"]["uid"]
    assert len(world.reported) == 2


async def test_a_patch_of_the_status_changes_nothing_else() -> None:
    world = World()
    world.cluster.put(imodel())
    patch = {**stored(imodel()), "spec": {}, "status": {"phase": "Ready", "canary": {"weight": 1}}}
    await world.cluster.patch(INFERENCE_MODEL, patch, subresource="status")
    patch["status"] = {"canary": None}
    live = await world.cluster.patch(INFERENCE_MODEL, patch, subresource="status")

    assert live["status"] == {"phase": "Ready"}
    assert live["spec"] == imodel()["spec"]
    assert live["metadata"]["generation"] == 1


async def test_what_does_not_exist_and_what_exists_already_are_errors() -> None:
    world = World()
    with pytest.raises(ApiError) as gone:
        await world.cluster.get(INFERENCE_MODEL, KEY.namespace, KEY.name)
    await world.cluster.create(DEPLOYMENT, deployment(1))
    with pytest.raises(ApiError) as there:
        await world.cluster.create(DEPLOYMENT, deployment(1))
    await world.cluster.delete(DEPLOYMENT, NAMESPACE, "fx-drift-a1", "another-uid")

    assert gone.value.is_gone
    assert there.value.is_there_already
    assert len(await world.cluster.keys(DEPLOYMENT, "")) == 1
    await world.cluster.create(EVENT, {"kind": "Event"})
    assert world.cluster.all("Event") == []
