"""Passes over woken units only: they must be enough to finish a change, and not too many."""

from inference_operator.api.conditions import ConditionType
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, source, step
from tests.unit.passes.wake_driven_harness import INLINE, TWIN, WakeDrivenHarness, lose


async def test_a_pipeline_applied_before_its_model_arrives() -> None:
    harness = WakeDrivenHarness()
    harness.applied(epipe())
    await harness.rest()
    assert harness.ready_of(PIPELINE) == "ReferenceNotFound"

    harness.applied(imodel())
    await harness.rest()
    assert (harness.ready_of(KEY), harness.ready_of(PIPELINE)) == ("Ready", "Ready")


async def test_each_link_of_a_chain_of_pipelines_arrives() -> None:
    harness = WakeDrivenHarness()
    links = ["one", "two", "three"]
    for before, name in zip([PIPELINE.name, *links], links, strict=False):
        inner = {"kind": "EnsemblePipeline", "name": before}
        harness.applied(epipe(name, steps=[step(modelRef=inner)]))
    harness.applied(epipe())
    harness.applied(imodel())
    await harness.rest()

    last = UnitKey(PIPELINE.kind, PIPELINE.namespace, links[-1])
    assert harness.ready_of(last) == "Ready"


async def test_a_new_version_of_the_model_reaches_the_pipeline() -> None:
    harness = WakeDrivenHarness()
    harness.applied(imodel(model=source(1)))
    harness.applied(epipe())
    await harness.rest()
    old = harness.status_of(PIPELINE).stable

    harness.applied(imodel(model=source(2)))
    await harness.rest()
    assert harness.ready_of(PIPELINE) == "Ready"
    assert harness.status_of(PIPELINE).stable != old


async def test_a_deleted_model_is_told_by_the_pipeline() -> None:
    harness = WakeDrivenHarness()
    harness.applied(imodel())
    harness.applied(epipe())
    await harness.rest()

    harness.cluster.remove(KEY.kind, KEY.name)
    harness.cluster.collect_garbage()
    await harness.rest()
    refs = harness.status_of(PIPELINE).condition(ConditionType.RESOLVED_REFS)
    assert refs is not None
    assert refs.reason == "ReferenceNotFound"


async def test_scaling_a_model_wakes_no_pipeline() -> None:
    harness = WakeDrivenHarness()
    harness.applied(imodel())
    harness.applied(epipe())
    await harness.rest()
    writes = len(harness.cluster.writes)

    harness.cluster.edit(KEY.kind, KEY.name, {"metadata": {"annotations": {"team": "fx"}}})
    assert await harness.rest() <= 1
    assert PIPELINE not in harness.made
    assert len(harness.cluster.writes) == writes


async def test_the_younger_of_two_names_alike_waits_and_takes_over_a_name_that_becomes_free() -> (
    None
):
    harness = WakeDrivenHarness()
    harness.applied(imodel())
    await harness.rest()
    harness.applied(epipe(KEY.name, steps=[INLINE]))
    await harness.rest()
    service = harness.cluster.live("Service", KEY.name)
    condition = harness.status_of(TWIN).condition(ConditionType.READY)
    assert condition is not None
    assert condition.message.startswith(
        f"Service/{KEY.name} belongs to InferenceModel {KEY.name}; rename one of the two"
    )
    assert harness.ready_of(KEY) == "Ready"
    reached = harness.status_of(TWIN).condition(ConditionType.AVAILABLE)
    assert reached is not None
    assert (reached.status, reached.reason) == ("False", "ChildRefused"), "an outage is told"
    assert harness.status_of(TWIN).url is None
    assert service is not None
    assert service["metadata"]["ownerReferences"][0]["kind"] == "InferenceModel"

    harness.cluster.remove(KEY.kind, KEY.name)
    harness.cluster.collect_garbage()
    await harness.rest()
    assert harness.ready_of(TWIN) == "Ready"
    taken = harness.cluster.live("Service", KEY.name)
    assert taken is not None
    assert taken["metadata"]["ownerReferences"][0]["kind"] == "EnsemblePipeline"


async def test_a_name_is_waited_for_until_the_garbage_collector_has_freed_it() -> None:
    harness = WakeDrivenHarness()
    harness.applied(imodel())
    await harness.rest()
    harness.applied(epipe(KEY.name, steps=[INLINE]))
    harness.cluster.remove(KEY.kind, KEY.name)
    await harness.rest()
    assert harness.ready_of(TWIN) == "ChildRefused"

    harness.cluster.collect_garbage()
    await harness.rest()
    assert harness.ready_of(TWIN) == "Ready"


async def test_a_record_that_comes_back_after_a_pipeline_looked_for_it_is_told() -> None:
    harness = WakeDrivenHarness(lambda keys: keys[-1])
    harness.applied(imodel())
    await harness.rest()
    lose(harness, KEY, "ControllerRevision")
    harness.applied(epipe())
    await harness.rest()

    assert harness.made[0] == PIPELINE
    assert harness.ready_of(PIPELINE) == "Ready"


async def test_a_service_that_somebody_deletes_stays_the_elders() -> None:
    harness = WakeDrivenHarness()
    harness.applied(imodel())
    await harness.rest()
    harness.applied(epipe(KEY.name, steps=[INLINE]))
    await harness.rest()

    harness.cluster.remove("Service", KEY.name)
    harness.queue = {TWIN: None}
    await harness.rest()
    service = harness.cluster.live("Service", KEY.name)
    assert service is not None
    assert service["metadata"]["ownerReferences"][0]["kind"] == "InferenceModel"
