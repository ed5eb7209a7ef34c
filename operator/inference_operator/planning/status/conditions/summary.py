"""All conditions of a unit, with the times of their transitions."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from inference_operator.api.conditions import (
    MESSAGE_LENGTH,
    Condition,
    ConditionStatus,
)
from inference_operator.domain.message_limits import truncate
from inference_operator.planning.status.conditions.analysed import analysis_conditions
from inference_operator.planning.status.conditions.artifact_resolved import artifact_condition
from inference_operator.planning.status.conditions.available import available_condition
from inference_operator.planning.status.conditions.defaults_current import (
    defaults_current_condition,
)
from inference_operator.planning.status.conditions.gateway_programmed import gateway_condition
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs
from inference_operator.planning.status.conditions.model_loaded import model_loaded_condition
from inference_operator.planning.status.conditions.reconciling import reconciling_condition
from inference_operator.planning.status.conditions.resolved_refs import references_condition
from inference_operator.planning.status.conditions.scaled import scaling_conditions
from inference_operator.planning.status.conditions.spec_valid import spec_valid_condition
from inference_operator.planning.status.conditions.stalled import stalled_condition


def condition_drafts(inputs: ConditionInputs, ready: ConditionDraft) -> Iterator[ConditionDraft]:
    """Yield all conditions that apply."""
    yield spec_valid_condition(inputs)
    yield from references_condition(inputs)
    yield from artifact_condition(inputs)
    yield from model_loaded_condition(inputs)
    yield from available_condition(inputs)
    yield from gateway_condition(inputs)
    yield from analysis_conditions(inputs)
    yield from scaling_conditions(inputs)
    yield from defaults_current_condition(inputs)
    yield ready
    if working := stalled_condition(inputs, ready) or reconciling_condition(ready):
        yield working


def conditions(
    drafts: Sequence[ConditionDraft], before: Sequence[Condition], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return drafts as conditions; the transition time changes only with the status."""
    old = {condition.type: condition for condition in before}
    return tuple(_condition(draft, old, generation, now) for draft in drafts)


_STATUS = {True: ConditionStatus.TRUE, False: ConditionStatus.FALSE, None: ConditionStatus.UNKNOWN}


def _condition(
    draft: ConditionDraft, old: dict[str, Condition], generation: int, now: datetime
) -> Condition:
    status = _STATUS[draft.holds]
    previous = old.get(draft.type)
    unchanged = previous is not None and previous.status == status
    return Condition(
        type=draft.type,
        status=status,
        observed_generation=generation,
        # Only an edited status has a time in the future.
        last_transition_time=min(previous.last_transition_time, now)
        if previous and unchanged
        else now,
        reason=draft.reason,
        message=truncate(draft.message, MESSAGE_LENGTH),
    )
