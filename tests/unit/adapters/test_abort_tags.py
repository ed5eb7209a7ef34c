"""Tags of aborted versions: which get one, and when it goes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.conditions import format_time
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.names import UnitKey, revision_child_name
from inference_operator.domain.observed import RejectedRecord, RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.observation.records import Record, read_into
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, stored
from tests.fakes.harness import NOON

from .test_version_tags import PIPELINE_TAG, TAG, Scene

ABORTED = "inference.aipx.io/aborted.desk-7.fx-drift"
PIPELINE_ABORTED = "inference.aipx.io/aborted.desk-7.fx-signal"
DELETE = "model-versions/delete-tag"


def record(unit: UnitKey, revision: str, uri: str, steps: tuple[ServedStep, ...] = ()) -> Record:
    name = unit.name
    return RevisionRecord(revision, 1, name, 1, uri, None, Mode.CPU, children=(), steps=steps)


def inline(name: str, uri: str) -> ServedStep:
    return ServedStep(name, name, 1, uri)


class AbortScene(Scene):
    """Adds the records of revisions, and aborts."""

    def keeps(self, unit: UnitKey, revision: str, kept: Record) -> None:
        """The cluster has that record of a revision."""
        owner = {"kind": unit.kind, "name": unit.name, "uid": "uid-of-owner", "controller": True}
        name = revision_child_name(unit.name, revision)
        body = {
            "metadata": {
                "name": name,
                "namespace": unit.namespace,
                "uid": f"uid-of-{revision}",
                "resourceVersion": "1",
                "labels": {"inference.aipx.io/revision": revision},
                "ownerReferences": [{"apiVersion": "inference.aipx.io/v1alpha1", **owner}],
            },
            "data": {},
        }
        self.store.put("ControllerRevision", body)
        kept_body = self.store.get("ControllerRevision", (unit.namespace, name))
        assert kept_body is not None
        read_into(self.store, kept_body, kept, unit)

    def aborts(self, body: dict[str, Any], minutes: int, **rollout: str) -> None:
        """So many minutes after noon, `new` was aborted, and `old` serves."""
        unit = UnitKey(body["kind"], body["metadata"]["namespace"], body["metadata"]["name"])
        self.registry.resolutions(unit, body["spec"])
        aborted = {
            "revision": "new",
            "time": format_time(NOON + timedelta(minutes=minutes)),
            "reason": "RolloutAborted",
            "message": "somebody aborted it",
        }
        status = {"stable": {"revision": "old"}, "rollout": {"aborted": aborted, **rollout}}
        self._stored += 1
        version = str(self._stored)
        self.store.put(unit.kind, stored({**body, "status": status}, resourceVersion=version))

    def tags_of(self, version: int) -> Mapping[str, str]:
        return self.ground.tags("fx", version)


FX = imodel(model={"source": {"uri": "models:/fx@champion"}})


@pytest.fixture
def scene() -> AbortScene:
    scene = AbortScene()
    for version, revision in ((1, "old"), (2, "new")):
        scene.keeps(KEY, revision, record(KEY, revision, f"models:/fx/{version}"))
    return scene


async def test_an_abort_is_a_tag_of_its_version(scene: AbortScene) -> None:
    scene.aborts(FX, 1)
    for _ in range(2):
        await scene.tags.write()
    assert scene.tags_of(2)[ABORTED] == "revision new at 2031-05-06T12:01:00Z: RolloutAborted"
    assert scene.tags_of(1) == {}
    assert scene.requests == ["model-versions/set-tag"]


async def test_a_promotion_after_a_retry_takes_the_tag_away(scene: AbortScene) -> None:
    scene.aborts(FX, 1)
    await scene.tags.write()
    scene.serves(2, minutes=5)
    await scene.tags.write()
    assert scene.tags_of(2).keys() == {TAG}


async def test_a_second_abort_overwrites_the_first(scene: AbortScene) -> None:
    for minutes in (1, 7):
        scene.aborts(FX, minutes)
        await scene.tags.write()
    assert "12:07:00Z" in scene.tags_of(2)[ABORTED]


async def test_another_version_that_is_promoted_leaves_the_tag(scene: AbortScene) -> None:
    scene.aborts(FX, 1)
    await scene.tags.write()
    scene.serves(1, minutes=5)
    await scene.tags.write()
    assert ABORTED in scene.tags_of(2)


async def test_a_version_that_the_stable_revision_serves_too_was_not_the_cause(
    scene: AbortScene,
) -> None:
    scene.keeps(KEY, "new", record(KEY, "new", "models:/fx/1"))
    scene.aborts(FX, 1)
    await scene.tags.write()
    assert scene.requests == []


async def test_without_a_record_that_is_accepted_nothing_is_tagged(scene: AbortScene) -> None:
    body = scene.store.get("ControllerRevision", (KEY.namespace, f"{KEY.name}-new"))
    assert body is not None
    read_into(scene.store, body, RejectedRecord(f"{KEY.name}-new", "forged"), KEY)
    scene.aborts(FX, 1)
    await scene.tags.write()
    assert scene.requests == []


async def test_what_an_earlier_leader_aborted_is_not_written_again(scene: AbortScene) -> None:
    scene.aborts(FX, -1)
    await scene.tags.write()
    assert scene.requests == []


async def test_an_outage_is_waited_for_and_a_version_that_is_gone_is_not(
    scene: AbortScene,
) -> None:
    scene.ground.fake.down = True
    scene.aborts(FX, 1)
    await scene.tags.write()
    scene.ground.fake.down = False
    await scene.tags.write()
    assert ABORTED in scene.tags_of(2)

    scene.ground.delete_version("fx", 2)
    scene.aborts(FX, 2)
    for _ in range(3):
        await scene.tags.write()
    assert len(scene.requests) == 3


async def test_a_refused_deletion_leaves_the_tag_of_the_promotion(scene: AbortScene) -> None:
    scene.ground.fake.broken[DELETE] = (403, b"no")
    scene.serves(2, minutes=1)
    for _ in range(2):
        await scene.tags.write()
    assert TAG in scene.tags_of(2)
    assert scene.requests.count(DELETE) == 1


async def test_the_changed_inline_models_of_a_pipeline_are_tagged(scene: AbortScene) -> None:
    pin = Pin("InferenceModel", "fx-drift", "r", "fx", 1, "models:/fx/3", "", None, {})
    trend = ServedStep("trend", "fx", 1, "models:/fx/3", pin=pin)
    same = inline("same", "models:/fx/1")
    was = (same, inline("price", "models:/news/1"), trend)
    now = (same, inline("price", "models:/fx/2"), inline("again", "models:/fx/2"), trend)
    for revision, steps in (("old", was), ("new", now)):
        scene.keeps(PIPELINE, revision, record(PIPELINE, revision, "", steps))
    price = {"name": "price", "model": {"source": {"uri": "models:/fx@champion"}}}
    scene.aborts(epipe(steps=[price]), 1)
    await scene.tags.write()
    value = scene.tags_of(2)[PIPELINE_ABORTED]
    assert value == "revision new at 2031-05-06T12:01:00Z: RolloutAborted, as price, again"
    assert PIPELINE_TAG not in scene.tags_of(2)
    assert scene.requests.count("model-versions/set-tag") == 1
