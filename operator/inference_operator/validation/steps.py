"""The steps of a pipeline, each rendered as the models that it adds to the repository."""

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
    apply_step_overrides,
    check_acceleration,
    check_gpus,
    check_same_overrides,
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
    """The config of the model that runs the step."""

    models: tuple[ServedModel, ...]
    """The models that the step adds to the repository: several if it refers to a pipeline."""

    inner: tuple[ModelConfig, ...] = ()
    """The configs of the inner models, if the step refers to a pipeline."""


def inline_spec(spec: EnsemblePipelineSpec, step: Step) -> InferenceModelSpec:
    """Return an inline model as the spec of an InferenceModel, with the same checks and config.

    Raises ConfigError if its settings contradict each other.
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


def inline(
    step: Step, completed: CompletedSpec, mode: Mode, image: str | None = None
) -> RenderedStep:
    """Render a model that only this pipeline serves. ConfigError: Triton cannot serve it.

    `image` is the pipeline's image of Triton.
    """
    spec, resolved = completed.spec, completed.resolved
    version = resolved.version if resolved else UNVERSIONED
    name = spec.model.name or step.name
    try:
        if problems := check(spec, version=version, name=name, image=image):
            raise ConfigError(problems)
        config = model_config(spec, name=name, accelerated=mode is Mode.ACCELERATOR)
    except ConfigError as error:
        raise ConfigError(problems_below(step.name, error.problems)) from None
    model = served_model(spec, name, config_pbtxt(config), resolved)
    served = ServedStep(step.name, name, version, model.uri, resolved=resolved)
    return RenderedStep(served, config, (model,))


def builtin(spec: EnsemblePipelineSpec, step: Step, settings: Builtin, mode: Mode) -> RenderedStep:
    """Render a built-in step. ConfigError: its settings contradict each other."""
    config = builtin_config(settings, name=step.name, max_batch_size=spec.max_batch_size)
    apply_step_overrides(config, step, ArtifactFormat.PYTHON)
    _fit_to_pod(config, spec, step, mode)
    planned = PlannedModel(
        name=step.name,
        version=UNVERSIONED,
        format=ArtifactFormat.PYTHON,
        builtin=builtin_type(settings),
    )
    vocabulary = settings.tokenizer.vocabulary if settings.tokenizer else None
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
    """Render the pinned revision of a reference. ConfigError: the pipeline cannot contain it."""
    try:
        models = [(planned, parse_pbtxt(text)) for planned, text in pin.models()]
    except (PlanError, KeyError, ConfigError) as error:
        requirement = (
            f"the record of revision {pin.revision} of {pin.reference} is not readable: {error}"
        )
        remedy = f"edit {pin.reference} to create a new revision"
        raise ConfigError([Problem(path_of(step.name), "", requirement, remedy)]) from None
    if problems := [p for planned, config in models for p in _files(planned, config, step, pin)]:
        raise ConfigError(problems)
    rendered, inner, entry = [], [], ModelConfig()
    for planned, config in models:
        if planned.name == pin.model:
            original = deepcopy(config)
            apply_step_overrides(config, step, planned.format)
            check_same_overrides(original, config, spec, step)
            entry = config
        else:
            inner.append(config)
        if spec.triton.response_cache is None:
            config.ClearField("response_cache")
        if planned.format is not ArtifactFormat.ENSEMBLE:
            _fit_to_pod(config, spec, step, mode)
            check_acceleration(planned, config, spec, step)
        uri = pin.uri if planned.name == pin.model else (planned.uri or "")
        rendered.append(ServedModel(planned, config_pbtxt(config), uri))
    served = ServedStep(step.name, pin.model, pin.version, pin.uri, pin=pin)
    return RenderedStep(served, entry, tuple(rendered), tuple(inner))


def _files(planned: PlannedModel, config: ModelConfig, step: Step, pin: Pin) -> Iterator[Problem]:
    """Yield problems of files that are outside the model's folder, which `load` would refuse.

    Older operators recorded such configs.
    """
    is_ensemble = planned.format is ArtifactFormat.ENSEMBLE
    place = Place(None if is_ensemble else planned.version, planned.name)
    for problem in misplaced(config, place):
        yield replace(
            problem,
            path=path_of(step.name),
            value=f"{problem.path} {problem.value} in revision {pin.revision} of {pin.reference}",
            remedy=f"edit {pin.reference} to create a new revision",
        )


def _fit_to_pod(config: ModelConfig, spec: EnsemblePipelineSpec, step: Step, mode: Mode) -> None:
    """Move instances to the devices of the pod. ConfigError: they need GPUs that it lacks."""
    if spec.accelerator is not None and mode is Mode.CPU:
        move_to_cpu(config)
    check_gpus(config, spec, step)
