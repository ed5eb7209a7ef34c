"""Questions of passes about numbers of pods: what they read, and what they do not believe."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.autoscaling_status import AutoscalingStatus
from inference_operator.api.conditions import Condition, ConditionStatus
from inference_operator.api.rollout_status import RolloutStatus
from inference_operator.api.status import InferenceModelStatus, RevisionStatus
from inference_operator.domain.observed import Observed, Pod
from inference_operator.domain.scaling import CanaryState
from inference_operator.planning.scaling.asking import question_of
from tests.fakes.bodies import spec
from tests.unit.planning.seen import NOON, observed, record

RULES = {"minReplicas": 1, "maxReplicas": 9, "metrics": [{"type": "QueueTime", "target": "5ms"}]}
STEPS = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}
DIVIDED = {"canary": {**STEPS["canary"], "dynamicStableScale": "WhenWeighted"}}


def status(canary: str | None = None, **changes: Any) -> InferenceModelStatus:
    made = InferenceModelStatus(
        stable=RevisionStatus(revision="aaa", replicas=4, ready=4),
        canary=RevisionStatus(revision=canary, replicas=2, ready=2) if canary else None,
    )
    return made.model_copy(update=changes)


def seen(
    given: InferenceModelStatus | None = None,
    ready: dict[str, tuple[int, int]] | None = None,
    pods: tuple[Pod, ...] = (),
    **changes: Any,
) -> Observed:
    return observed(
        body=spec(autoscaling=RULES, **changes),
        status=given or status(),
        records=(record("aaa"), record("bbb", 2)),
        ready={"aaa": (4, 4)} if ready is None else ready,
        pods=pods,
    )


def condition(kind: str, is_true: bool, reason: str) -> tuple[Condition, ...]:
    made = Condition(
        type=kind,
        status=ConditionStatus.TRUE if is_true else ConditionStatus.FALSE,
        observed_generation=1,
        last_transition_time=NOON,
        reason=reason,
        message="",
    )
    return (made,)


def ready_pod(name: str, seconds: int) -> Pod:
    since = NOON + timedelta(seconds=seconds)
    return Pod(name, "aaa", ready=True, created=NOON, ready_since=since)


def test_the_size_is_that_of_the_live_deployment() -> None:
    edited = status(autoscaling=AutoscalingStatus(desired_replicas=1))
    question = question_of(seen(edited))

    assert question is not None
    assert (question.size, [track.revision for track in question.tracks]) == (4, ["aaa"])


def test_before_a_revision_is_stable_the_first_one_tells() -> None:
    first = InferenceModelStatus(canary=RevisionStatus(revision="bbb", replicas=3, ready=0))
    question = question_of(seen(first, {"bbb": (0, 3)}))

    assert question is not None
    assert question.size == 3


def test_a_lost_status_leaves_the_largest_deployment() -> None:
    question = question_of(seen(InferenceModelStatus(), {"aaa": (4, 4), "bbb": (1, 2)}))

    assert question is not None
    assert question.size == 4


@pytest.mark.parametrize(("live", "size"), [(1, 4), (6, 6)], ids=str)
def test_a_deployment_that_was_edited_has_what_the_status_says_throughout(
    live: int, size: int
) -> None:
    reported_status = status(autoscaling=AutoscalingStatus(desired_replicas=4))
    question = question_of(seen(reported_status, {"aaa": (1, live)}))

    assert question is not None
    assert question.size == size


def test_a_lost_status_leaves_the_pods_of_both_that_divide_them() -> None:
    both = {"aaa": (2, 2), "bbb": (2, 2)}
    question = question_of(seen(InferenceModelStatus(), both, rollout=DIVIDED))

    assert question is not None
    assert question.size == 4


@pytest.mark.parametrize(("reported", "size"), [(4, 4), (99, 2)], ids=str)
def test_the_reported_number_counts_after_an_edit_that_ends_the_division(
    reported: int, size: int
) -> None:
    reported_status = status("bbb", autoscaling=AutoscalingStatus(desired_replicas=reported))
    question = question_of(seen(reported_status, {"aaa": (2, 2), "bbb": (2, 2)}, rollout=STEPS))

    assert question is not None
    assert question.size == size


@pytest.mark.parametrize(("reported", "size"), [(None, 0), (5, 5), (10**9, 1000)], ids=str)
def test_between_two_revisions_the_reported_number_counts(reported: int | None, size: int) -> None:
    given = status("bbb", autoscaling=AutoscalingStatus(desired_replicas=reported))
    question = question_of(seen(given, {"aaa": (0, 0)}))

    assert question is not None
    assert question.size == size


@pytest.mark.parametrize(
    ("reported", "size"), [(None, 2), (1, 2), (3, 3), (4, 4), (99, 4)], ids=str
)
def test_of_two_that_divide_the_pods_the_reported_number_counts_within_both(
    reported: int | None, size: int
) -> None:
    given = status("bbb", autoscaling=AutoscalingStatus(desired_replicas=reported))
    question = question_of(seen(given, {"aaa": (2, 2), "bbb": (2, 2)}, rollout=DIVIDED))

    assert question is not None
    assert (question.size, question.is_divided) == (size, True)


@pytest.mark.parametrize(
    ("given", "rollout", "state"),
    [
        (status(), STEPS, CanaryState.NONE),
        (status("bbb"), {}, CanaryState.NONE),
        (status("bbb"), STEPS, CanaryState.RUNNING),
    ],
    ids=["no canary", "without steps", "in a step"],
)
def test_what_a_canary_allows(
    given: InferenceModelStatus, rollout: dict[str, Any], state: CanaryState
) -> None:
    if rollout:
        rolling = RolloutStatus(current_step_index=0, current_step_hash="6f1c")
        given = given.model_copy(update={"rollout": rolling})
    question = question_of(seen(given, rollout=rollout))

    assert question is not None
    assert question.surroundings.canary is state


def test_a_canary_that_waits_for_a_person_says_so() -> None:
    rolling = RolloutStatus(current_step_index=1, current_step_hash="6f1c")
    waiting = condition("Reconciling", True, "Paused")
    question = question_of(seen(status("bbb", rollout=rolling, conditions=waiting), rollout=STEPS))

    assert question is not None
    assert question.surroundings.canary is CanaryState.WAITING


def test_the_load_time_is_the_median_of_the_pods() -> None:
    pods = (ready_pod("a", 8), ready_pod("b", 9), ready_pod("c", 590))
    question = question_of(seen(pods=pods))

    assert question is not None
    assert question.surroundings.load_time == 9.0


@pytest.mark.parametrize(
    ("text", "seconds"), [("12s", 12.0), ("900h", 600.0), ("soon", None), (None, None)]
)
def test_without_pods_the_status_tells_the_load_time_within_reason(
    text: str | None, seconds: float | None
) -> None:
    question = question_of(seen(status(autoscaling=AutoscalingStatus(load_time=text))))

    assert question is not None
    assert question.surroundings.load_time == seconds


def test_nothing_is_asked_while_the_spec_is_invalid() -> None:
    invalid = status(conditions=condition("SpecValid", False, "InvalidSpec"))
    forbidden = status(conditions=condition("SpecValid", False, "NotAllowed"))

    assert question_of(seen(invalid)) is None
    assert question_of(seen(forbidden)) is not None
    assert question_of(replace(seen(), deleting=True)) is None
    assert question_of(observed()) is None


def test_the_largest_batch_is_that_of_the_recorded_configuration() -> None:
    text = 'name: "fx"\nmax_batch_size: 16\n'
    data = {"plan.json": "{}", "fx.config.pbtxt": text, "other.config.pbtxt": "max_batch_size: 4\n"}
    revision = record("aaa", children=({"kind": "ConfigMap", "data": data},))
    metrics = [{"type": "BatchSize", "target": "80%"}]
    body = spec(autoscaling={**RULES, "metrics": metrics})
    given = observed(body=body, status=status(), records=(revision,), ready={"aaa": (4, 4)})
    question = question_of(given)

    assert question is not None
    assert question.max_batch_size == 16
