"""Writers of warm-up, version policy and metrics of `spec.triton` into a written config."""

from collections.abc import Iterable
from typing import Any

from inference_operator.api.triton import Metrics, VersionPolicy, Warmup, WarmupData, WarmupInput
from model_builders.names import config_type
from model_builders.set_fields import copy_field

LATENCY_FAMILY = "nv_inference_first_response_histogram_ms"
HISTOGRAMS = "histogram_latencies=true"
"""The setting with which Triton measures them."""


def add_warmup(config: Any, samples: Iterable[Warmup]) -> None:
    for sample in samples:
        message = config.model_warmup.add(name=sample.name)
        copy_field(message, "batch_size", sample, "batch_size")
        copy_field(message, "count", sample, "count")
        for tensor in sample.inputs:
            _write_warmup_input(message.inputs[tensor.name], tensor)


def _write_warmup_input(message: Any, tensor: WarmupInput) -> None:
    message.data_type = config_type(tensor.data_type)
    message.dims.extend(tensor.shape)
    if tensor.data is WarmupData.RANDOM:
        message.random_data = True
    else:
        message.zero_data = True


def write_version_policy(message: Any, policy: VersionPolicy) -> None:
    if policy.latest is not None:
        message.latest.num_versions = policy.latest.num_versions
    elif policy.all is not None:
        message.all.SetInParent()
    elif policy.specific is not None:
        message.specific.versions.extend(policy.specific.versions)


def measures_latency(configs: Iterable[Any]) -> bool:
    """Return whether a model has histograms, which Triton only fills with `HISTOGRAMS`."""
    return any(config.HasField("model_metrics") for config in configs)


def write_metrics(message: Any, metrics: Metrics) -> None:
    control = message.metric_control.add()
    control.metric_identifier.family = LATENCY_FAMILY
    control.histogram_options.buckets.extend(metrics.latency_buckets)
