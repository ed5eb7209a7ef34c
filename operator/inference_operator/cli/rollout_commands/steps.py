"""Steps of a rollout: where it stands, and what a step waits for."""

from collections.abc import Sequence

from inference_operator.api.canary import CanaryStep
from inference_operator.planning.rollout.steps import describe


def position(steps: Sequence[CanaryStep], index: int) -> str:
    """Return where a rollout stands, the first step being 0.

    >>> position([CanaryStep.model_validate({"setWeight": 10})], 0)
    'step 1 of 1 (setWeight 10)'
    """
    return f"step {index + 1} of {len(steps)} ({describe(steps[index])})"


def ends_by_itself(step: CanaryStep) -> bool:
    """Return whether the step ends as soon as pods answer, and not before."""
    return step.pause is None and step.analysis is None
