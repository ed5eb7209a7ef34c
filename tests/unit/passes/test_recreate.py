"""Rollouts without room for two revisions: the old one ends before the new one starts."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.fakes.bodies import KEY, pod, revision_of, source
from tests.fakes.harness import OperatorHarness


class OneGpu(OperatorHarness):
    """An operator and a model with `rollout.recreate`; its pods end only when told."""

    ending = False
    """Whether pods beyond the wanted number stay for now, as they do while they drain."""

    def wants(self, number: int, on_failure: str = "RestorePrevious") -> None:
        rollout = {"recreate": {"onFailure": on_failure}, "progressDeadline": "5m"}
        self.user_applies(model=source(number), rollout=rollout)

    @property
    def pods(self) -> Mapping[str, int]:
        return Counter(revision_of(each) for each in self.cluster.all("Pod"))

    def run_deployments(self) -> None:
        """Let each Deployment have its pods."""
        for revision, replicas in self.deployments.items():
            is_ready = self.answers(revision)
            if replicas and not self.pods[revision]:
                body = pod(revision, name=f"{KEY.name}-{revision}-x", ready=is_ready)
                self.cluster.apply_as("kubelet", body, force=True)
        for revision in set(self.pods):
            if not self.deployments.get(revision) and not self.ending:
                self.cluster.remove("Pod", f"{KEY.name}-{revision}-x")
        super().run_deployments()


async def replaced(on_failure: str = "RestorePrevious") -> tuple[OneGpu, str]:
    """Serve a revision, and apply another artifact while the old pod drains; return the first."""
    world = OneGpu()
    world.wants(1, on_failure)
    await world.settle()
    old = world.served
    assert old is not None
    world.ending = True
    world.answers = lambda revision: revision == old
    world.wants(2, on_failure)
    await world.settle()
    return world, old


async def test_the_new_revision_gets_pods_only_once_the_old_one_has_none() -> None:
    world, old = await replaced()
    assert world.status.canary is not None
    new = world.status.canary.revision
    assert world.deployments == {old: 0, new: 0}
    assert world.pods == {old: 1}

    world.ending = False
    await world.settle()
    assert world.deployments == {old: 0, new: 1}
    assert world.pods == {new: 1}


async def test_a_promotion_says_how_long_nobody_was_served() -> None:
    world, old = await replaced()
    world.ending = False
    await world.later(timedelta(seconds=10))
    world.answers = lambda revision: True
    world.now += timedelta(seconds=32)
    world.run_deployments()
    await world.settle()

    assert world.ready[:2] == ("True", "Ready")
    assert world.served != old
    assert world.status.decisions[-1].reason == "Promoted"
    assert world.status.decisions[-1].message.endswith("; nobody was served for 42 s")
    assert "DriftRepaired" not in world.event_reasons


async def test_the_old_revision_returns_at_the_deadline() -> None:
    world, old = await replaced()
    world.ending = False
    await world.settle()
    await world.later(timedelta(minutes=5))

    assert world.deployments == {old: 1}
    assert world.ready[:2] == ("False", "RolloutAborted")
    assert "nobody was served for 300 s" in world.ready[2]
    assert world.status.phase == "Degraded"

    world.start()
    await world.later(timedelta(hours=1))
    assert world.deployments == {old: 1}, "it is not tried again by itself"


async def test_a_new_revision_may_be_kept_and_tried_on() -> None:
    world, old = await replaced("Keep")
    world.ending = False
    await world.settle()
    await world.later(timedelta(minutes=5))
    assert world.ready[:2] == ("False", "ProgressDeadlineExceeded")
    assert world.deployments[old] == 0

    world.answers = lambda revision: True
    world.run_deployments()
    await world.settle()
    assert world.ready[:2] == ("True", "Ready")


def ending(world: OneGpu, name: str, since: str) -> None:
    """Ask for the end of a pod that does not end; its time to end is one minute."""
    ends = since.replace(":00:00Z", ":01:00Z")
    meta = {"deletionTimestamp": ends, "deletionGracePeriodSeconds": 60}
    world.cluster.edit("Pod", name, {"metadata": meta})


@pytest.mark.parametrize("on_failure", ["RestorePrevious", "Keep"])
async def test_pods_that_do_not_end_are_named_with_the_time(on_failure: str) -> None:
    world, old = await replaced(on_failure)
    assert world.ready[2].endswith(f"have ended; pod {KEY.name}-{old}-x still runs")

    ending(world, f"{KEY.name}-{old}-x", "2031-05-06T12:00:00Z")
    await world.settle()
    stuck = f"pod {KEY.name}-{old}-x has been ending since 2031-05-06T12:00:00Z"
    assert world.ready[1] == "Progressing"
    assert world.ready[2].endswith(f"once all pods of revision {old} have ended; {stuck}")

    await world.later(timedelta(minutes=5))
    assert stuck in world.ready[2]
    message = world.ready[2]
    await world.later(timedelta(seconds=1))
    assert world.ready[2] == message, "each change would be a write"


async def test_three_pods_that_do_not_end_are_named_the_longest_ending_first() -> None:
    world, old = await replaced()
    for number in range(1, 5):
        name = f"{KEY.name}-{old}-{number}"
        world.cluster.apply_as("kubelet", pod(old, name=name), force=True)
        ending(world, name, f"2031-05-06T{15 - number}:00:00Z")
    await world.settle()

    assert world.ready[2].endswith(
        f"; pod {KEY.name}-{old}-4 has been ending since 2031-05-06T11:00:00Z"
        f"; pod {KEY.name}-{old}-3 has been ending since 2031-05-06T12:00:00Z"
        f"; pod {KEY.name}-{old}-2 has been ending since 2031-05-06T13:00:00Z; and 2 others"
    )
