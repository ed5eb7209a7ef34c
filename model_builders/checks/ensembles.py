"""Checks of an ensemble's config after `configOverrides` were merged."""

from collections.abc import Iterator, Sequence
from typing import Any

from inference_operator.api.problem import Problem
from model_builders.overrides import OVERRIDES

# The fields of an ensemble that Triton reads. It does not load one with instance_group,
# optimization, model_warmup or a backend (ValidateEnsembleSchedulingConfig and
# ValidateModelConfig in core's model_config_utils.cc).
_FIELDS = frozenset(
    {
        "name",
        "platform",
        "max_batch_size",
        "input",
        "output",
        "ensemble_scheduling",
        "version_policy",
        "response_cache",
        "parameters",
        "metric_tags",
        "model_metrics",
        "model_transaction_policy",
        "model_repository_agents",
    }
)
UNREAD = (
    "runtime",
    "batch_input",
    "batch_output",
    "default_model_filename",
    "cc_model_filenames",
    "model_operations",
)
"""Fields of an ensemble that Triton ignores."""
# The first two are TensorRT's; the last is a file, and an ensemble has none.
_TENSOR_FIELDS = ("is_shape_tensor", "is_non_linear_format_io", "label_filename")


def fields(config: Any) -> Iterator[Problem]:
    """Yield a problem for each field that belongs to the models of the steps."""
    for descriptor, _ in config.ListFields():
        if descriptor.name not in _FIELDS:
            yield _foreign(descriptor.name)
    for kind in ("input", "output"):
        for tensor in getattr(config, kind):
            declared = tensor.DESCRIPTOR.fields_by_name
            for field in _TENSOR_FIELDS:
                if field in declared and getattr(tensor, field):
                    yield _foreign(f"{kind}[{tensor.name}].{field}")
    yield from _versions(config.version_policy)


def _foreign(field: str) -> Problem:
    return Problem(
        f"{OVERRIDES}: {field}",
        "a field of a model",
        "none in an ensemble",
        "remove it, or set it in the step whose model it is meant for",
    )


def cache(config: Any, decoupled: Sequence[str], sequential: Sequence[str]) -> Iterator[Problem]:
    """Refuse a response cache for decoupled or sequential steps, which are given by name.

    Triton does not load a decoupled model with a cache, and an ensemble with such a step is
    decoupled too. A cached answer belongs to another place of the sequence, and the model then
    misses the request.
    """
    if not config.response_cache.enable:
        return
    own = config.model_transaction_policy.decoupled
    if own or decoupled:
        whose = f"those of step {decoupled[0]}" if decoupled else "model_transaction_policy"
        yield Problem(
            "spec.triton.responseCache",
            f"a cache for decoupled responses ({whose})",
            "no value, since Triton does not cache them",
            "remove it, or make the models answer each request once",
        )
    if sequential:
        yield Problem(
            "spec.triton.responseCache",
            f"a cache for answers of sequences (those of step {sequential[0]})",
            "no value, since Triton would answer from another place in the sequence",
            "remove it, or take sequence_batching out of the model",
        )


def _versions(policy: Any) -> Iterator[Problem]:
    if policy.HasField("specific"):
        yield Problem(
            f"{OVERRIDES}: version_policy.specific",
            str(list(policy.specific.versions)),
            "no version: that of a pipeline is the number of its revision",
            "remove it",
        )
    elif policy.HasField("latest") and policy.latest.num_versions == 0:
        yield Problem(
            f"{OVERRIDES}: version_policy.latest", "0 versions", "1 or more", "set num_versions"
        )
