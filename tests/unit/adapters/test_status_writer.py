"""The status patch and the Events."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inference_operator.adapters.kubernetes.status_writer import (
    merge_patch,
    publish_event,
    publish_status,
)
from inference_operator.api.status import (
    EnsemblePipelineStatus,
    InferenceModelStatus,
    Phase,
    RevisionStatus,
)
from inference_operator.domain.names import UnitKey
from inference_operator.domain.serving_unit import Owner
from inference_operator.observation.store import Store
from inference_operator.planning.status.events import EventDraft, Severity
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, step
from tests.fakes.cluster import FakeCluster
from tests.unit.planning.seen import NOON

# As statuses are: no nulls, since `to_body` leaves them out.
values = st.recursive(
    st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=8,
)
documents = st.dictionaries(st.sampled_from("abcd"), values)


def apply_rfc_7386(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply_rfc_7386(result.get(key), value)
    return result


@given(documents, documents)
def test_applying_the_patch_gives_the_new_document(old: Any, new: Any) -> None:
    assert apply_rfc_7386(old, merge_patch(old, new)) == new


@given(documents)
def test_equal_documents_need_no_patch(document: Any) -> None:
    assert merge_patch(document, document) == {}


@given(documents, documents)
def test_a_patch_holds_nothing_that_stays(old: Any, new: Any) -> None:
    assert all(key not in old or old[key] != new.get(key) for key in merge_patch(old, new))


class Scene:
    """A model in a fake cluster, known to the cache."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.store = Store()
        live = self.cluster.apply_as("kubectl", imodel())
        self.store.put("InferenceModel", live)
        self.owner = Owner(KEY, live["apiVersion"], live["metadata"]["uid"])

    @property
    def status(self) -> dict[str, Any]:
        """What there is to see of it."""
        (live,) = self.cluster.all("InferenceModel")
        return {name: value for name, value in live["status"].items() if value != []}

    async def publish(self, **status: Any) -> bool:
        return await publish_status(
            self.cluster, self.store, self.owner, InferenceModelStatus(**status)
        )


async def test_a_changed_status_is_patched_once() -> None:
    scene = Scene()
    assert await scene.publish(phase=Phase.READY, replicas=2)
    assert not await scene.publish(phase=Phase.READY, replicas=2)

    assert len(scene.cluster.requests) == 1
    assert scene.status == {"phase": "Ready", "replicas": 2}


async def test_the_status_of_a_pipeline_goes_to_the_pipeline_and_wakes_who_refers_to_it() -> None:
    woken: list[UnitKey] = []
    cluster, store = FakeCluster(), Store(woken.append)
    live = cluster.apply_as("kubectl", epipe())
    inner = {"kind": PIPELINE.kind, "name": PIPELINE.name}
    outer = cluster.apply_as("kubectl", epipe("outer", steps=[step(modelRef=inner)]))
    for body in (live, outer):
        store.put(body["kind"], body)
    owner = Owner(PIPELINE, live["apiVersion"], live["metadata"]["uid"])
    status = EnsemblePipelineStatus(stable=RevisionStatus(revision="aaa"), step_versions="drift:1")
    woken.clear()

    assert await publish_status(cluster, store, owner, status)
    assert [(r.verb, r.kind, r.name) for r in cluster.requests] == [
        ("patch", "EnsemblePipeline", PIPELINE.name)
    ]
    written = cluster.live(PIPELINE.kind, PIPELINE.name)
    assert written is not None
    assert written["status"]["stepVersions"] == "drift:1"
    assert woken == [UnitKey(PIPELINE.kind, PIPELINE.namespace, "outer")]


async def test_what_no_longer_applies_is_removed() -> None:
    scene = Scene()
    await scene.publish(phase=Phase.READY, replicas=2)
    await scene.publish(phase=Phase.READY)

    assert scene.status == {"phase": "Ready"}


async def test_a_status_never_reaches_a_successor() -> None:
    scene = Scene()
    scene.cluster.remove("InferenceModel", KEY.name)
    successor = scene.cluster.apply_as("kubectl", imodel())
    scene.store.put("InferenceModel", successor)

    assert not await scene.publish(phase=Phase.READY)
    assert scene.cluster.requests == []


async def test_an_event_is_about_its_resource() -> None:
    scene = Scene()
    note = EventDraft(Severity.WARNING, "CrashLoop", "Triton ended " * 200)
    await publish_event(scene.cluster, scene.owner, note, NOON)
    (event,) = scene.cluster.all("Event")

    assert event["metadata"]["namespace"] == KEY.namespace
    assert event["metadata"]["name"].startswith("fx-drift.")
    assert event["involvedObject"]["uid"] == scene.owner.uid
    assert (event["type"], event["reason"]) == ("Warning", "CrashLoop")
    assert len(event["message"]) == 1024
    assert event["firstTimestamp"] == "2031-05-06T12:00:00Z"


async def test_two_events_of_one_second_have_two_names() -> None:
    scene = Scene()
    for _ in range(2):
        note = EventDraft(Severity.NORMAL, "Scaled", "from 1 to 2")
        await publish_event(scene.cluster, scene.owner, note, NOON)

    assert len(scene.cluster.all("Event")) == 2


async def test_an_event_is_cut_by_its_bytes_and_on_one_line() -> None:
    scene = Scene()
    note = EventDraft(Severity.WARNING, "CrashLoop", "größer\n\x1b[2J " * 200)
    await publish_event(scene.cluster, scene.owner, note, NOON)
    (event,) = scene.cluster.all("Event")

    assert 1010 < len(event["message"].encode()) <= 1024
    assert event["message"].startswith("größer \\u001b[2J größer")
    assert event["message"].isprintable()
