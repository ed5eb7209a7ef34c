"""Warnings about models that Triton serves in another way after their import."""

from collections.abc import Iterator
from typing import Any

from inference_operator.api.model import ModelFormat

SERVED_VERSION = 1
"""The version under which the operator serves a source without versions."""
_DEFAULT_BATCH = 4


def served_versions(config: Any, versions: list[int]) -> list[int]:
    """Return the versions that Triton serves by the policy; all if it names none of them."""
    specific = config.version_policy.specific.versions
    return [version for version in versions if version in specific] or versions


def version_changes(version: int, others: list[int]) -> Iterator[str]:
    """Yield what clients see of the version that is imported."""
    served = (
        f"it is served as version {SERVED_VERSION}, so clients that name version {version} must ask"
        f" for {SERVED_VERSION} or for none"
    )
    if others:
        only = (
            f"only version {version} is imported, not {', '.join(map(str, others))}: an"
            " InferenceModel serves one version"
        )
        yield only if version == SERVED_VERSION else f"{only}; {served}"
    elif version != SERVED_VERSION:
        yield f"version {version} is imported, and {served}"


def pipeline_version(version: int | None) -> Iterator[str]:
    """Yield a warning for an ensemble whose version is not that of a first revision."""
    if version is not None and version != SERVED_VERSION:
        yield (
            f"version {version} is not kept: the version of a pipeline is the number of its"
            " revision, so clients that name a version must ask for none"
        )


def ignored_fields(config: Any) -> Iterator[str]:
    """Yield a warning for fields that Triton reads only with an argument of its own."""
    for index, group in enumerate(config.instance_group):
        if group.HasField("rate_limiter"):
            yield (
                f"instance_group[{index}].rate_limiter: Triton ignores it without"
                " --rate-limit=execution_count; add that to spec.triton.extraArgs, or remove it"
            )
            return


def lost_batching(config: Any, model_format: ModelFormat) -> Iterator[str]:
    """Yield a warning for an ONNX model whose batches Triton would complete.

    onnxruntime_backend completes max_batch_size and dynamic_batching of a graph whose first
    dimensions vary (AutoCompleteMaxBatch in onnxruntime.cc), with default-max-batch-size, which is
    4. Pods have 0 there, so that a written 0 stays 0.
    """
    if model_format is not ModelFormat.ONNX or config.max_batch_size:
        return
    if config.input and config.output:
        return
    yield (
        "max_batch_size is not set: Triton would complete it, if the first dimensions of the graph"
        f" vary, to {_DEFAULT_BATCH} with dynamic batching; the operator serves it without batches:"
        " set spec.model.maxBatchSize and spec.triton.dynamicBatching to keep them"
    )
