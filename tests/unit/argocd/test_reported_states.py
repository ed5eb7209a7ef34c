"""The health of what the operator itself reports, state by state."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.base import API_VERSION
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.status.conditions.stalled import PATIENCE
from inference_operator.planning.status.unit_status import report
from inference_operator.validation.defaults import Defaults
from tests.fakes.bodies import KEY, PIPELINE, epipe, source, step
from tests.fakes.harness import OperatorHarness
from tests.unit.argocd.argo_cd import Body, health, offered
from tests.unit.planning.decided import MINE, decided
from tests.unit.planning.seen import NOON, container, observed, pod

State = Callable[[], Awaitable[Body]]


def live(world: OperatorHarness) -> Body:
    body = world.cluster.live(KEY.kind, KEY.name)
    assert body is not None
    return body


async def served(**spec: Any) -> OperatorHarness:
    world = OperatorHarness()
    world.user_applies(model=source(1), **spec)
    await world.settle()
    return world


async def never_read() -> Body:
    world = OperatorHarness()
    world.user_applies()
    return live(world)


async def first_revision_starts() -> Body:
    world = OperatorHarness()
    world.answers = lambda revision: False
    world.user_applies()
    await world.settle()
    assert world.status.phase == "Progressing"
    return live(world)


async def ready() -> Body:
    return live(await served(replicas=2))


async def scaled_to_zero() -> Body:
    world = await served()
    world.user_applies(model=source(1), replicas=0)
    await world.settle()
    assert world.status.phase == "ScaledToZero"
    return live(world)


async def scaling() -> Body:
    world = await served(replicas=2)
    world.answers = lambda revision: False
    world.user_applies(model=source(1), replicas=4)
    await world.settle()
    return live(world)


async def edited_and_not_read() -> Body:
    world = await served()
    world.user_applies(model=source(2))
    return live(world)


async def canary(**rollout: Any) -> OperatorHarness:
    world = await served(replicas=2)
    first = world.served
    world.answers = lambda revision: revision == first
    world.user_applies(model=source(2), replicas=2, rollout=rollout)
    await world.settle()
    return world


async def canary_starts() -> Body:
    return live(await canary())


async def past_the_deadline() -> Body:
    world = await canary()
    await world.later(timedelta(minutes=11))
    assert world.status.phase == "Degraded"
    return live(world)


async def paused_by_the_spec() -> Body:
    world = await canary(paused=True)
    assert world.status.phase == "Paused"
    return live(world)


async def frozen() -> Body:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    await world.settle()
    world.start(Defaults("triton", "loader", freezes_rollouts=True))
    world.user_applies(model=source(2))
    await world.settle()
    assert world.status.phase == "Paused"
    return live(world)


async def paused_while_nobody_answers() -> Body:
    world = await canary(paused=True)
    world.answers = lambda revision: False
    await world.settle()
    assert world.status.phase == "Paused", "the phase does not tell that clients get no answer"
    return live(world)


async def invalid() -> Body:
    world = await served()
    world.user_applies(replicas=-1)
    await world.settle()
    assert world.status.phase == "Degraded"
    return live(world)


async def a_name_is_taken() -> Body:
    world = OperatorHarness()
    meta = {"name": KEY.name, "namespace": KEY.namespace}
    ports = [{"name": "web", "port": 80}]
    foreign = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": ports}}
    world.cluster.apply_as("helm", foreign)
    world.user_applies()
    await world.settle()
    assert health(live(world))[0] == "Progressing", "another apply may free the name"
    await world.later(PATIENCE)
    return live(world)


async def nobody_answers() -> Body:
    """The serving revision's pods have run out of memory; another try may still help."""
    pods = (pod(MINE, triton=container(exit_code=137, exit_reason="OOMKilled")),)
    seen = observed(ready={MINE: (0, 2)}, served=MINE, pods=pods)
    status = report(seen, decided(RolloutState(stable=MINE)), (), NOON)
    assert status.phase == "Failed"
    return {
        "apiVersion": API_VERSION,
        "kind": KEY.kind,
        "metadata": {"name": KEY.name, "generation": 1},
        "spec": dict(seen.spec),
        "status": status.to_body(),
    }


async def pipeline() -> Body:
    world = OperatorHarness()
    inline = step(modelRef=None, model=source(5))
    world.cluster.apply_as("kubectl", epipe(steps=[inline]), force=True)
    await world.settle(keys=[PIPELINE])
    body = world.cluster.live(PIPELINE.kind, PIPELINE.name)
    assert body is not None
    return body


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (never_read, "Progressing"),
        (first_revision_starts, "Progressing"),
        (ready, "Healthy"),
        (scaled_to_zero, "Healthy"),
        (scaling, "Progressing"),
        (edited_and_not_read, "Progressing"),
        (canary_starts, "Progressing"),
        (past_the_deadline, "Degraded"),
        (paused_by_the_spec, "Suspended"),
        (paused_while_nobody_answers, "Degraded"),
        (frozen, "Suspended"),
        (invalid, "Degraded"),
        (a_name_is_taken, "Degraded"),
        (nobody_answers, "Degraded"),
        (pipeline, "Healthy"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_the_health_is_that_of_the_table(state: State, expected: str) -> None:
    status, message = health(await state())
    assert status == expected
    assert message


async def test_a_rollout_can_be_ended_or_held_and_a_promotion_taken_back() -> None:
    assert offered(await ready()) == set(), "there is no revision before the first one"
    assert offered(await canary_starts()) == {"abort", "pause"}, "this rollout has no steps"
    assert offered(await paused_by_the_spec()) == set(), (
        "the spec names what waits, the status does not"
    )

    world = await served()
    world.user_applies(model=source(2))
    await world.settle()
    assert offered(live(world)) == {"rollback"}
    await world.later(timedelta(minutes=5))
    assert offered(live(world)) == {"rollback"}, "also when the pods of before have gone"
