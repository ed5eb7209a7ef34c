"""Baselines of canaries: when they start and end, and what they never change."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.commands import Verb, promote_all, promote_step
from tests.fakes.bodies import KEY

from .baseline_harness import (
    COMPARED,
    ERRORS,
    STEPS,
    Compared,
    ComparedRoutes,
    baseline_of,
    compared,
    wait,
)
from .freezing import freeze
from .judged_harness import Judged

WAYS = pytest.mark.parametrize("kind", [Compared, ComparedRoutes])


@WAYS
async def test_it_has_the_canarys_size_and_the_stable_revision_keeps_all_its_pods(
    kind: type[Compared],
) -> None:
    world, old = await compared(kind)
    assert (world.baselines, world.own_pods) == ({old: 1}, {old: 4, world.canary: 1})

    world.says(Verb.PROMOTE, promote_step(world.canary, 1))
    await world.settle(world.rounds)
    canary = world.own_pods[world.canary]
    assert canary > 1
    assert (world.baselines, world.own_pods[old]) == ({old: canary}, 4)
    assert world.about_baseline == ["BaselineStarted"]


async def test_its_pods_are_those_of_the_record_with_one_label_more() -> None:
    world, old = await compared()
    own, other = world.cluster.live("Deployment", f"{KEY.name}-{old}"), baseline_of(world, old)
    assert own is not None
    assert other is not None
    label = {"inference.aipx.io/track": "baseline"}
    template, expected = other["spec"]["template"], own["spec"]["template"]
    assert template["spec"] == expected["spec"]
    assert template["metadata"]["labels"] == {**expected["metadata"]["labels"], **label}
    matched = {**own["spec"]["selector"]["matchLabels"], **label}
    assert other["spec"]["selector"]["matchLabels"] == matched
    assert other["metadata"]["ownerReferences"] == own["metadata"]["ownerReferences"]


async def test_the_share_of_a_canary_counts_the_pods_that_the_service_selects() -> None:
    world, _ = await compared()
    assert world.status.stable is not None
    # One of six pods; the step asks for 25 %.
    assert (world.share, world.status.stable.weight) == (17, 83)


async def test_autoscalers_see_the_stable_revisions_own_pods_alone() -> None:
    world, old = await compared()
    status = world.status
    assert (status.replicas, status.ready_replicas, status.display_replicas) == (4, 4, "4/4")
    assert status.selector is not None
    assert status.selector.split(",")[-1] == "!inference.aipx.io/track"
    assert status.baseline is not None
    shown = status.baseline
    assert (shown.revision, shown.replicas, shown.ready) == (old, 1, 1)


ENDS = {
    "promotion": lambda world: world.says(Verb.PROMOTE, promote_all(world.canary)),
    "abort": lambda world: world.says(Verb.ABORT, world.canary),
    "failure": lambda world: setattr(world, "verdict", Verdict.FAIL),
    "going back": lambda world: world.wants(1),
    "no size": lambda world: world.wants(2, replicas=0),
}


@pytest.mark.parametrize(
    ("kind", "end"),
    [*((Compared, end) for end in ENDS), (ComparedRoutes, "promotion"), (ComparedRoutes, "abort")],
)
async def test_it_ends_with_its_canary(kind: type[Compared], end: str) -> None:
    world, _ = await compared(kind)
    ENDS[end](world)
    await wait(world, 15)
    await wait(world, 31)

    assert (world.baselines, world.status.baseline) == ({}, None)
    assert world.about_baseline == ["BaselineStarted", "BaselineEnded"]
    assert world.status.selector is not None
    assert "track" not in world.status.selector


async def test_it_ends_when_the_field_is_removed_and_the_canary_goes_on() -> None:
    world, old = await compared()
    canary = world.canary
    world.wants(2, analysis={"comparedWith": "Stable"}, replicas=4)
    await world.settle(world.rounds)
    assert (world.baselines, world.canary) == ({}, canary)
    assert world.own_pods == {old: 4, canary: 1}


async def test_an_invalid_edit_changes_nothing_of_it() -> None:
    world, old = await compared()
    writes = len(world.cluster.writes)
    world.wants(2, steps=[{"setWeight": 500}], replicas=4)
    await world.settle(world.rounds)
    assert world.baselines == {old: 1}
    assert {each.kind for each in world.cluster.writes[writes:]} <= {"InferenceModel", "Event"}


async def test_the_newest_canary_takes_over_the_baseline() -> None:
    world, old = await compared()
    first = world.canary
    world.wants(3, replicas=4)
    await world.settle(world.rounds)
    assert world.canary != first
    assert world.baselines == {old: 1}
    assert world.about_baseline == ["BaselineStarted"]


async def test_it_does_not_start_before_the_canary_answers() -> None:
    world = Compared()
    world.wants(1, replicas=4)
    await world.settle(world.rounds)
    old = world.stable
    world.answers = lambda revision: revision == old
    world.wants(2, replicas=4)
    await world.settle(world.rounds)
    assert (world.baselines, world.status.baseline) == ({}, None)


async def test_it_does_not_start_while_rollouts_are_frozen() -> None:
    world, old = await compared(verdict=Verdict.LOW_TRAFFIC, analysis={"comparedWith": "Stable"})
    freeze(world)
    world.wants(2, replicas=4)
    await world.settle(world.rounds)
    assert (world.baselines, world.about_baseline) == ({}, [])

    freeze(world, None)
    await world.settle(world.rounds)
    assert world.baselines == {old: 1}


async def test_it_stays_while_rollouts_are_frozen_or_paused() -> None:
    world, old = await compared(verdict=Verdict.LOW_TRAFFIC)
    for hold in (freeze, lambda of: of.says(Verb.PAUSE, of.canary)):
        hold(world)
        await wait(world, 700)
        assert world.baselines == {old: 1}


async def test_it_does_not_start_without_a_prometheus() -> None:
    world = Compared()
    world.has_prometheus = False
    world.start()
    world.wants(1, replicas=4)
    await world.settle(world.rounds)
    world.wants(2, replicas=4)
    await world.settle(world.rounds)
    assert (world.baselines, world.status.baseline) == ({}, None)


async def test_pods_that_do_not_answer_in_time_end_and_nothing_that_serves_does() -> None:
    world = Compared()
    world.baseline_answers = False
    world.wants(1, replicas=4)
    await world.settle(world.rounds)
    old = world.stable
    world.verdict = Verdict.LOW_TRAFFIC
    world.wants(2, replicas=4)
    await world.settle(world.rounds)
    canary = world.canary
    assert world.baselines == {old: 1}
    await wait(world, 599)
    assert world.baselines == {old: 1}
    await wait(world, 2)

    assert world.baselines == {}
    assert world.own_pods == {old: 4, canary: 1}
    assert world.about_baseline == ["BaselineStarted", "BaselineLate"]
    assert "BaselineLate" in world.event_reasons
    await wait(world, 3600)
    assert world.baselines == {}
    assert world.about_baseline == ["BaselineStarted", "BaselineLate"]


async def test_the_operator_looks_again_at_the_deadline() -> None:
    world = Compared()
    world.baseline_answers = False
    world.wants(1, replicas=4)
    await world.settle(world.rounds)
    world.verdict = Verdict.LOW_TRAFFIC
    world.wants(2, replicas=4)
    await world.settle(world.rounds)
    world.now += timedelta(seconds=590)
    assert await world.one_pass() == timedelta(seconds=10)


async def test_an_edited_or_deleted_one_is_repaired() -> None:
    world, old = await compared()
    name = f"{KEY.name}-{old}-baseline"
    world.cluster.edit("Deployment", name, {"spec": {"replicas": 3}})
    await world.settle(world.rounds)
    assert world.baselines == {old: 1}
    world.cluster.remove("Deployment", name)
    await world.settle(world.rounds)
    assert world.baselines == {old: 1}
    assert world.event_reasons.count("DriftRepaired") == 2


async def test_one_that_nobody_asked_for_is_deleted() -> None:
    world, old = await compared()
    left = baseline_of(world, old)
    assert left is not None
    world.says(Verb.ABORT, world.canary)
    await world.settle(world.rounds)
    meta = {key: left["metadata"][key] for key in ("name", "namespace", "labels")}
    owners = {"ownerReferences": left["metadata"]["ownerReferences"]}
    copied: dict[str, Any] = {**left, "metadata": {**meta, **owners}}
    world.cluster.apply_as("inference-operator", copied)
    await world.settle(world.rounds)
    assert world.baselines == {}


async def test_the_last_pods_that_answer_clients_stay() -> None:
    world, old = await compared(verdict=Verdict.LOW_TRAFFIC)
    world.answers = lambda revision: False
    # Its pods answer on, while no others do.
    world.cluster.edit("Deployment", f"{KEY.name}-{old}-baseline", {"status": {"readyReplicas": 1}})
    world.watch()
    world.run_deployments = lambda: None  # type: ignore[method-assign]
    own = f"{KEY.name}-{old}"
    world.cluster.edit("Deployment", own, {"status": {"readyReplicas": 0}})
    canary = f"{KEY.name}-{world.canary}"
    world.cluster.edit("Deployment", canary, {"status": {"readyReplicas": 0}})
    world.says(Verb.ABORT, world.canary)
    await world.settle(world.rounds)
    assert world.about_baseline[-1] == "BaselineEnded"
    assert world.baselines == {old: 1}

    world.cluster.edit("Deployment", own, {"status": {"readyReplicas": 4}})
    await world.settle(world.rounds)
    assert world.baselines == {}


async def test_a_record_that_is_gone_neither_ends_it_nor_keeps_it_for_ever() -> None:
    world, old = await compared(verdict=Verdict.LOW_TRAFFIC)
    world.cluster.remove("ControllerRevision", f"{KEY.name}-{old}")
    await world.settle(world.rounds)
    assert world.baselines == {old: 1}
    world.says(Verb.ABORT, world.canary)
    await world.settle(world.rounds)
    assert world.baselines == {}
    assert world.own_pods[old] == 4


async def test_a_lost_status_neither_ends_it_nor_names_another_stable_revision() -> None:
    world, old = await compared(verdict=Verdict.LOW_TRAFFIC)
    world.cluster.edit(KEY.kind, KEY.name, {"status": None})
    world.start()
    await world.settle(world.rounds)
    assert (world.stable, world.baselines) == (old, {old: 1})


async def test_a_new_process_of_the_operator_writes_nothing() -> None:
    world, _ = await compared(verdict=Verdict.LOW_TRAFFIC)
    writes = len(world.cluster.writes)
    world.start()
    await world.settle(world.rounds)
    assert len(world.cluster.writes) == writes


async def test_its_start_takes_few_writes_and_a_canary_without_one_none_more() -> None:
    written = []
    for analysis in (None, {"comparedWith": "Stable"}, COMPARED):
        world = Judged()
        for number in (1, 2):
            given = {} if analysis is None else {"analysis": {"metrics": [ERRORS], **analysis}}
            world.wants(number, STEPS, **given)
            await world.settle(world.rounds)
        written.append([f"{each.verb} {each.kind}" for each in world.cluster.writes])
    without, stable, baseline = written
    assert stable == without
    # Its status comes with that of the canary.
    assert Counter(baseline) - Counter(without) == {"apply Deployment": 1, "create Event": 1}
