"""Metadata and statistics of Triton, from the messages of its gRPC service."""

from typing import Any

from serving.records import ModelMetadata, ModelStatistics, TensorMetadata

_NANOSECONDS = 1e9


def metadata_of(metadata: Any, config: Any) -> ModelMetadata:
    """Return a model's metadata from the answers about its metadata and its configuration."""
    return ModelMetadata(
        metadata.name,
        tuple(metadata.versions),
        metadata.platform,
        tuple(map(_tensor, metadata.inputs)),
        tuple(map(_tensor, metadata.outputs)),
        int(config.config.max_batch_size),
    )


def statistics_of(target: str, answer: Any) -> list[ModelStatistics]:
    """Return the statistics of each version of each model of a target."""
    return [_statistics(target, each) for each in answer.model_stats]


def _tensor(message: Any) -> TensorMetadata:
    return TensorMetadata(message.name, message.datatype, tuple(message.shape))


def _statistics(target: str, message: Any) -> ModelStatistics:
    counted = message.inference_stats
    parts = (counted.compute_input, counted.compute_infer, counted.compute_output)
    return ModelStatistics(
        target,
        message.name,
        message.version,
        int(counted.success.count),
        int(counted.fail.count),
        int(message.inference_count),
        int(message.execution_count),
        counted.success.ns / _NANOSECONDS,
        counted.queue.ns / _NANOSECONDS,
        sum(part.ns for part in parts) / _NANOSECONDS,
    )
