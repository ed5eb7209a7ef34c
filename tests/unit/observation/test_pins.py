"""What a pipeline is shown of the resources that its steps refer to."""

from typing import Any

import pytest

from inference_operator.domain.names import UnitKey
from inference_operator.domain.references import Reference, Referenced
from inference_operator.observation.pins import referenced
from tests.fakes.bodies import KEY, PIPELINE, epipe, source, step
from tests.unit.passes.forging import forge
from tests.unit.passes.pipeline_harness import PipelineHarness

DIGEST = "ab" * 32


async def served() -> PipelineHarness:
    desk = PipelineHarness()
    desk.user_applies(model=source(1))
    await desk.settle()
    return desk


def dependency_view(desk: PipelineHarness) -> Referenced:
    desk.watch()
    return referenced(desk.store, PIPELINE, epipe()["spec"])[Reference(KEY.kind, KEY.name)]


def edit_model_status(desk: PipelineHarness, **model: Any) -> None:
    live = desk.cluster.live(KEY.kind, KEY.name)
    assert live is not None
    status = {**live["status"], "model": {**live["status"]["model"], **model}}
    desk.cluster.edit(KEY.kind, KEY.name, {"status": status})


async def test_the_digest_that_its_pods_fetched_is_pinned() -> None:
    desk = await served()
    edit_model_status(desk, sha256=DIGEST)

    pin = dependency_view(desk).stable
    assert pin is not None
    assert pin.sha256 == DIGEST


async def test_the_digest_of_a_uri_that_the_status_shows_with_escapes_is_pinned() -> None:
    desk = PipelineHarness()
    model = source(1)
    # A no-break space, which a status has as an escape.
    uri = "https://store.example/fx\u00a0drift.pt"
    desk.user_applies(model={**model, "source": {**model["source"], "uri": uri}})
    await desk.settle()
    edit_model_status(desk, sha256=DIGEST)

    pin = dependency_view(desk).stable
    assert pin is not None
    assert (pin.uri, pin.sha256) == (uri, DIGEST)


@pytest.mark.parametrize("digest", ["ab", "AB" * 32, "xy" * 32])
async def test_a_digest_that_somebody_wrote_by_hand_is_none(digest: str) -> None:
    desk = await served()
    edit_model_status(desk, sha256=digest)

    pin = dependency_view(desk).stable
    assert pin is not None
    assert pin.sha256 is None


async def test_a_digest_of_another_artifact_is_none() -> None:
    desk = await served()
    edit_model_status(desk, sha256=DIGEST, uri="https://store.example/other.onnx")

    pin = dependency_view(desk).stable
    assert pin is not None
    assert pin.sha256 is None


async def test_a_record_of_another_owner_is_none() -> None:
    """A deleted predecessor's, which the garbage collector has not taken yet."""
    desk = await served()
    (name,) = (body["metadata"]["name"] for body in desk.cluster.all("ControllerRevision"))
    owner = {"kind": KEY.kind, "name": KEY.name, "uid": "uid-of-another", "controller": True}
    desk.cluster.edit("ControllerRevision", name, {"metadata": {"ownerReferences": [owner]}})

    assert dependency_view(desk).stable is None


async def test_a_record_that_the_resource_does_not_control_is_none() -> None:
    """Somebody may let anything be collected with it."""
    desk = await served()
    (name,) = (body["metadata"]["name"] for body in desk.cluster.all("ControllerRevision"))
    (owner,) = desk.cluster.all("ControllerRevision")[0]["metadata"]["ownerReferences"]
    owners = [{**owner, "controller": False}]
    desk.cluster.edit("ControllerRevision", name, {"metadata": {"ownerReferences": owners}})

    assert dependency_view(desk).stable is None


async def test_a_record_that_is_not_accepted_is_none() -> None:
    desk = await served()
    (body,) = desk.cluster.all("ControllerRevision")
    body["data"]["children"][0]["metadata"]["namespace"] = "kube-system"
    forge(desk, body)

    assert dependency_view(desk).stable is None


async def test_what_does_not_exist_is_not_shown() -> None:
    desk = await served()
    nowhere = UnitKey(PIPELINE.kind, "another-namespace", PIPELINE.name)
    assert referenced(desk.store, nowhere, epipe()["spec"]) == {}


async def test_a_pipeline_that_leads_back_says_by_which_way() -> None:
    desk = PipelineHarness()
    ring = {PIPELINE.name: "two", "two": "three", "three": PIPELINE.name}
    for name, other in ring.items():
        named = {"kind": PIPELINE.kind, "name": other}
        desk.cluster.apply_as("kubectl", epipe(name, steps=[step(modelRef=named)]), force=True)
    desk.watch()
    live = desk.cluster.live(PIPELINE.kind, PIPELINE.name)
    assert live is not None

    (pin,) = referenced(desk.store, PIPELINE, live["spec"]).values()
    assert pin.path_back == ("two", "three", PIPELINE.name)


async def test_a_model_leads_nowhere() -> None:
    assert dependency_view(await served()).path_back == ()


async def test_a_resource_that_is_being_deleted_says_so() -> None:
    desk = await served()
    gone = {"metadata": {"deletionTimestamp": "2031-05-06T12:00:00Z"}}
    desk.cluster.edit(KEY.kind, KEY.name, gone)

    assert dependency_view(desk).deleting
