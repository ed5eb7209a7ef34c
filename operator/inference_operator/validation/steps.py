"""The steps of a pipeline, each as the models that it brings into the repository."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

from pydantic import ValidationError

from inference_operator.api.builtin import Builtin
from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, Step
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem
from inference_operator.api.validate import field_errors
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import (
    ArtifactFormat,
    PlanError,
    PlannedModel,
)
from inference_operator.domain.serving_unit import ServedModel, ServedStep
from inference_operator.validation.model import UNVERSIONED, served_model
from inference_operator.validation.signature import CompletedSpec
from inference_operator.validation.step_overrides import (
    alike,
    check_acceleration,
    check_gpus,
    override,
    path_of,
    problems_below,
)
from model_builders.builtin.config import builtin_config, builtin_type
from model_builders.checks import check
from model_builders.config import config_pbtxt, model_config, parse_pbtxt
from model_builders.config_files import Place, misplaced
from model_builders.instances import move_to_cpu
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig


@dataclass(frozen=True, slots=True)
class RenderedStep:
    """A step that can be served."""

    step: ServedStep
    config: ModelConfig
    """Of the model that runs it."""

    models: tuple[ServedModel, ...]
    """All that the repository needs for it: one, or those of a pipeline that it refers to."""

    inner: tuple[ModelConfig, ...] = ()
    """Of the models within, where it refers to a pipeline."""


def inline_spec(spec: EnsemblePipelineSpec, step: Step) -> InferenceModelSpec:
    """An inline model as an InferenceModel's spec would have it, to be checked and rendered alike.

    Raises ConfigError where its settings do not go together.
    """
    body = step.model_dump(
        mode="json", by_alias=True, exclude_unset=True, include={"model", "triton"}
    )
    if spec.accelerator is not None:
        body["accelerator"] = spec.accelerator.model_dump(
            mode="json", by_alias=True, exclude_unset=True
        )
    try:
        return InferenceModelSpec.model_validate(body)
    except ValidationError as error:
        problems = field_errors(error, InferenceModelSpec, "spec")
        raise ConfigError(problems_below(step.name, problems)) from None


def inline(step: Step, wanted: CompletedSpec, mode: Mode) -> RenderedStep:
    """A model that only this pipeline serves; ConfigError where Triton could not."""
    spec, resolved = wanted.spec, wanted.resolved
    version = resolved.version if resolved else UNVERSIONED
    name = spec.model.name or step.name
    try:
        if problems := check(spec, version=version, name=name):
            raise ConfigError(problems)
        config = model_config(spec, name=name, accelerated=mode is Mode.ACCELERATOR)
    except ConfigError as error:
        raise ConfigError(problems_below(step.name, error.problems)) from None
    model = served_model(spec, name, config_pbtxt(config), resolved)
    served = ServedStep(step.name, name, version, model.uri, resolved=resolved)
    return RenderedStep(served, config, (model,))


def builtin(spec: EnsemblePipelineSpec, step: Step, found: Builtin, mode: Mode) -> RenderedStep:
    """A step that comes with the operator; ConfigError where its settings contradict."""
    config = builtin_config(found, name=step.name, max_batch_size=spec.max_batch_size)
    override(config, step, ArtifactFormat.PYTHON)
    _fit(config, spec, step, mode)
    planned = PlannedModel(
        name=step.name,
        version=UNVERSIONED,
        format=ArtifactFormat.PYTHON,
        builtin=builtin_type(found),
    )
    vocabulary = found.tokenizer.vocabulary if found.tokenizer else None
    if vocabulary is not None:
        secret = vocabulary.secret_ref
        planned = replace(
            planned,
            uri=vocabulary.uri,
            sha256=vocabulary.sha256,
            credentials=secret.name if secret else None,
        )
    served = ServedStep(step.name, step.name, UNVERSIONED)
    return RenderedStep(served, config, (ServedModel(planned, config_pbtxt(config)),))


def referenced(spec: EnsemblePipelineSpec, step: Step, pin: Pin, mode: Mode) -> RenderedStep:
    """A referenced model's stable revision; ConfigError where it cannot be part of the pipeline."""
    try:
        found = [(planned, parse_pbtxt(text)) for planned, text in pin.models()]
    except (PlanError, KeyError, ConfigError) as error:
        text = (
            f"the record of revision {pin.revision} of {pin.reference}, which is illegible: {error}"
        )
        remedy = f"edit {pin.reference}, so that it makes a new revision"
        raise ConfigError(
            [Problem(path_of(step.name), text, "what the operator wrote", remedy)]
        ) from None
    if problems := [one for planned, config in found for one in _files(planned, config, step, pin)]:
        raise ConfigError(problems)
    models, inner, entry = [], [], ModelConfig()
    for planned, config in found:
        if planned.name == pin.model:
            rendered = deepcopy(config)
            override(config, step, planned.format)
            alike(rendered, config, spec, step)
            entry = config
        else:
            inner.append(config)
        if spec.triton.response_cache is None:
            config.ClearField("response_cache")
        if planned.format is not ArtifactFormat.ENSEMBLE:
            _fit(config, spec, step, mode)
            check_acceleration(planned, config, spec, step)
        uri = pin.uri if planned.name == pin.model else (planned.uri or "")
        models.append(ServedModel(planned, config_pbtxt(config), uri))
    served = ServedStep(step.name, pin.model, pin.version, pin.uri, pin=pin)
    return RenderedStep(served, entry, tuple(models), tuple(inner))


def _files(planned: PlannedModel, config: ModelConfig, step: Step, pin: Pin) -> Iterator[Problem]:
    """Files that a config names and that are not its model's own: `load` would refuse them.

    Older operators recorded such configs.
    """
    is_ensemble = planned.format is ArtifactFormat.ENSEMBLE
    place = Place(None if is_ensemble else planned.version, planned.name)
    for problem in misplaced(config, place):
        yield replace(
            problem,
            path=path_of(step.name),
            value=f"{problem.path} {problem.value} in revision {pin.revision} of {pin.reference}",
            remedy=f"edit {pin.reference}, so that it makes a new revision",
        )


def _fit(config: ModelConfig, spec: EnsemblePipelineSpec, step: Step, mode: Mode) -> None:
    """Instances as the pods can run them; ConfigError where they want GPUs that no pod has."""
    if spec.accelerator is not None and mode is Mode.CPU:
        move_to_cpu(config)
    check_gpus(config, spec, step)
