"""A revision keeps the artifact that its first pod served, whatever its address gives later."""

from typing import Any

from inference_operator.api.reasons import Reason
from inference_operator.domain.digests_file import DIGESTS_FILE, digests_from_json
from inference_operator.domain.load_report import LoadedModel, LoadReport
from tests.fakes import bodies
from tests.fakes.bodies import KEY, source
from tests.fakes.harness import OperatorHarness

from .test_rollouts import DELAY, serving

FIRST, SECOND = "ab" * 32, "cd" * 32
MODEL = "fx-drift"


def report(sha256: str) -> str:
    return LoadReport(Reason.RESOLVED, "ok", (LoadedModel(MODEL, sha256, 7),)).to_json()


def add_pod(world: OperatorHarness, name: str, sha256: str, *, ready: bool = True) -> None:
    assert world.served is not None
    load = {"state": bodies.terminated(0, message=report(sha256))}
    body = bodies.pod(world.served, name=name, ready=ready, load=load)
    world.cluster.apply_as("kubelet", body, force=True)


def recorded(world: OperatorHarness, revision: str) -> dict[str, str] | None:
    name = f"{KEY.name}-{revision}.digests"
    live = world.cluster.live("ConfigMap", name)
    return digests_from_json(live["data"][DIGESTS_FILE]) if live else None


async def test_what_the_first_pod_serves_is_recorded_once() -> None:
    world = OperatorHarness()
    revision = await serving(world)
    assert recorded(world, revision) is None

    add_pod(world, "fx-drift-a", FIRST)
    await world.settle()
    assert recorded(world, revision) == {MODEL: FIRST}
    assert world.event_reasons.count("DriftRepaired") == 0

    before = len(world.cluster.writes)
    await world.settle()
    assert len(world.cluster.writes) == before


async def test_a_pod_that_only_loads_decides_nothing() -> None:
    world = OperatorHarness()
    revision = await serving(world)
    add_pod(world, "fx-drift-a", FIRST, ready=False)
    await world.settle()
    assert recorded(world, revision) is None


async def test_pods_with_different_artifacts_are_not_green() -> None:
    world = OperatorHarness()
    revision = await serving(world, replicas=2)
    add_pod(world, "fx-drift-a", FIRST)
    await world.settle()
    assert world.ready[:2] == ("True", "Ready")

    add_pod(world, "fx-drift-b", SECOND)
    await world.settle()
    status, reason, message = world.ready
    assert (status, reason) == ("False", "ArtifactsDiffer")
    assert FIRST in message
    assert SECOND in message
    assert "spec.model.source.sha256" in message
    assert "ArtifactsDiffer" in world.event_reasons
    assert recorded(world, revision) == {MODEL: FIRST}

    world.cluster.remove("Pod", "fx-drift-b")
    await world.settle()
    assert world.ready[:2] == ("True", "Ready")


async def test_a_revision_without_pods_keeps_what_it_served() -> None:
    world = OperatorHarness()
    first = await serving(world)
    add_pod(world, "fx-drift-a", FIRST)
    await world.settle()
    world.cluster.remove("Pod", "fx-drift-a")
    second = await serving(world, 2)
    await world.later(DELAY)
    assert first not in world.deployments
    assert recorded(world, first) == {MODEL: FIRST}
    assert recorded(world, second) is None


async def test_a_lost_record_is_written_again_from_the_pods() -> None:
    world = OperatorHarness()
    revision = await serving(world)
    add_pod(world, "fx-drift-a", FIRST)
    await world.settle()
    world.cluster.remove("ConfigMap", f"{KEY.name}-{revision}.digests")
    await world.settle()
    assert recorded(world, revision) == {MODEL: FIRST}


async def test_a_pinned_source_needs_no_record() -> None:
    world = OperatorHarness()
    model: dict[str, Any] = source(1)
    model["source"]["sha256"] = FIRST
    world.user_applies(model=model)
    await world.settle()
    add_pod(world, "fx-drift-a", FIRST)
    await world.settle()
    assert world.served is not None
    assert recorded(world, world.served) is None
