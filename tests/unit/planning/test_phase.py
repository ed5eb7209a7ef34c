"""The phase: one word that sums up the conditions of a unit."""

import pytest

from inference_operator.api.conditions import Condition, ConditionStatus
from inference_operator.planning.status.unit_status import phase
from tests.unit.planning.seen import NOON


def holds(kind: str, reason: str = "X") -> Condition:
    return Condition(
        type=kind,
        status=ConditionStatus.TRUE,
        observed_generation=1,
        last_transition_time=NOON,
        reason=reason,
        message="",
    )


@pytest.mark.parametrize(
    ("conditions", "replicas", "word"),
    [
        ((holds("Ready"),), 2, "Ready"),
        ((holds("Ready"),), 0, "ScaledToZero"),
        ((holds("Reconciling", "Progressing"), holds("Available")), 2, "Progressing"),
        ((holds("Reconciling", "CrashLoop"), holds("Available")), 2, "Progressing"),
        ((holds("Stalled"), holds("Available")), 2, "Degraded"),
        ((holds("Stalled"),), 2, "Failed"),
        ((holds("Reconciling", "Paused"), holds("Available")), 2, "Paused"),
    ],
)
def test_the_phase_is_one_word(conditions: tuple[Condition, ...], replicas: int, word: str) -> None:
    assert phase(conditions, replicas, promoted=False) == word


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        ((holds("Reconciling", "Scaling"), holds("Available")), "Progressing"),
        ((holds("Reconciling", "CrashLoop"), holds("Available")), "Degraded"),
        ((holds("Reconciling", "OutOfMemory"),), "Failed"),
    ],
)
def test_trouble_of_the_revision_that_serves_is_no_progress(
    conditions: tuple[Condition, ...], word: str
) -> None:
    assert phase(conditions, 2, promoted=True) == word
