"""Rollouts by steps that a reviewer broke: sequences of events, and what must hold after them."""

from datetime import timedelta
from typing import Any

from inference_operator.domain.commands import Verb, promote_all, promote_step
from tests.fakes.bodies import KEY, source
from tests.fakes.gateways import rollout as gateway_rollout

from .delivery_harness import Delivery, at_first_step
from .steered_harness import tell
from .test_gateway_steps import BEGUN, CANARY, STABLE, Routed, promote
from .test_recreate import replaced

HALF = [{"setWeight": 50}, {"pause": {}}]
SHRINKS = {"canary": {"steps": HALF, "dynamicStableScale": "WhenWeighted"}}
RECREATE = {"recreate": {"onFailure": "RestorePrevious"}}
BROKEN: list[Any] = [{"setWeight": 50, "pause": {}}]


async def at_half_of_eight() -> tuple[Delivery, str, str]:
    """Return a world in which two revisions share 8 pods."""
    world = Delivery()
    for number in (1, 2):
        world.user_applies(model=source(number), rollout=SHRINKS, replicas=8)
        await world.settle()
    assert world.status.stable is not None
    old, new = world.status.stable.revision, world.canary
    assert world.deployments == {old: 4, new: 4}
    return world, old, new


async def test_an_invalid_edit_does_not_shrink_what_shares_the_clients() -> None:
    world, old, new = await at_half_of_eight()
    invalid: dict[str, Any] = {"dynamicBatching": {"preferredBatchSizes": [9999]}}
    world.user_applies(model=source(2), rollout=SHRINKS, replicas=8, triton=invalid)
    await world.settle()
    assert world.ready[1] == "InvalidSpec"
    await world.later(timedelta(hours=1))

    assert world.deployments == {old: 4, new: 4}


async def test_a_canary_that_dies_gives_the_stable_revision_all_its_pods_back() -> None:
    world, old, _ = await at_half_of_eight()
    world.answers = lambda revision: revision == old
    world.run_deployments()
    await world.settle()

    assert world.served == old
    assert world.deployments[old] == 8


async def test_the_stable_revision_gives_up_pods_only_after_clients_have_left() -> None:
    world = Delivery()
    world.user_applies(model=source(1), rollout=SHRINKS, replicas=8)
    await world.settle()
    old = world.served
    assert old is not None
    world.user_applies(model=source(2), rollout=SHRINKS, replicas=8)
    seen: list[tuple[int, str | None]] = []
    world.cluster.after = lambda request, number: seen.append(
        (world.deployments[old], world.served)
    )
    await world.settle()

    assert all(pods == 8 for pods, served in seen if served == old)
    assert seen[-1] == (4, None)


async def test_recreation_goes_on_while_the_spec_is_invalid() -> None:
    world, old = await replaced()
    world.ending = False
    await world.settle()
    assert world.status.canary is not None
    new = world.status.canary.revision
    world.user_applies(model=source(2), rollout=RECREATE, triton={"image": "no image"})
    await world.settle()

    assert world.ready[1] == "InvalidSpec"
    assert world.deployments == {old: 0, new: 1}


async def test_a_pause_in_mid_recreation_leads_clients_to_who_answers() -> None:
    world, old = await replaced()
    world.ending = False
    await world.settle()
    assert world.status.canary is not None
    new = world.status.canary.revision
    paused = {**RECREATE, "progressDeadline": "5m", "paused": True}
    world.user_applies(model=source(2), rollout=paused)
    world.answers = lambda revision: True
    world.run_deployments()
    await world.settle()

    assert world.served == new
    assert f"revision {old} continues" not in world.ready[2]


async def test_an_evicted_pod_holds_no_gpu() -> None:
    world, _ = await replaced()
    (pod,) = world.cluster.all("Pod")
    world.cluster.edit("Pod", pod["metadata"]["name"], {"status": {"phase": "Failed"}})
    await world.settle()

    assert sorted(world.deployments.values()) == [0, 1]


async def test_an_abort_takes_clients_back_though_the_gateway_has_left_the_spec() -> None:
    world = Routed()
    await tell(world, (*BEGUN, promote))
    new = world.canary
    world.user_applies(model=source(2), replicas=4, triton={"image": "no image"})
    await world.settle(40)
    assert world.ready[1] == "InvalidSpec"
    assert world.weights() == {STABLE: 50, CANARY: 50}

    world.says(Verb.ABORT, new)
    await world.settle(40)
    assert world.weights() == world.weights("GRPCRoute") == {STABLE: 100, CANARY: 0}
    await world.later(timedelta(minutes=1))
    assert world.unsafe() == []


async def test_an_invalid_edit_that_adds_a_gateway_moves_no_client() -> None:
    world, old = await at_first_step()
    sizes, parts = world.deployments, gateway_rollout()
    parts["canary"]["steps"] = BROKEN
    world.user_applies(model=source(2), replicas=3, rollout=parts)
    await world.settle()

    assert world.ready[1] == "InvalidSpec"
    assert world.served is None
    assert world.deployments == sizes
    assert old in sizes


