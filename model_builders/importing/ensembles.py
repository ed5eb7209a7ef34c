"""One ensemble's config as the spec of an EnsemblePipeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, ReferenceKind
from inference_operator.api.triton import Triton
from inference_operator.api.validate import field_errors
from model_builders.ensemble import PLATFORM, declared_ensemble, ensemble_config
from model_builders.importing.failure import ImportFailedError
from model_builders.importing.keeping import keep_triton
from model_builders.importing.tensors import read_inputs, read_outputs
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig, as_written


@dataclass(frozen=True, slots=True)
class Served:
    """A model or ensemble of the repository: its resource, and what kind that is."""

    resource_name: str
    kind: ReferenceKind


def is_ensemble(config: ModelConfig) -> bool:
    return bool(config.platform == PLATFORM or config.HasField("ensemble_scheduling"))


def ensemble_spec(
    config: ModelConfig, *, name: str, resource_name: str, served: Mapping[str, Served]
) -> dict[str, Any]:
    """The spec, in YAML's words, that renders as the config and nothing else.

    `served` gives, for each name that Triton knows, the resource that a step may refer to.
    """
    wanted = ModelConfig()
    wanted.CopyFrom(config)
    wanted.name = name
    spec: dict[str, Any] = {} if name == resource_name else {"name": name}
    spec["steps"] = _steps(wanted, served)
    if wanted.max_batch_size:
        spec["maxBatchSize"] = wanted.max_batch_size
    spec["inputs"] = read_inputs(wanted)
    spec["outputs"] = read_outputs(wanted)
    names = {one.resource_name: triton_name for triton_name, one in served.items()}

    def declare(triton: Triton) -> Any:
        bare = _validated(spec).model_copy(update={"triton": triton})
        return declared_ensemble(bare, name=name, served_names=names)

    try:
        triton = keep_triton(as_written(wanted), declare)
    except ValueError as error:
        raise ImportFailedError(f"an ensemble that cannot be kept: {error}") from error
    if triton:
        spec["triton"] = triton
    _prove(spec, wanted, names)
    return spec


def _steps(config: ModelConfig, served: Mapping[str, Served]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for step in config.ensemble_scheduling.step:
        one = served.get(step.model_name)
        if one is None or step.model_namespace:
            raise ImportFailedError(_unknown_step(step, served))
        ref = {"name": one.resource_name}
        if one.kind is not ReferenceKind.INFERENCE_MODEL:
            ref["kind"] = one.kind.value
        found: dict[str, Any] = {
            "name": _unique(one.resource_name, [s["name"] for s in steps]),
            "modelRef": ref,
        }
        if step.model_version != -1:
            found["modelVersion"] = step.model_version
        found["inputMap"] = {key: step.input_map[key] for key in sorted(step.input_map)}
        found["outputMap"] = {key: step.output_map[key] for key in sorted(step.output_map)}
        steps.append(found)
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
        raise ImportFailedError("; ".join(map(str, errors))) from error


def _prove(spec: Mapping[str, Any], wanted: ModelConfig, names: Mapping[str, str]) -> None:
    try:
        rendered = ensemble_config(_validated(spec), name=wanted.name, served_names=names)
    except ConfigError as error:
        raise ImportFailedError(str(error)) from error
    if rendered != wanted:
        raise ImportFailedError(
            "the manifest would not render the same config.pbtxt: please report it as a bug"
        )
