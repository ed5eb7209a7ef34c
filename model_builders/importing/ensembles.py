"""Conversion of an ensemble's config into the spec of an EnsemblePipeline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from inference_operator.api.ensemble_pipeline import (
    EnsemblePipelineSpec,
    PipelineTriton,
    ReferenceKind,
)
from inference_operator.api.problem import Problem, joined
from inference_operator.api.validate import field_errors
from model_builders.ensemble import PLATFORM, StepModel, declared_ensemble, ensemble_config
from model_builders.graph.checks import check_graph
from model_builders.graph.spec import graph_of
from model_builders.importing.failure import ImportFailedError
from model_builders.importing.field_split import split_fields
from model_builders.importing.tensors import read_inputs, read_outputs
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig, as_written

_SECTIONS = ("responseCache", "parameters")
# Fields with which Triton does not load an ensemble (triton-core,
# ValidateEnsembleSchedulingConfig).
_REFUSED = ("instance_group", "optimization", "model_warmup")


@dataclass(frozen=True, slots=True)
class Served:
    """A model or ensemble of the repository: its resource, its kind and its version."""

    resource_name: str
    kind: ReferenceKind
    version: int | None = None
    gpus: int = 0
    """GPUs that a pod needs for it."""


def gpus_of(spec: Mapping[str, Any]) -> int:
    """Return the GPUs that a written spec asks for."""
    return int(spec.get("accelerator", {}).get("count", 0))


def is_ensemble(config: ModelConfig) -> bool:
    return bool(config.platform == PLATFORM or config.HasField("ensemble_scheduling"))


def ensemble_spec(
    config: ModelConfig, *, name: str, resource_name: str, served: Mapping[str, Served]
) -> dict[str, Any]:
    """Return the spec, as in YAML, that renders exactly the config.

    `served` maps each of Triton's names to the resource that a step may refer to. The spec does not
    hold the versions of steps (`other_versions`): the operator pins the stable ones. Two versions
    of one model are therefore an ImportFailedError.
    """
    target = ModelConfig()
    target.CopyFrom(config)
    target.name = name
    _check_loadable(target)
    _one_version_each(target, served)
    spec: dict[str, Any] = {} if name == resource_name else {"name": name}
    spec["steps"] = _steps(target, served)
    if target.max_batch_size:
        spec["maxBatchSize"] = target.max_batch_size
    # Triton ignores allow_ragged_batch here; it stays in the overrides.
    spec["inputs"] = [
        {key: value for key, value in tensor.items() if key != "allowRaggedBatch"}
        for tensor in read_inputs(target)
    ]
    spec["outputs"] = read_outputs(target)
    # All steps share the pod's GPUs, so the step with the most of them decides.
    gpus = max(served[step.model_name].gpus for step in target.ensemble_scheduling.step)
    if gpus:
        spec["accelerator"] = {"count": gpus}
    models = _models(spec, target)
    pipeline = _validated(spec)

    def declare(triton: Mapping[str, Any]) -> Any:
        whole = pipeline.model_copy(update={"triton": PipelineTriton.model_validate(triton)})
        return declared_ensemble(whole, name=name, models=models)

    try:
        triton = split_fields(as_written(target), declare, _SECTIONS)
    except ValueError as error:
        raise ImportFailedError(f"the ensemble cannot be imported: {error}") from error
    if triton:
        spec["triton"] = triton
    _verify(spec, target, models)
    return spec


def other_versions(config: ModelConfig, served: Mapping[str, Served]) -> Iterator[str]:
    """Yield a warning for each step that asks for another version than the imported one."""
    for index, step in enumerate(config.ensemble_scheduling.step):
        version = served[step.model_name].version
        if version is not None and step.model_version not in (-1, version):
            yield (
                f"ensemble_scheduling.step[{index}] asks for version {step.model_version} of"
                f" {step.model_name}, and version {version} was imported: the operator pins the"
                " version that is stable"
            )


def graph_problems(
    config: ModelConfig, spec: Mapping[str, Any], configs: Mapping[str, ModelConfig]
) -> list[Problem]:
    """Return the problems of the graph; `configs` are those of the models, by name."""
    pipeline = _validated(spec)
    steps = zip(pipeline.steps, config.ensemble_scheduling.step, strict=True)
    models = {step.name: configs[original.model_name] for step, original in steps}
    inner = {name: _within(model, configs) for name, model in models.items()}
    return check_graph(graph_of(pipeline, name=config.name, models=models, inner=inner))


def _within(config: ModelConfig, configs: Mapping[str, ModelConfig]) -> tuple[ModelConfig, ...]:
    """Return each model of an ensemble once; they were imported before it."""
    within: dict[str, ModelConfig] = {}
    ensembles = [config]
    while ensembles:
        for step in ensembles.pop().ensemble_scheduling.step:
            if step.model_name not in within:
                within[step.model_name] = configs[step.model_name]
                ensembles.append(configs[step.model_name])
    return tuple(within.values())


def _check_loadable(config: ModelConfig) -> None:
    for field in _REFUSED:
        if any(descriptor.name == field for descriptor, _ in config.ListFields()):
            raise ImportFailedError(
                f"found {field} in an ensemble, expected it on the models of its steps; Triton does"
                " not load such an ensemble: remove it"
            )
    if config.WhichOneof("scheduling_choice") != "ensemble_scheduling":
        raise ImportFailedError(
            f"found {config.WhichOneof('scheduling_choice') or 'no steps'} in an ensemble, expected"
            " ensemble_scheduling; Triton does not load it without: add its steps"
        )
    if config.platform != PLATFORM or config.backend:
        fields = " and ".join(f'{key} "{getattr(config, key)}"' for key in ("platform", "backend"))
        raise ImportFailedError(
            f'found {fields} beside ensemble_scheduling, expected platform "{PLATFORM}" and no'
            " backend; Triton does not load it otherwise: correct them"
        )
    if config.version_policy.HasField("specific"):
        raise ImportFailedError(
            "found version_policy { specific } in an ensemble, expected none or latest; the version"
            " of an EnsemblePipeline is the number of its revision: remove it"
        )


def _one_version_each(config: ModelConfig, served: Mapping[str, Served]) -> None:
    """Raise ImportFailedError if steps ask for two versions of a model; -1 is the imported one."""
    asked: dict[str, dict[int, int]] = {}
    for index, step in enumerate(config.ensemble_scheduling.step):
        model = served.get(step.model_name)
        if model and step.model_version < 1 and step.model_version != -1:
            value = f"model_version {step.model_version}" if step.model_version else "no version"
            raise ImportFailedError(
                f"found {value} in ensemble_scheduling.step[{index}], expected -1, or the number of"
                " a version; Triton does not load such an ensemble: write model_version: -1"
            )
        version = model.version if model and step.model_version == -1 else step.model_version
        if version is not None:
            asked.setdefault(step.model_name, {}).setdefault(version, index)
    for name, first in asked.items():
        if len(first) > 1:
            raise ImportFailedError(_two_versions(name, first, served))


def _two_versions(name: str, first: Mapping[int, int], served: Mapping[str, Served]) -> str:
    pair = " and ".join(f"version {version} (step[{at}])" for version, at in first.items())
    imported = served[name].version if name in served else None
    other = next(version for version in reversed(first) if version != imported)
    return (
        f"found {pair} of {name} in ensemble_scheduling, expected one version of each model, since"
        f" a pipeline pins the stable one: copy version {other} to a folder with a config.pbtxt of"
        f" its own, such as {name}_{other}, let step[{first[other]}] name that, and import again"
    )


def _models(spec: Mapping[str, Any], config: ModelConfig) -> dict[str, StepModel]:
    steps = zip(spec["steps"], config.ensemble_scheduling.step, strict=True)
    return {step["name"]: StepModel(ref.model_name, ref.model_version) for step, ref in steps}


def _steps(config: ModelConfig, served: Mapping[str, Served]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for step in config.ensemble_scheduling.step:
        model = served.get(step.model_name)
        if model is None or step.model_namespace:
            raise ImportFailedError(_unknown_step(step, served))
        ref = {"name": model.resource_name}
        if model.kind is not ReferenceKind.INFERENCE_MODEL:
            ref["kind"] = model.kind.value
        fields: dict[str, Any] = {
            "name": _unique(model.resource_name, [s["name"] for s in steps]),
            "modelRef": ref,
        }
        fields["inputMap"] = {key: step.input_map[key] for key in sorted(step.input_map)}
        fields["outputMap"] = {key: step.output_map[key] for key in sorted(step.output_map)}
        steps.append(fields)
    return steps


def _unknown_step(step: Any, served: Mapping[str, Served]) -> str:
    place = f" of namespace {step.model_namespace}" if step.model_namespace else ""
    return (
        f'found a step of model "{step.model_name}"{place}, expected a model that was imported from'
        f" this repository ({', '.join(served) or 'there is none'}); import it as well"
    )


def _unique(name: str, taken: list[str]) -> str:
    return next(n for n in [name, *(f"{name}-{i}" for i in range(2, 100))] if n not in taken)


def _validated(spec: Mapping[str, Any]) -> EnsemblePipelineSpec:
    try:
        return EnsemblePipelineSpec.model_validate(spec)
    except ValidationError as error:
        errors = field_errors(error, EnsemblePipelineSpec, "spec")
        raise ImportFailedError(joined(errors)) from error


def _verify(spec: Mapping[str, Any], target: ModelConfig, models: Mapping[str, StepModel]) -> None:
    try:
        rendered = ensemble_config(_validated(spec), name=target.name, models=models)
    except ConfigError as error:
        raise ImportFailedError(str(error)) from error
    if rendered != target:
        raise ImportFailedError(
            "the manifest would not render the same config.pbtxt: please report it as a bug"
        )
