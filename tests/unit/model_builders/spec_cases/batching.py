"""Specs that keep the order of requests, and specs that should keep it and cannot."""

from inference_operator.api.inference_model import InferenceModelSpec
from tests.unit.model_builders.specs import spec

DELAY = {"timeoutAction": "Delay", "defaultTimeout": "1s"}

SOUND: dict[str, InferenceModelSpec] = {
    "an ordered queue of one priority": spec(
        triton={
            "dynamicBatching": {
                "preserveOrdering": True,
                "priorities": {"levels": 1, "default": 1},
                "queuePolicy": {"timeoutAction": "Delay"},
            }
        }
    ),
}

BAD: dict[str, tuple[InferenceModelSpec, str]] = {
    "priorities in order": (
        spec(
            triton={
                "dynamicBatching": {
                    "preserveOrdering": True,
                    "priorities": {"levels": 2, "default": 1},
                }
            }
        ),
        "spec.triton.dynamicBatching.priorities.levels: found 2 with preserveOrdering, expected"
        " 1: priorities let requests overtake; remove"
        " triton.dynamicBatching.preserveOrdering, or this",
    ),
    "delays in order": (
        spec(triton={"dynamicBatching": {"preserveOrdering": True, "queuePolicy": DELAY}}),
        "spec.triton.dynamicBatching.queuePolicy.timeoutAction: found Delay with"
        " preserveOrdering, expected Reject: a delayed request is overtaken; remove"
        " triton.dynamicBatching.preserveOrdering, or this",
    ),
    "a priority's delays in order": (
        spec(
            triton={
                "dynamicBatching": {
                    "preserveOrdering": True,
                    "priorities": {
                        "levels": 1,
                        "default": 1,
                        "policies": [{"level": 1, **DELAY}],
                    },
                }
            }
        ),
        "spec.triton.dynamicBatching.priorities.policies[0].timeoutAction: found Delay with"
        " preserveOrdering, expected Reject: a delayed request is overtaken; remove"
        " triton.dynamicBatching.preserveOrdering, or this",
    ),
}