async def test_a_window_does_not_skip_the_steps_of_a_revision_that_never_served() -> None:
    window = {"rollbackWindow": {"revisions": 3}}
    world = Delivery()

    def wants(number: int) -> None:
        steps = [{"setWeight": 25}, {"pause": {}}]
        world.user_applies(
            model=source(number), rollout={"canary": {"steps": steps, **window}}, replicas=3
        )

    for number in (1, 2):
        wants(number)
        await world.settle()
    world.says(Verb.ABORT, world.canary)
    await world.settle()
    wants(3)
    await world.settle()
    world.says(Verb.PROMOTE, promote_all(world.canary))
    await world.settle()
    await world.later(timedelta(minutes=1))
    wants(2)
    await world.settle()
    assert world.step == 1, "it was aborted, and never promoted"

    wants(1)
    await world.settle()
    assert world.status.stable is not None
    assert world.ready[0] == "True", "the first one did serve"


async def test_a_short_absence_after_a_longer_one_promotes_nothing() -> None:
    world, old = await at_first_step(steps=[{"setWeight": 25}, {"pause": {}}])
    new = world.canary
    world.answers = lambda revision: revision == new
    world.run_deployments()
    await world.settle()
    world.says(Verb.PAUSE, new)
    world.answers = lambda revision: True
    world.run_deployments()
    await world.later(timedelta(hours=1))
    world.answers = lambda revision: revision == new
    world.run_deployments()
    await world.settle()

    assert world.status.stable is not None
    assert world.status.stable.revision == old
    assert world.served == new, "all clients are led to who answers"


async def test_the_spec_goes_back_while_no_stable_pod_answers() -> None:
    world, old = await at_first_step(steps=[{"setWeight": 25}, {"pause": {}}])
    new = world.canary
    world.answers = lambda revision: revision == new
    world.run_deployments()
    await world.settle()
    world.wants(1, [{"setWeight": 25}, {"pause": {}}])
    await world.settle()
    assert world.served == new
    assert world.status.stable is not None
    assert world.status.stable.revision == old

    world.answers = lambda revision: True
    world.run_deployments()
    await world.settle()
    assert world.served == old
    assert world.deployments == {old: 3}
    assert world.ready[0] == "True"


async def test_a_late_promotion_does_not_end_a_new_step() -> None:
    world, _ = await at_first_step(
        steps=[{"setWeight": 25}, {"pause": {"duration": "1m"}}, {"pause": {}}]
    )
    world.says(Verb.PROMOTE, promote_step(world.canary, 2))
    world.wants(2, [{"setWeight": 25}, {"setWeight": 30}, {"pause": {}}, {"setWeight": 50}])
    await world.settle()

    assert world.step == 2


async def test_a_timed_pause_starts_again_after_zero_replicas() -> None:
    steps = [{"setWeight": 25}, {"pause": {"duration": "1h"}}, {"pause": {}}]
    world, _ = await at_first_step(steps=steps)
    world.wants(2, steps, replicas=0)
    await world.later(timedelta(hours=2))
    world.wants(2, steps)
    await world.later(timedelta(minutes=1))
    assert world.step == 1

    await world.later(timedelta(hours=1))
    assert world.step == 2


async def test_a_rollback_needs_no_gateway_that_works() -> None:
    world = Routed()
    world.store.refused |= {"HTTPRoute", "GRPCRoute"}
    parts = gateway_rollout()
    parts["canary"]["rollbackWindow"] = {"revisions": 3}
    world.user_applies(model=source(1), rollout=parts, replicas=2)
    await world.settle(40)
    old = world.served
    plain = {"scaleDownDelay": "1h"}
    world.user_applies(model=source(2), rollout=plain, replicas=2)
    await world.settle(40)
    new = world.served
    world.user_applies(model=source(2), rollout=parts, replicas=2)
    await world.settle(40)
    world.says(Verb.ROLLBACK, f"{old};from={new}")
    await world.settle(40)

    assert world.served == old != new


async def test_a_canary_keeps_its_pods_until_the_stable_revision_has_enough() -> None:
    world = Routed()
    await tell(world, BEGUN)
    old, new = world.served, world.canary
    world.answers = lambda revision: revision == new
    world.run_deployments()
    await world.settle(40)
    assert world.deployments == {old: 4, new: 4}

    deployment = f"{KEY.name}-{old}"
    world.answers = lambda revision: True
    run = world.run_deployments

    def one_is_back() -> None:
        run()
        world.cluster.edit("Deployment", deployment, {"status": {"readyReplicas": 1}})
        world.run_gateway()

    world.run_deployments = one_is_back  # type: ignore[method-assign]
    world.run_deployments()
    await world.settle(40)
    assert world.deployments == {old: 4, new: 4}
    assert world.weights()[STABLE] == 90

    world.run_deployments = run  # type: ignore[method-assign]
    world.run_deployments()
    await world.settle(40)
    assert world.deployments == {old: 4, new: 1}
