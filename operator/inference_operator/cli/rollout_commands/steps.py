"""Steps of a rollout, in words, and the weight that they ask for."""

from collections.abc import Sequence

from inference_operator.api.base import format_duration
from inference_operator.api.canary import CanaryScale, CanaryStep
from inference_operator.api.quoting import counted


def describe(step: CanaryStep) -> str:
    """Return the step in a few words.

    >>> describe(CanaryStep.model_validate({"setWeight": 10}))
    'setWeight 10'
    >>> describe(CanaryStep.model_validate({"pause": {"duration": "5m"}}))
    'pause 5m'
    """
    if step.set_weight is not None:
        return f"setWeight {step.set_weight}"
    if step.pause is not None:
        duration = step.pause.duration
        return f"pause {format_duration(duration)}" if duration else "pause"
    if step.set_canary_scale is not None:
        return f"setCanaryScale {_scale(step.set_canary_scale)}"
    return "analysis"


def _scale(scale: CanaryScale) -> str:
    if scale.replicas is not None:
        return counted(scale.replicas, "replica")
    if scale.weight is not None:
        return f"{scale.weight} %"
    return "as the weight"


def position(steps: Sequence[CanaryStep], index: int) -> str:
    """Return where a rollout stands, the first step being 0.

    >>> position([CanaryStep.model_validate({"setWeight": 10})], 0)
    'step 1 of 1 (setWeight 10)'
    """
    return f"step {index + 1} of {len(steps)} ({describe(steps[index])})"


def waits_for_person(step: CanaryStep) -> bool:
    """Return whether the step ends only when somebody promotes the revision."""
    return step.analysis is not None or (step.pause is not None and step.pause.duration is None)


def ends_by_itself(step: CanaryStep) -> bool:
    """Return whether the step ends as soon as pods answer, and not before."""
    return step.pause is None and step.analysis is None


def weight_at(steps: Sequence[CanaryStep], index: int | None) -> int:
    """Return the percentage that the canary shall get at a step; 100 after the last one, and
    without steps 0 until the promotion.

    >>> steps = [CanaryStep.model_validate(s) for s in ({"setWeight": 10}, {"pause": {}})]
    >>> weight_at(steps, 0), weight_at(steps, 1), weight_at(steps, 2), weight_at(steps, None)
    (10, 10, 100, 0)
    """
    if index is None or not steps:
        return 0
    if index >= len(steps):
        return 100
    weights = [step.set_weight for step in steps[: index + 1] if step.set_weight is not None]
    return weights[-1] if weights else 0
