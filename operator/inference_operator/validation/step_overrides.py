"""Per-step overrides of instance groups and dynamic batching, and the GPUs that they need.

They apply to rendered models and built-ins. Inline models are checked like InferenceModels.
"""

from collections.abc import Iterable, Iterator

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, Step
from inference_operator.api.problem import Problem
from inference_operator.api.workload import WhenUnavailable
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from model_builders.batching import write_dynamic_batching
from model_builders.checks.acceleration import profiles_of
from model_builders.checks.batching import ordering
from model_builders.instances import add_instance_groups
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig, model_config_pb2

_Group = model_config_pb2.ModelInstanceGroup
_OFF_GPU = (_Group.KIND_CPU, _Group.KIND_MODEL)


def path_of(step: str) -> str:
    """Return the field path of a step."""
    return f"spec.steps[{step}]"


def problems_below(step: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the problems of an InferenceModel's spec at the paths of the step.

    Other fields, such as `spec.accelerator`, are the pipeline's own and keep their paths.
    """
    place = path_of(step)
    for problem in problems:
        in_model = problem.below(f"{place}.model", "spec.model")
        yield in_model.below(f"{place}.triton", "spec.triton")


def apply_step_overrides(config: ModelConfig, step: Step, kind: ArtifactFormat) -> None:
    """Replace the instances and batching of a model of format `kind` by the step's.

    Raises ConfigError if they do not fit the model.
    """
    profiles = problems_below(step.name, profiles_of(step.triton.instance_groups, kind))
    if problems := [*_ensemble(config, step)] or [*_batching(config, step), *profiles]:
        raise ConfigError(problems)
    _write(config, step)


def _write(config: ModelConfig, step: Step) -> None:
    # An empty list has the same hash as an unset field, so it must mean the same.
    if step.triton.instance_groups:
        config.ClearField("instance_group")
        add_instance_groups(config, step.triton.instance_groups)
    if step.triton.dynamic_batching is not None:
        config.ClearField("dynamic_batching")
        write_dynamic_batching(config.dynamic_batching, step.triton.dynamic_batching)


def _ensemble(config: ModelConfig, step: Step) -> Iterator[Problem]:
    triton = step.triton
    overrides = {
        "instanceGroups": bool(triton.instance_groups),
        "dynamicBatching": triton.dynamic_batching is not None,
    }
    fields = [field for field, is_set in overrides.items() if is_set]
    if fields and config.HasField("ensemble_scheduling"):
        yield Problem(
            f"{path_of(step.name)}.triton",
            f"{' and '.join(fields)} for the ensemble {config.name}",
            "no value, since an ensemble has no instances or batches of its own",
            "set them where its steps are described",
        )


def _batching(config: ModelConfig, step: Step) -> Iterator[Problem]:
    """Yield conflicts with the model's own scheduler (`scheduling_choice`) and batch limit."""
    batching, path = step.triton.dynamic_batching, f"{path_of(step.name)}.triton.dynamicBatching"
    if batching is None:
        return
    largest = config.max_batch_size
    beyond = [size for size in batching.preferred_batch_sizes if size > largest]
    if largest < 1:
        yield Problem(
            path,
            f"dynamicBatching of {config.name}, which takes no batches",
            "a model with a maxBatchSize of 1 or more",
            "remove it, or set maxBatchSize",
        )
    elif config.HasField("sequence_batching"):
        yield Problem(
            path,
            f"dynamicBatching of {config.name}, which has sequence_batching",
            "one of them: Triton batches requests in one way only",
            "remove it, or take sequence_batching out of the model's configOverrides",
        )
    elif beyond:
        yield Problem(
            f"{path}.preferredBatchSizes",
            str(list(batching.preferred_batch_sizes)),
            f"sizes up to the maxBatchSize of {config.name}, which is {largest}",
            f"remove {beyond[0]}, or raise maxBatchSize",
        )
    yield from problems_below(step.name, ordering(step))


def check_same_overrides(
    rendered: ModelConfig, config: ModelConfig, spec: EnsemblePipelineSpec, step: Step
) -> None:
    """Raise ConfigError if an earlier step of the same model has other overrides.

    Triton has one folder per model. `rendered` is without overrides, `config` with this step's.
    """
    first = next((other for other in spec.steps if other.model_ref == step.model_ref), step)
    expected = ModelConfig()
    expected.CopyFrom(rendered)
    _write(expected, first)
    if expected != config:
        raise ConfigError(
            [
                Problem(
                    f"{path_of(step.name)}.triton",
                    f"other settings for {config.name} than those of step {first.name}",
                    "the same, since Triton runs one model for both",
                    "give both steps the same triton",
                )
            ]
        )


def check_gpus(config: ModelConfig, spec: EnsemblePipelineSpec, step: Step) -> None:
    """Raise ConfigError if instances need GPUs that the pod does not have."""
    on_gpu = [
        group for group in config.instance_group if group.kind == _Group.KIND_GPU or group.gpus
    ]
    count = spec.accelerator.count if spec.accelerator else 0
    beyond = [index for group in on_gpu for index in group.gpus if index >= count]
    if on_gpu and spec.accelerator is None:
        value, expected = f"instances of {config.name} on GPUs", "spec.accelerator"
        remedy = "add spec.accelerator, or set triton.instanceGroups of the step to kind CPU"
    elif beyond:
        value, expected = f"GPU {beyond[0]} for {config.name}", f"an index from 0 to {count - 1}"
        remedy = "raise spec.accelerator.count, or set triton.instanceGroups of the step"
    else:
        return
    path = f"{path_of(step.name)}.triton.instanceGroups"
    raise ConfigError([Problem(path, value, expected, remedy)])


def check_acceleration(
    planned: PlannedModel, config: ModelConfig, spec: EnsemblePipelineSpec, step: Step
) -> None:
    """Raise ConfigError if a TensorRT engine, or an ONNX model that uses it, gets no GPU."""
    engine = planned.format is ArtifactFormat.TENSORRT
    optimized = config.optimization.execution_accelerators.gpu_execution_accelerator
    if not engine and not optimized:
        return
    why = "a TensorRT engine" if engine else "which TensorRT accelerates"
    path, value = path_of(step.name), f"{planned.name}, {why}"
    accelerator, off = spec.accelerator, [g.kind in _OFF_GPU for g in config.instance_group]
    if accelerator is None:
        expected = "spec.accelerator, since it runs on a GPU only"
        remedy = "add it"
    elif engine and accelerator.when_unavailable != WhenUnavailable.WAIT:
        expected = "spec.accelerator.whenUnavailable Wait, since it runs on a GPU only"
        remedy = "remove spec.accelerator.whenUnavailable"
    elif any(off) and (engine or all(off)):
        path, value = f"{path}.triton.instanceGroups", f"{value}, with instances off the GPU"
        expected = f"{'groups' if engine else 'a group'} of kind GPU or Auto"
        remedy = "change kind, or remove the groups"
    else:
        return
    raise ConfigError([Problem(path, value, expected, remedy)])
