"""The present operator takes over what the operator of an earlier commit serves."""

import re
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from inference_operator.planning.status.conditions.stalled import PATIENCE
from tests.e2e.caller import Caller
from tests.e2e.harness import ClusterHarness
from tests.e2e.operator_of_before import operator_of_before, without_operator
from tests.e2e.snapshot import Snapshot
from tests.e2e.upgraded import Units, labelled_node, new_revision, pod_uids, waiting_pod
from tests.e2e.waiting import eventually

# Without `alone`, the operator of before would serve other tests' units too.
pytestmark = [pytest.mark.e2e, pytest.mark.alone]
# These writes restart no pod. A Service or a budget that is deleted changes the snapshot.
HARMLESS = re.compile(
    r"patch /apis/inference\.aipx\.io/\S+/status\?\S+"
    r"|patch /apis/policy/v1/\S+/poddisruptionbudgets/\S+"
    r"|patch /api/v1/\S+/services/\S+"
)
PASSES = re.compile(r"inference_operator_passes_total\{.*\} (\S+)")
QUIET_SECONDS = 3.0
TRIPLE = [3.0, 6.0, 9.0, 12.0]


def test_an_upgrade_restarts_no_pod_and_rollouts_go_on(
    harness: ClusterHarness, namespace: str, tmp_path: Path
) -> None:
    units = Units.of(harness, namespace)
    with ExitStack() as calls:
        with without_operator(harness), operator_of_before(harness, tmp_path) as process:
            units.apply()
            callers = [calls.enter_context(unit.called_throughout()) for unit in units.every]
            await_quiet(harness, namespace)
            assert units.are_served_by_the_operator_of_before(), process.log
            # Pods that wait for a node for so long make their unit Stalled, in the first write.
            time.sleep(PATIENCE.total_seconds())
            before = Snapshot.of(units.every)
            assert len(before.pods) == 9, "3 for what is steady, 2 for each rollout"
            process.stop()
            since = harness.audit_position()
        await_takeover(harness, len(units.every))
        await_quiet(harness, namespace)
        writes = writes_to(harness, namespace, since)
        assert [write for write in writes if not HARMLESS.fullmatch(write)] == []
        assert len(set(writes)) == len(writes), "one write of each object is enough"
        assert Snapshot.of(units.every) == before
        phases = [unit.status()["phase"] for unit in units.every]
        assert phases == ["Paused", "Degraded", "Degraded", "Ready", "Ready"]
        go_on(units)
    for unit, caller in zip(units.every, callers, strict=True):
        check_answers(caller, versions=2 if unit is units.promoted else 1)


def writes_to(harness: ClusterHarness, namespace: str, since: int) -> list[str]:
    return [write for write in harness.writes_of_operator(since) if f"/{namespace}/" in write]


def await_takeover(harness: ClusterHarness, units: int) -> None:
    """Wait until the cluster's operator has had as many passes as there are units."""
    eventually(
        lambda: sum(map(float, PASSES.findall(harness.metrics()))) >= units,
        that="a pass over each unit",
    )


def await_quiet(harness: ClusterHarness, namespace: str) -> None:
    """Wait until the operator has written nothing to a namespace for some seconds."""
    since = harness.audit_position()
    writes, begun = list[str](), time.monotonic()

    def is_quiet() -> bool:
        nonlocal writes, begun
        latest = writes_to(harness, namespace, since)
        if latest != writes:
            writes, begun = latest, time.monotonic()
        return time.monotonic() - begun > QUIET_SECONDS

    eventually(is_quiet, that=lambda: f"no more writes than {writes}")


def go_on(units: Units) -> None:
    """Take one revision back, give the other one its node, and end the pause."""
    cancelled, promoted, paused = units.cancelled, units.promoted, units.paused
    given_up, kept = new_revision(cancelled), cancelled.stable()
    expected, pod, left = new_revision(promoted), waiting_pod(promoted), paused.stable()
    units.go_back(cancelled)
    paused.apply(**{"spec.rollout.paused": False})
    with labelled_node(units.harness.kubectl, promoted.namespace):
        for model in (cancelled, promoted, paused):
            model.wait_ready()
        promoted.wait_answer(TRIPLE)
        assert promoted.stable() == expected
        assert pod in pod_uids(promoted), "the pod that waited during the upgrade serves"
    eventually(lambda: cancelled.has_no_pod_of(given_up), that="the cancelled pod is gone")
    assert (cancelled.stable(), new_revision(cancelled)) == (kept, "")
    assert paused.status()["rollout"]["previous"] == left


def check_answers(caller: Caller, versions: int) -> None:
    """Check that every request had an answer, and that no other version answered."""
    assert caller.failures == []
    assert min(caller.answered[kind] for kind in ("new HTTP", "kept HTTP", "kept gRPC")) > 50
    assert len({tuple(answer) for answer in caller.answers}) == versions
