"""Passes are made only over who was woken: that must be enough to arrive, and not too much."""

from datetime import timedelta

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.kinds import CHILD_BY_KIND, NODE, UNIT_BY_KIND
from inference_operator.adapters.kube import ApiError
from inference_operator.api.conditions import ConditionType
from inference_operator.domain.names import UnitKey
from inference_operator.handlers.passes import PassError, Passes
from inference_operator.handlers.watcher import Watcher
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, source, step
from tests.fakes.world import DEFAULTS, World, is_watched

RESOURCES = {**CHILD_BY_KIND, **UNIT_BY_KIND, NODE.kind: NODE}
TWIN = UnitKey("EnsemblePipeline", KEY.namespace, KEY.name)


class Sleeper(World):
    """An operator that makes a pass only over who was woken, or wished to be."""

    def __init__(self) -> None:
        self.made: list[UnitKey] = []
        self.queue: dict[UnitKey, None] = {}
        super().__init__()
        self.cache = Cache(self._wake)
        self.passes = Passes(self.cluster, self.cache, DEFAULTS, self.telemetry, lambda: self.now)
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
        while True:
            self.watch()
            if not self.queue:
                return len(self.made)
            key = next(iter(self.queue))
            del self.queue[key]
            self.made.append(key)
            assert len(self.made) < 100, "passes without end"
            try:
                if await self.passes(key) == timedelta(0):
                    self._wake(key)
            except (PassError, ApiError):
                pass
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
    desk.applied(epipe(KEY.name, steps=[step(modelRef=None, model=source(5))]))
    await desk.rest()
    service = desk.cluster.get("Service", KEY.name)
    said = desk.status_of(TWIN).condition(ConditionType.READY)
    assert said is not None
    assert said.message.startswith(
        f"Service/{KEY.name} belongs to InferenceModel {KEY.name}; rename one of the two"
    )
    assert desk.ready_of(KEY) == "Ready"
    assert service is not None
    assert service["metadata"]["ownerReferences"][0]["kind"] == "InferenceModel"

    desk.cluster.remove(KEY.kind, KEY.name)
    desk.cluster.collect_garbage()
    await desk.rest()
    assert desk.ready_of(TWIN) == "Ready"
    taken = desk.cluster.get("Service", KEY.name)
    assert taken is not None
    assert taken["metadata"]["ownerReferences"][0]["kind"] == "EnsemblePipeline"


async def test_a_service_that_somebody_deletes_stays_the_elders() -> None:
    desk = Sleeper()
    desk.applied(imodel())
    await desk.rest()
    desk.applied(epipe(KEY.name, steps=[step(modelRef=None, model=source(5))]))
    await desk.rest()

    desk.cluster.remove("Service", KEY.name)
    desk.queue = {TWIN: None}
    await desk.rest()
    found = desk.cluster.get("Service", KEY.name)
    assert found is not None
    assert found["metadata"]["ownerReferences"][0]["kind"] == "InferenceModel"


async def test_two_pipelines_that_refer_to_each_other_come_to_rest() -> None:
    desk = Sleeper()
    for one, other in (("one", "two"), ("two", "one")):
        inner = {"kind": "EnsemblePipeline", "name": other}
        desk.applied(epipe(one, steps=[step(modelRef=inner)]))

    assert await desk.rest() < 20
