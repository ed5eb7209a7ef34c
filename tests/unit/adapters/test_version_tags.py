"""Tags of versions: once each, only new ones, and never a reason to fail."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.adapters.mlflow.model_registry import ModelRegistry
from inference_operator.adapters.mlflow.registry_secrets import Secrets
from inference_operator.adapters.mlflow.version_tags import VersionTags, serving_value
from inference_operator.adapters.polling.poll_schedule import PollSchedule
from inference_operator.api.conditions import format_time
from inference_operator.api.status import RevisionStatus, UnitStatus
from inference_operator.domain.api_resource import ApiResource
from inference_operator.observation.store import Store
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, step, stored
from tests.fakes.harness import NOON
from tests.fakes.registry_ground import FILES, FakeGround, mlmodel

TAG = "inference.aipx.io/serving.desk-7.fx-drift"
WRITE = "model-versions/set-tag"
PIPELINE_TAG = "inference.aipx.io/serving.desk-7.fx-signal"


class Scene:
    """A unit that serves versions of fx, and an operator that began to lead at noon."""

    def __init__(self) -> None:
        self.ground = FakeGround()
        self.requests = self.ground.fake.requests
        self.secrets: dict[tuple[str, str], dict[str, str]] = {}
        for _ in range(2):
            self.ground.version("fx", {}, {"MLmodel": mlmodel(), **FILES})
        self.store = Store()
        secrets = Secrets(self, lambda: 0.0)
        pace = PollSchedule(30.0, lambda: 0.0, lambda: 0.5)
        self.registry = ModelRegistry(self.ground.fake, secrets, pace, lambda _: None, lambda: NOON)
        self.tags = VersionTags(self.ground.fake, secrets, self.registry, self.store, NOON)
        self._stored = 0

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Mapping[str, Any]:
        assert (namespace, name) in self.secrets, "no such Secret is named"
        return {"data": self.secrets[namespace, name]}

    def pipeline_serves(self, secret: str | None = None, **sources: str) -> None:
        """A minute after noon, clients were moved to a pipeline of inline models with those
        sources, and of a step `trend` that refers to the model."""
        ref = {"secretRef": {"name": secret}} if secret else {}
        steps = [
            {**step(name, modelRef=None), "model": {"source": {"uri": uri, **ref}}}
            for name, uri in sources.items()
        ]
        body = epipe(steps=[*steps, step("trend")])
        self.registry.resolutions(PIPELINE, body["spec"])
        served = [{"name": name, "model": name, "source": uri} for name, uri in sources.items()]
        served.append(
            {"name": "trend", "model": "fx", "source": "models:/fx/1", "modelRef": str(KEY)}
        )
        status = {
            "steps": served,
            "stable": {"revision": "rev3"},
            "rollout": {"promotedAt": format_time(NOON + timedelta(minutes=1))},
        }
        self.store.put(PIPELINE.kind, stored({**body, "status": status}))

    def serves(self, version: int, *, minutes: int, uri: str = "models:/fx@champion") -> None:
        """Clients were moved to that version so many minutes after noon."""
        self._stored += 1
        body = imodel(model={"source": {"uri": uri}})
        self.registry.resolutions(KEY, body["spec"])
        promoted = format_time(NOON + timedelta(minutes=minutes))
        status = {
            "model": {"version": str(version), "uri": uri.replace("@champion", f"/{version}")},
            "stable": {"revision": f"rev{version}"},
            "rollout": {"promotedAt": promoted},
        }
        self.store.put(
            KEY.kind, stored({**body, "status": status}, resourceVersion=str(self._stored))
        )


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_a_promotion_is_a_tag_of_its_version(scene: Scene) -> None:
    scene.serves(2, minutes=1)
    await scene.tags.write()
    assert scene.ground.tags("fx", 2)[TAG] == "revision rev2 since 2031-05-06T12:01:00Z"
    assert TAG not in scene.ground.tags("fx", 1)


async def test_it_is_written_once(scene: Scene) -> None:
    scene.serves(2, minutes=1)
    for _ in range(3):
        await scene.tags.write()
    assert scene.requests.count(WRITE) == 1


async def test_the_next_promotion_is_written_too(scene: Scene) -> None:
    for minutes, version in ((1, 1), (2, 2)):
        scene.serves(version, minutes=minutes)
        await scene.tags.write()
    assert TAG in scene.ground.tags("fx", 1)
    assert TAG in scene.ground.tags("fx", 2)


async def test_what_an_earlier_leader_promoted_is_not_written_again(scene: Scene) -> None:
    scene.serves(2, minutes=-1)
    await scene.tags.write()
    assert scene.requests == []


async def test_a_tag_of_which_the_registry_heard_nothing_is_tried_again(scene: Scene) -> None:
    scene.ground.fake.down = True
    scene.serves(2, minutes=1)
    for _ in range(3):
        await scene.tags.write()
    assert scene.requests.count(WRITE) == 3

    scene.ground.fake.down = False
    for _ in range(3):
        await scene.tags.write()
    assert scene.requests.count(WRITE) == 4


async def test_a_surprise_at_one_promotion_leaves_the_next_ones_tagged(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(scene.ground.fake, "set_version_tag", None)
        scene.serves(1, minutes=1)
        await scene.tags.write()
    scene.serves(2, minutes=2)
    await scene.tags.write()
    assert TAG in scene.ground.tags("fx", 2)


async def test_a_surprise_does_not_end_the_tagging(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds, again = iter([True, False]), asyncio.Event()

    async def write() -> None:
        if next(rounds, False):
            raise RuntimeError("nobody foresaw this")
        again.set()

    monkeypatch.setattr(scene.tags, "write", write)
    running = asyncio.create_task(scene.tags.run(0.0))
    await asyncio.wait_for(again.wait(), 5.0)
    running.cancel()


@pytest.mark.parametrize("uri", ["https://store.example/fx.onnx", "runs:/0a1b/fx"])
async def test_other_sources_have_no_version_to_tag(scene: Scene, uri: str) -> None:
    scene.serves(1, minutes=1, uri=uri)
    await scene.tags.write()
    assert WRITE not in scene.requests


async def test_the_inline_models_of_a_pipeline_are_tagged_with_their_steps(scene: Scene) -> None:
    scene.ground.version("news", {}, {"MLmodel": mlmodel(), **FILES})
    scene.pipeline_serves(price="models:/fx/2", again="models:/fx/2", text="models:/news/1")
    for _ in range(2):
        await scene.tags.write()
    prefix = "revision rev3 since 2031-05-06T12:01:00Z, as"
    assert scene.ground.tags("fx", 2)[PIPELINE_TAG] == f"{prefix} price, again"
    assert scene.ground.tags("news", 1)[PIPELINE_TAG] == f"{prefix} text"
    assert scene.requests.count(WRITE) == 2


async def test_what_a_pipeline_refers_to_is_its_own_resources_to_tag(scene: Scene) -> None:
    scene.pipeline_serves(price="models:/fx/2", builtin="builtin", stored="s3://models/fx.onnx")
    await scene.tags.write()
    assert PIPELINE_TAG not in scene.ground.tags("fx", 1)
    assert scene.requests.count(WRITE) == 1


async def test_a_refused_tag_of_one_step_leaves_the_others_tagged(scene: Scene) -> None:
    scene.pipeline_serves(gone="models:/bonds/4", price="models:/fx/2")
    for _ in range(2):
        await scene.tags.write()
    assert PIPELINE_TAG in scene.ground.tags("fx", 2)
    assert scene.requests.count(WRITE) == 2


async def test_a_tag_is_written_with_the_secret_of_its_step(scene: Scene) -> None:
    scene.ground.fake.wants = "Bearer t0ken"
    scene.secrets[PIPELINE.namespace, "desk"] = {"token": "dDBrZW4="}
    scene.pipeline_serves(secret="desk", price="models:/fx/2")
    await scene.tags.write()
    assert PIPELINE_TAG in scene.ground.tags("fx", 2)


def test_what_a_status_was_edited_to_reaches_the_registry_without_control_characters() -> None:
    stable = RevisionStatus(revision="r\x1b[31m\u202e")

    value = serving_value(UnitStatus(stable=stable), NOON, ["a\nb"])

    assert value.isprintable()
    assert value.startswith("revision r\\u001b[31m\\u202e since ")
