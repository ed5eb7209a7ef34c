"""Part of a manifest that a simulation plays: its autoscaling, and how its model makes batches."""

from dataclasses import dataclass
from typing import Any

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_metric import ScalingMetricType
from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.cli.documents import InputError
from inference_operator.cli.scaling_simulation.readings import VALUES
from inference_operator.domain.names import UnitKey

MOST_PODS = 100
"""A simulation follows each pod for each second."""

# As `simulate rollout` takes it for models of a registry, whose largest batch is not known here.
_REGISTRY_BATCH = 128


@dataclass(frozen=True, slots=True)
class Played:
    """The unit that is played."""

    unit: UnitKey
    settings: Autoscaling
    max_batch: int
    """The largest batch; 1 without batches."""

    delay: float
    """Longest time that a request waits for others, in seconds."""

    instances: int
    bounds: tuple[int, ...]
    """Boundaries of Triton's histogram in ms."""


def played_of(unit: UnitKey, spec: dict[str, Any]) -> Played:
    """Return what a valid spec says.

    Raises:
        InputError: if the spec has no autoscaling, or one that a simulation cannot play.
    """
    if unit.kind == "EnsemblePipeline":
        pipeline = EnsemblePipelineSpec.model_validate(spec)
        largest = max(pipeline.max_batch_size, 1)
        return Played(unit, _settings(unit, pipeline.autoscaling), largest, 0.0, 1, ())
    model = InferenceModelSpec.model_validate(spec)
    settings = _settings(unit, model.autoscaling)
    is_known = model.model.has("max_batch_size") or not model.model.source.from_registry
    largest = model.model.max_batch_size if is_known else _REGISTRY_BATCH
    triton = model.triton
    batching, metrics = triton.dynamic_batching, triton.metrics
    delay = batching.max_queue_delay if batching is not None else None
    return Played(
        unit,
        settings,
        # Triton gathers requests only where that is asked for.
        max(largest, 1) if batching is not None else 1,
        delay.total_seconds() if delay is not None else 0.0,
        max(sum(group.count for group in triton.instance_groups), 1),
        tuple(metrics.latency_buckets or ()) if metrics is not None else (),
    )


def _settings(unit: UnitKey, settings: Autoscaling | None) -> Autoscaling:
    if settings is None:
        raise InputError(
            f"{unit}: spec.autoscaling: found nothing, expected maxReplicas and metrics; add them"
        )
    if settings.max_replicas > MOST_PODS:
        raise InputError(
            f"{unit}: spec.autoscaling.maxReplicas: found {settings.max_replicas}, expected at most"
            f" {MOST_PODS} in a simulation; lower it in a copy of the manifest"
        )
    for place, metric in enumerate(settings.metrics):
        if metric.type not in VALUES:
            playable = ", ".join(each for each in ScalingMetricType if each in VALUES)
            raise InputError(
                f"{unit}: spec.autoscaling.metrics[{place}].type: found {metric.type}, expected one"
                f" of {playable}, which a simulation has; remove it in a copy of the manifest"
            )
    return settings
