"""No sentence is longer than the API server takes: a status that holds one is refused whole."""

from inference_operator.api.conditions import Condition, ConditionStatus, ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.api.status import UnitStatus
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.rollout_state import Decision
from inference_operator.planning.status.unit_status import report
from inference_operator.planning.transition import Hold
from inference_operator.validation.accelerator import AcceleratorChoice
from tests.unit.planning.decided import plan_of
from tests.unit.planning.seen import NOON, observed

LONG = "a word " * 10_000


def reported(**parts: object) -> UnitStatus:
    plan = plan_of(**parts)
    return report(observed(), plan, (), NOON)


def test_what_fits_stays_as_it_is() -> None:
    assert truncate("abc", 3) == "abc"


def test_what_does_not_fit_is_cut_and_says_so() -> None:
    assert truncate("abcd", 3) == "ab…"


def test_a_long_decision_is_recorded_as_far_as_it_fits() -> None:
    (decision,) = reported(decisions=(Decision(Reason.PROMOTED, LONG),)).decisions

    assert len(decision.message) == 4096
    assert decision.message.endswith("…")


def test_a_long_condition_is_told_as_far_as_it_fits() -> None:
    status = reported(hold=Hold(Reason.PAUSED, LONG))
    ready = status.condition(ConditionType.READY)

    assert isinstance(ready, Condition)
    assert (ready.status, len(ready.message)) == (ConditionStatus.FALSE, 32768)


def test_a_long_reason_for_the_cpu_is_told_as_far_as_it_fits() -> None:
    status = reported(accelerator=AcceleratorChoice(Mode.CPU, LONG))

    assert status.accelerator is not None
    assert len(status.accelerator.message or "") == 1024
