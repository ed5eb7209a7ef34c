"""Passes over woken units only: they must be enough to finish a change, and not too many."""

from inference_operator.api.conditions import ConditionType
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, source, step
from tests.unit.passes.sleeper import INLINE, TWIN, Sleeper, lose


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
    condition = desk.status_of(TWIN).condition(ConditionType.READY)
    assert condition is not None
    assert condition.message.startswith(
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
    service = desk.cluster.live("Service", KEY.name)
    assert service is not None
    assert service["metadata"]["ownerReferences"][0]["kind"] == "InferenceModel"
