"""Passes are made only over who was woken: that must be enough to arrive, and not too much."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.kinds import CHILD_BY_KIND, NODE, UNIT_BY_KIND
from inference_operator.adapters.kube import ApiError
from inference_operator.api.conditions import ConditionType
from inference_operator.domain.names import UnitKey
from inference_operator.handlers.passes import PassError
from inference_operator.handlers.watcher import Watcher
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, source, step
from tests.fakes.world import World, is_watched

RESOURCES = {**CHILD_BY_KIND, **UNIT_BY_KIND, NODE.kind: NODE}
INLINE = step(modelRef=None, model=source(5))
# How often a pass that failed comes again.
PATIENCE = 3
TWIN = UnitKey("EnsemblePipeline", KEY.namespace, KEY.name)


Pick = Callable[[list[UnitKey]], UnitKey]


def next_of(keys: list[UnitKey]) -> UnitKey:
    return keys[0]


class Sleeper(World):
    """An operator that makes a pass only over who was woken, or wished to be; `pick` says who of
    them is next."""

    def __init__(self, pick: Pick = next_of) -> None:
        self.pick = pick
        self.made: list[UnitKey] = []
        self.queue: dict[UnitKey, None] = {}
        super().__init__()
        self.cache = Cache(self._wake)
        self.passes = self.passes_over(self.cache, self._wake)
        self.watcher = Watcher(self.cache, self._wake, lambda resource: None)

    def _wake(self, key: UnitKey, *, urgent: bool = False) -> None:
        self.queue[key] = None

    def watch(self) -> bool:
        events, self.cluster.events = self.cluster.events, []
        for change, kind, body in events:
            if is_watched(kind, body):
                self.watcher.changed(RESOURCES[kind], change, body)
        return bool(events)

    async def rest(self) -> int:
        """Until nobody is awake; the number of passes that it took."""
        self.made.clear()
        failed: Counter[UnitKey] = Counter()
        while True:
            self.watch()
            if not self.queue:
                return len(self.made)
            key = self.pick(list(self.queue))
            del self.queue[key]
            self.made.append(key)
            assert len(self.made) < 100, "passes without end"
            try:
                if await self.passes(key) == timedelta(0):
                    self._wake(key)
            except (PassError, ApiError):
                failed[key] += 1
                if failed[key] < PATIENCE:
                    self._wake(key)
            self.run_deployments()

    def applied(self, body: dict[str, object]) -> None:
        self.cluster.apply_as("kubectl", body, force=True)

    def ready_of(self, key: UnitKey) -> str:
        found = self.status_of(key).condition(ConditionType.READY)
        return found.reason if found else ""


async def test_a_pipeline_applied_before_its_model_arrives() -> None:
    desk = Sleeper()
    desk.applied(epipe())
    await desk.rest()
    assert desk.ready_of(PIPELINE) == "ReferenceNotFound"

    desk.applied(imodel())
    await desk.rest()
    assert (desk.ready_of(KEY), desk.ready_of(PIPELINE)) == ("Ready", "Ready")


async def test_each_link_of_a_chain_of_pipelines_arrives() -> None:
    desk = Sleeper()
    links = ["one", "two", "three"]
    for before, name in zip([PIPELINE.name, *links], links, strict=False):
        inner = {"kind": "EnsemblePipeline", "name": before}
        desk.applied(epipe(name, steps=[step(modelRef=inner)]))
    desk.applied(epipe())
    desk.applied(imodel())
    await desk.rest()

    last = UnitKey(PIPELINE.kind, PIPELINE.namespace, links[-1])
    assert desk.ready_of(last) == "Ready"


async def test_a_new_version_of_the_model_reaches_the_pipeline() -> None:
    desk = Sleeper()
    desk.applied(imodel(model=source(1)))
    desk.applied(epipe())
    await desk.rest()
    old = desk.status_of(PIPELINE).stable

    desk.applied(imodel(model=source(2)))
    await desk.rest()
    assert desk.ready_of(PIPELINE) == "Ready"
    assert desk.status_of(PIPELINE).stable != old


async def test_a_deleted_model_is_told_by_the_pipeline() -> None:
    desk = Sleeper()
    desk.applied(imodel())
    desk.applied(epipe())
    await desk.rest()

    desk.cluster.remove(KEY.kind, KEY.name)
    desk.cluster.collect_garbage()
    await desk.rest()
    refs = desk.status_of(PIPELINE).condition(ConditionType.RESOLVED_REFS)
    assert refs is not None
    assert refs.reason == "ReferenceNotFound"


async def test_scaling_a_model_wakes_no_pipeline() -> None:
    desk = Sleeper()
    desk.applied(imodel())
    desk.applied(epipe())
    await desk.rest()
    writes = len(desk.cluster.writes)

    desk.cluster.edit(KEY.kind, KEY.name, {"metadata": {"annotations": {"team": "fx"}}})
    assert await desk.rest() <= 1
    assert PIPELINE not in desk.made
    assert len(desk.cluster.writes) == writes


async def test_the_younger_of_two_names_alike_waits_and_takes_over_a_name_that_becomes_free() -> (
    None
):
    desk = Sleeper()
    desk.applied(imodel())
    await desk.rest()
    desk.applied(epipe(KEY.name, steps=[INLINE]))
    await desk.rest()
    service = desk.cluster.live("Service", KEY.name)
    said = desk.status_of(TWIN).condition(ConditionType.READY)
    assert said is not None
    assert said.message.startswith(
        f"Service/{KEY.name} belongs to InferenceModel {KEY.name}; rename one of the two"
    )
    assert desk.ready_of(KEY) == "Ready"
    reached = desk.status_of(TWIN).condition(ConditionType.AVAILABLE)
    assert reached is not None
    assert (reached.status, reached.reason) == ("False", "ChildRefused"), "an outage is told"
    assert desk.status_of(TWIN).url is None
    assert service is not None
    assert service["metadata"]["ownerReferences"][0]["kind"] == "InferenceModel"

    desk.cluster.remove(KEY.kind, KEY.name)
    desk.cluster.collect_garbage()
    await desk.rest()
    assert desk.ready_of(TWIN) == "Ready"
    taken = desk.cluster.live("Service", KEY.name)
    assert taken is not None
    assert taken["metadata"]["ownerReferences"][0]["kind"] == "EnsemblePipeline"


async def test_a_name_is_waited_for_until_the_garbage_collector_has_freed_it() -> None:
    desk = Sleeper()
    desk.applied(imodel())
    await desk.rest()
    desk.applied(epipe(KEY.name, steps=[INLINE]))
    desk.cluster.remove(KEY.kind, KEY.name)
    await desk.rest()
    assert desk.ready_of(TWIN) == "ChildRefused"

    desk.cluster.collect_garbage()
    await desk.rest()
    assert desk.ready_of(TWIN) == "Ready"


async def test_a_record_that_comes_back_after_a_pipeline_looked_for_it_is_told() -> None:
    desk = Sleeper(lambda keys: keys[-1])
    desk.applied(imodel())
    await desk.rest()
    lose(desk, KEY, "ControllerRevision")
    desk.applied(epipe())
    await desk.rest()

    assert desk.made[0] == PIPELINE
    assert desk.ready_of(PIPELINE) == "Ready"


async def test_a_service_that_somebody_deletes_stays_the_elders() -> None:
    desk = Sleeper()
    desk.applied(imodel())
    await desk.rest()
    desk.applied(epipe(KEY.name, steps=[INLINE]))
    await desk.rest()

    desk.cluster.remove("Service", KEY.name)
    desk.queue = {TWIN: None}
    await desk.rest()
    found = desk.cluster.live("Service", KEY.name)
    assert found is not None
    assert found["metadata"]["ownerReferences"][0]["kind"] == "InferenceModel"


INNER = {"kind": "EnsemblePipeline", "name": PIPELINE.name}
OUTER = {"kind": "EnsemblePipeline", "name": "outer"}
# Whom a test may write: a model, its namesake, and two pipelines on top of each other, or in a
# ring.
BODIES: dict[UnitKey, Callable[[int], dict[str, object]]] = {
    KEY: lambda number: imodel(model=source(number)),
    TWIN: lambda number: epipe(KEY.name, steps=[INLINE], maxBatchSize=0, replicas=number),
    PIPELINE: lambda number: epipe(
        steps=[step(modelRef=OUTER)] if number == 3 else None, replicas=number
    ),
    UnitKey(PIPELINE.kind, PIPELINE.namespace, "outer"): lambda number: epipe(
        "outer", steps=[step(modelRef=INNER)] if number != 2 else [step()]
    ),
}
WORDS = (
    "apply",
    "remove",
    "remove at once",
    "forget status",
    "lose the service",
    "lose the records",
    "rest",
)
DEEDS = st.tuples(st.sampled_from(WORDS), st.sampled_from(sorted(BODIES)), st.integers(1, 3))


def do(desk: Sleeper, word: str, key: UnitKey, number: int) -> None:
    cluster = desk.cluster
    if word == "apply":
        desk.applied(BODIES[key](number))
    elif cluster.live(key.kind, key.name) is not None:
        others: dict[str, Callable[[], None]] = {
            "remove": lambda: cluster.remove(key.kind, key.name),
            "remove at once": lambda: remove(desk, key),
            "forget status": lambda: forget_status(desk, key),
            "lose the service": lambda: lose(desk, key, "Service"),
            "lose the records": lambda: lose(desk, key, "ControllerRevision"),
            "rest": lambda: None,
        }
        others[word]()


def remove(desk: Sleeper, key: UnitKey) -> None:
    desk.cluster.remove(key.kind, key.name)
    desk.cluster.collect_garbage()


def forget_status(desk: Sleeper, key: UnitKey) -> None:
    desk.cluster.edit(key.kind, key.name, {"status": None})


def lose(desk: Sleeper, key: UnitKey, kind: str) -> None:
    """Somebody deletes those children of a unit."""
    for body in desk.cluster.all(kind):
        (owner,) = body["metadata"]["ownerReferences"]
        if (owner["kind"], owner["name"]) == (key.kind, key.name):
            desk.cluster.remove(kind, body["metadata"]["name"])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(DEEDS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_when_nobody_is_awake_nobody_has_anything_to_do(
    deeds: list[tuple[str, UnitKey, int]], chance: Random
) -> None:
    async def story() -> None:
        desk = Sleeper(chance.choice)
        for body in BODIES.values():
            desk.applied(body(1))
        await desk.rest()
        for word, key, number in deeds:
            do(desk, word, key, number)
            if word == "rest":
                await desk.rest()
        desk.cluster.collect_garbage()
        await desk.rest()
        before = len(desk.cluster.writes)
        for key in desk.cache.units():
            desk._wake(key)
        await desk.rest()
        assert [str(write) for write in desk.cluster.writes[before:]] == []

    asyncio.run(story())
