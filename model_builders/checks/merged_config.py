"""Checks of the config after `configOverrides` were merged, which could undo other checks."""

from collections.abc import Iterator
from typing import Any

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from model_builders.checks import files
from model_builders.checks import server_arguments as server
from model_builders.checks.acceleration import ADD_ACCELERATOR
from model_builders.config import declared_config
from model_builders.config_files import Place
from model_builders.overrides import OVERRIDES, apply_overrides
from model_builders.protobuf import model_config_pb2
from model_builders.spec_paths import owners_of

_Group = model_config_pb2.ModelInstanceGroup
_COMPLETE_TENSORS = (ModelFormat.TENSORRT, ModelFormat.PYTHON, ModelFormat.CUSTOM)


def overrides(spec: InferenceModelSpec, place: Place) -> Iterator[Problem]:
    """Yield problems of the text itself; if there are none, those of the merged config.

    `place` is the model's folder, with the version that the operator serves.
    """
    config = declared_config(spec, name="model")
    text = spec.triton.config_overrides
    if text is not None:
        config.ClearField("name")
        refused = apply_overrides(config, text, owners_of(spec.model))
        if config.HasField("name"):
            refused = [*refused, _renamed(config.name)]
        if refused:
            yield from refused
            return
    yield from _served_version(config, place.version)
    yield from _ragged(config)
    yield from files.missing(config, place)
    yield from server.histograms(spec, [config])
    if text is not None:
        yield from _ensembles(config)
        yield from _batching(spec, config)
        yield from _instances(spec, config)
        yield from _cache(config)
        yield from _dims(spec, config)


def _renamed(name: str) -> Problem:
    return Problem(
        f"{OVERRIDES}: name",
        quoted(name),
        "no name: it comes from model.name, or that of the resource or step",
        "remove it, and set model.name where Triton's name differs",
    )


def _path(config_field: str) -> str:
    return f"{OVERRIDES}: {config_field}"


def _served_version(config: Any, version: int | None) -> Iterator[Problem]:
    policy = config.version_policy
    versions = list(policy.specific.versions)
    if policy.HasField("specific") and version not in versions:
        yield Problem(
            "spec.triton.versionPolicy.specific.versions",
            str(versions),
            f"a list with {version}, the version that the operator serves",
            f"add {version}, or remove versionPolicy",
        )
    elif policy.HasField("latest") and policy.latest.num_versions == 0:
        yield Problem(_path("version_policy.latest"), "0 versions", "1 or more", "set num_versions")


def _ragged(config: Any) -> Iterator[Problem]:
    if config.HasField("dynamic_batching") or config.HasField("sequence_batching"):
        return
    for index, tensor in enumerate(config.input if config.max_batch_size else ()):
        if tensor.allow_ragged_batch:
            yield Problem(
                f"spec.model.inputs[{index}].allowRaggedBatch",
                "true without batching",
                "triton.dynamicBatching: requests share a batch only there",
                "add triton.dynamicBatching, or remove it",
            )


def _ensembles(config: Any) -> Iterator[Problem]:
    if config.HasField("ensemble_scheduling"):
        yield Problem(
            _path("ensemble_scheduling"),
            "an ensemble's steps",
            "the config of one model",
            "ensembles are resources of their own kind: EnsemblePipeline",
        )


def _batching(spec: InferenceModelSpec, config: Any) -> Iterator[Problem]:
    batching = config.dynamic_batching
    if spec.triton.dynamic_batching is None and config.HasField("dynamic_batching"):
        if config.max_batch_size == 0:
            yield Problem(
                _path("dynamic_batching"),
                "batching with model.maxBatchSize 0",
                "model.maxBatchSize of 1 or more",
                "set model.maxBatchSize, and use triton.dynamicBatching",
            )
        yield from _sizes(config, "dynamic_batching", batching.preferred_batch_size)
    oldest = config.sequence_batching.oldest
    yield from _sizes(config, "sequence_batching.oldest", oldest.preferred_batch_size)


def _sizes(config: Any, field: str, sizes: Any) -> Iterator[Problem]:
    for size in sizes:
        if size > config.max_batch_size:
            yield Problem(
                _path(f"{field}.preferred_batch_size"),
                str(size),
                f"at most {config.max_batch_size}, which is model.maxBatchSize",
                "lower it, or raise model.maxBatchSize",
            )


def _instances(spec: InferenceModelSpec, config: Any) -> Iterator[Problem]:
    count = spec.accelerator.count if spec.accelerator else 0
    for group in config.instance_group if not spec.triton.instance_groups else ():
        if group.kind == _Group.KIND_GPU and count == 0:
            yield Problem(
                _path("instance_group"), "KIND_GPU", "another kind: no GPU", ADD_ACCELERATOR
            )
        elif any(gpu >= count for gpu in group.gpus):
            yield Problem(
                _path("instance_group.gpus"),
                str(list(group.gpus)),
                f"indices below accelerator.count, which is {count}",
                "raise accelerator.count, or use an index that the pod has",
            )
    accelerators = config.optimization.execution_accelerators.gpu_execution_accelerator
    declared = spec.triton.optimization.tensorrt if spec.triton.optimization else None
    if accelerators and declared is None and count == 0:
        yield Problem(
            _path("optimization.execution_accelerators"),
            f"{quoted(accelerators[0].name)} without a GPU",
            "spec.accelerator",
            ADD_ACCELERATOR,
        )


def _cache(config: Any) -> Iterator[Problem]:
    """Refuse a cache for both, as ValidateModelConfig in core's model_config_utils.cc does."""
    if not config.response_cache.enable:
        return
    for field, used in (
        ("sequence_batching", config.HasField("sequence_batching")),
        ("model_transaction_policy.decoupled", config.model_transaction_policy.decoupled),
    ):
        if used:
            yield Problem(
                _path(field),
                "with a response cache",
                "no response cache: Triton caches neither sequences nor decoupled responses",
                "remove triton.responseCache",
            )


def _dims(spec: InferenceModelSpec, config: Any) -> Iterator[Problem]:
    """Check tensors that only the overrides declare.

    Triton completes absent dims, as it does absent types, for backends that fill in single tensors
    (TensorRT; `add_input` of a Python model or backend). ONNX Runtime and PyTorch do not.
    """
    completed = spec.model.known_format in _COMPLETE_TENSORS
    for field, declared in (("input", spec.model.inputs), ("output", spec.model.outputs)):
        for tensor in getattr(config, field) if declared is None else ():
            absent = not tensor.dims and not completed
            if absent or any(dim < 1 and dim != -1 for dim in tensor.dims):
                yield Problem(
                    _path(f"{field}[{tensor.name}].dims"),
                    str(list(tensor.dims)),
                    "one or more dimensions, each 1 or more, or -1",
                    "write -1 for a dimension that varies",
                )
