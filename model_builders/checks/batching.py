"""Checks of `spec.triton.dynamicBatching` (ValidateModelConfig in core's model_config_utils.cc)."""

from collections.abc import Iterator

from inference_operator.api.batching import DynamicBatching, QueuePolicy, TimeoutAction
from inference_operator.api.ensemble_pipeline import Step
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem

BATCHING = "spec.triton.dynamicBatching"


def ordering(spec: InferenceModelSpec | Step) -> Iterator[Problem]:
    """Refuse preserveOrdering with settings that let requests overtake each other."""
    batching = spec.triton.dynamic_batching
    if batching is None or not batching.preserve_ordering:
        return
    remedy = "remove triton.dynamicBatching.preserveOrdering, or this"
    levels = batching.priorities.levels if batching.priorities else 0
    if levels > 1:
        yield Problem(
            f"{BATCHING}.priorities.levels",
            f"{levels} with preserveOrdering",
            "1: priorities let requests overtake",
            remedy,
        )
    for path, policy in _policies(batching):
        if policy.timeout_action is TimeoutAction.DELAY and policy.default_timeout:
            yield Problem(
                f"{path}.timeoutAction",
                "Delay with preserveOrdering",
                "Reject: a delayed request is overtaken",
                remedy,
            )


def _policies(batching: DynamicBatching) -> Iterator[tuple[str, QueuePolicy]]:
    if batching.queue_policy is not None:
        yield f"{BATCHING}.queuePolicy", batching.queue_policy
    for index, policy in enumerate(batching.priorities.policies if batching.priorities else ()):
        yield f"{BATCHING}.priorities.policies[{index}]", policy
