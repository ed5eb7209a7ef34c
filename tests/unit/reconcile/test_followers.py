"""A process that follows for months keeps nothing of units that are not there."""

from typing import Any, cast

from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.names import UnitKey
from inference_operator.observation import store as store_module
from inference_operator.observation.kinds import CHILD_BY_KIND, INFERENCE_MODEL
from inference_operator.reconcile.work_queue import WorkQueue
from inference_operator.runtime.controller import Controller
from inference_operator.settings import Settings
from tests.fakes import bodies
from tests.fakes.bodies import KEY, imodel, stored

POD = CHILD_BY_KIND["Pod"]


class Nowhere:
    """A cluster that nobody asks."""

    def spaces(self, resource: object) -> tuple[str, ...]:
        return ("",)


def follower() -> Controller:
    return Controller(Settings(), cast(Any, Nowhere()), Telemetry())


def forged(number: int) -> dict[str, Any]:
    body = stored(bodies.pod("aaa", ready=True), uid=f"p{number}")
    body["metadata"]["name"] = f"p{number}"
    body["metadata"]["labels"]["inference.aipx.io/name"] = f"nobody-{number}"
    body["metadata"]["ownerReferences"] = []
    return body


async def test_names_that_labels_forge_are_not_kept() -> None:
    force = follower()
    for number in range(store_module.REMEMBERED_DELETIONS + 50):
        force.router.on_event(POD, "ADDED", forged(number))
        force.router.on_event(POD, "DELETED", forged(number))

    assert len(force.queue) == 0
    assert len(force._store.needs_owner_check) == store_module.REMEMBERED_DELETIONS


async def test_units_that_came_and_went_are_not_kept() -> None:
    force = follower()
    for number in range(100):
        body = stored(imodel(f"m-{number}"), uid=f"u{number}")
        force.router.on_custom_resource(INFERENCE_MODEL, "ADDED", body)
        force.router.on_custom_resource(INFERENCE_MODEL, "DELETED", body)
    force.router.on_custom_resource(INFERENCE_MODEL, "ADDED", stored(imodel()))

    assert len(force.queue) == 1
    assert await force.queue.take() == KEY


async def test_a_leader_looks_once_more_at_what_has_gone() -> None:
    force = follower()
    force._is_working = True
    force.router.on_event(POD, "ADDED", forged(1))

    assert await force.queue.take() == UnitKey(KEY.kind, KEY.namespace, "nobody-1")


async def test_what_is_forgotten_gets_no_pass() -> None:
    queue, other = WorkQueue(), UnitKey(KEY.kind, KEY.namespace, "other")
    queue.wake(KEY, urgent=True)
    queue.wake(other)
    queue.forget(KEY)
    queue.forget(KEY)
    assert len(queue) == 1
    assert await queue.take() == other
    queue.done(other)

    queue.wake(KEY)
    queue.forget(KEY)
    assert len(queue) == 0
