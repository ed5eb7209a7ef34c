"""Models for sequences: no weight may divide the requests of one sequence between two revisions."""

from collections.abc import Iterable, Iterator

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import short
from inference_operator.api.rollout import Rollout
from model_builders.protobuf import ModelConfig


def split_sequences(rollout: Rollout, configs: Iterable[ModelConfig]) -> Iterator[Problem]:
    """Yield a problem for each weight between 1 and 99 percent if a model keeps the state of
    sequences: a Service and a gateway choose a pod for each connection or request."""
    steps = rollout.canary.steps if rollout.canary else ()
    models = [config.name for config in configs if config.HasField("sequence_batching")]
    for index, step in enumerate(steps):
        if models and step.set_weight is not None and step.set_weight < 100:
            yield Problem(
                f"spec.rollout.canary.steps[{index}].setWeight",
                f"{step.set_weight}, and sequence_batching in model {short(models[0])}",
                "100: the requests of one sequence must reach one pod",
                "use only setCanaryScale, pause and setWeight 100 in the steps",
            )
