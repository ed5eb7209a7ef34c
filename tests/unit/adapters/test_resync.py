"""Objects that were deleted while no watch was open."""

import asyncio
from collections.abc import Callable

import pytest

from inference_operator.adapters.kubernetes import resync as resync_module
from inference_operator.adapters.kubernetes.resync import Resync
from inference_operator.domain.names import CHILD_SELECTOR, UnitKey
from inference_operator.observation.kinds import CHILD_BY_KIND, ENSEMBLE_PIPELINE, INFERENCE_MODEL
from inference_operator.observation.store import Store
from tests.fakes import bodies
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel
from tests.fakes.cluster import FakeCluster
from tests.fakes.harness import refuse

POD = CHILD_BY_KIND["Pod"]


class Scene:
    """A cache over a fake cluster, in which both know a model and a pod."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.store = Store()
        self.woken: list[UnitKey] = []
        self.resync = Resync(self.cluster, self.store, self.woken.append)
        self.cluster.apply_as("kubectl", imodel())
        self.cluster.apply_as("kubelet", bodies.pod("aaa"))
        for kind, body in self.cluster.snapshot():
            self.store.put(kind, body)

    async def run(self, period: float = 3600) -> None:
        """Until it sleeps again."""
        task = asyncio.ensure_future(self.resync.run((INFERENCE_MODEL, POD), period))
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(5000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("that never came")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resync_module, "SETTLE_SECONDS", 0)


async def test_a_pipeline_that_was_deleted_unseen_is_dropped_and_refers_to_nothing() -> None:
    scene = Scene()
    live = scene.cluster.apply_as("kubectl", epipe())
    scene.store.put(PIPELINE.kind, live)
    assert scene.store.dependants(KEY) == [PIPELINE]
    scene.cluster.remove(PIPELINE.kind, PIPELINE.name)
    scene.resync.ask(ENSEMBLE_PIPELINE)
    await scene.run()

    assert scene.store.get(PIPELINE.kind, (PIPELINE.namespace, PIPELINE.name)) is None
    assert scene.store.dependants(KEY) == []


async def test_a_ghost_is_dropped_and_its_unit_woken() -> None:
    scene = Scene()
    scene.cluster.remove("Pod", "fx-drift-0")
    scene.resync.ask(POD)
    await scene.run()

    assert scene.woken == [KEY]
    assert list(scene.store.children(KEY)) == []


async def test_a_ghost_that_was_made_anew_is_dropped_too() -> None:
    scene = Scene()
    scene.cluster.remove("Pod", "fx-drift-0")
    scene.cluster.apply_as("kubelet", bodies.pod("aaa"))
    scene.resync.ask(POD)
    await scene.run()

    assert scene.woken == [KEY]


async def test_what_still_exists_stays() -> None:
    scene = Scene()
    scene.resync.ask(POD)
    await scene.run()

    assert scene.woken == []
    assert len(list(scene.store.children(KEY))) == 1


async def test_a_deleted_resource_is_dropped() -> None:
    scene = Scene()
    scene.cluster.remove("InferenceModel", "fx-drift")
    scene.resync.ask(INFERENCE_MODEL)
    await scene.run()

    assert scene.woken == [KEY]
    assert scene.store.units() == []


async def test_nothing_is_asked_before_its_time() -> None:
    scene = Scene()
    await scene.run()

    assert scene.cluster.requests == []


async def test_once_a_period_everything_is_compared() -> None:
    scene = Scene()
    task = asyncio.ensure_future(scene.resync.run((INFERENCE_MODEL, POD), 0.001))
    await until(lambda: bool(len(scene.cluster.requests) >= 2))
    task.cancel()

    assert {r.kind for r in scene.cluster.requests} == {"InferenceModel", "Pod"}


async def test_a_second_deletion_meanwhile_is_no_error() -> None:
    scene = Scene()
    scene.cluster.remove("Pod", "fx-drift-0")
    keys = scene.cluster.keys

    async def slow(resource: object, selector: str) -> dict[tuple[str, str], str]:
        uids = await keys(POD, selector)
        (pod,) = [body for _, body in scene.store.children(KEY)]
        scene.store.drop("Pod", pod)
        return uids

    scene.cluster.keys = slow  # type: ignore[method-assign, assignment]
    scene.resync.ask(POD)
    await scene.run()

    assert scene.woken == []


async def test_while_nobody_answers_it_asks_once_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resync_module, "SETTLE_SECONDS", 0.05)
    scene = Scene()
    scene.cluster.before = refuse(lambda r: True, 0, "refused")
    scene.resync.ask(POD)
    task = asyncio.ensure_future(scene.resync.run((POD,), 3600))
    await until(lambda: bool(scene.cluster.requests))
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(scene.cluster.requests) == 1

    scene.cluster.before = None
    scene.cluster.remove("Pod", "fx-drift-0")
    await until(lambda: bool(scene.woken))
    task.cancel()
    assert scene.woken == [KEY]


async def test_children_are_asked_for_by_their_label() -> None:
    scene = Scene()
    asked: list[str] = []
    keys = scene.cluster.keys

    async def heard(resource: object, selector: str) -> dict[tuple[str, str], str]:
        asked.append(selector)
        return await keys(POD, selector)

    scene.cluster.keys = heard  # type: ignore[method-assign, assignment]
    scene.resync.ask(POD)
    await scene.run()
    scene.resync.ask(INFERENCE_MODEL)
    await scene.run()

    assert asked == [CHILD_SELECTOR, ""]
