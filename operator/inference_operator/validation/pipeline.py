"""An EnsemblePipeline's serving unit, or the problems of its spec."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, Step
from inference_operator.api.problem import Problem, first
from inference_operator.api.quoting import short
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.disk import DEFAULT_SIZE_LIMIT
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.domain.serving_unit import (
    Owner,
    ServedModel,
    ServingUnit,
)
from inference_operator.validation.defaults import Defaults
from inference_operator.validation.invalid import Invalid
from inference_operator.validation.model import UNVERSIONED, model_unit, unit_of
from inference_operator.validation.revision_hash import pipeline_hash
from inference_operator.validation.signature import CompletedSpec
from inference_operator.validation.split_sequences import split_sequences
from inference_operator.validation.step_overrides import path_of
from inference_operator.validation.steps import RenderedStep, builtin, inline, referenced
from model_builders.checks.server_arguments import arguments, environment, histograms
from model_builders.config import config_pbtxt
from model_builders.ensemble import StepModel, ensemble_config
from model_builders.graph.checks import check_graph
from model_builders.graph.model import Graph
from model_builders.graph.spec import graph_of
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig

# One ConfigMap holds it; the API server accepts 1 MiB.
MOST_CONFIG = 400_000
# All overrides of a pipeline together: protobuf reads text of this size in half a second.
MOST_OVERRIDES = 131_072
MOST_INLINE_TENSORS = 2_560
# One ControllerRevision holds it; the limit is 1.5 MiB. The rest is for the Deployment.
MOST_RECORDED = 1_300_000


@dataclass(frozen=True, slots=True)
class CompletedPipeline:
    """A pipeline with the pins and completed inline models of its steps, by step name."""

    spec: EnsemblePipelineSpec
    pins: Mapping[str, Pin] = field(default_factory=dict)
    inline: Mapping[str, CompletedSpec] = field(default_factory=dict)


def serving_unit(
    owner: Owner,
    generation: int,
    completed: CompletedSpec | CompletedPipeline,
    mode: Mode,
    defaults: Defaults,
) -> ServingUnit | Invalid:
    """Build the unit of a resource of either kind."""
    if isinstance(completed, CompletedSpec):
        return model_unit(owner, generation, completed, mode, defaults)
    return pipeline_unit(owner, generation, completed, mode, defaults)


def pipeline_unit(
    owner: Owner, generation: int, completed: CompletedPipeline, mode: Mode, defaults: Defaults
) -> ServingUnit | Invalid:
    """Build the unit: check the graph and all steps, and render each config.pbtxt."""
    spec = completed.spec
    name = spec.name or owner.key.name
    draft = draft_graph(completed, name, mode, defaults.triton_image)
    if draft.config is None:
        return Invalid(draft.problems)
    steps, config = draft.steps, config_pbtxt(draft.config)
    planned = PlannedModel(name=name, version=UNVERSIONED, format=ArtifactFormat.ENSEMBLE)
    revision = pipeline_hash(spec, name, mode, completed.pins, completed.inline)
    return unit_of(spec, mode, defaults, _configs(draft.graph, draft.config))(
        owner=owner,
        generation=generation,
        models=(*_repository(steps).values(), ServedModel(planned, config)),
        entry=name,
        steps=tuple(step.step for step in steps),
        revision=revision,
        spec_hash=revision,
    )


@dataclass(frozen=True, slots=True)
class GraphDraft:
    """The part of a pipeline that could be resolved."""

    steps: tuple[RenderedStep, ...]
    graph: Graph
    problems: tuple[Problem, ...]
    config: ModelConfig | None
    """Triton's ensemble; None if there are problems or unknown steps."""


def draft_graph(
    completed: CompletedPipeline, name: str, mode: Mode, default_image: str | None = None
) -> GraphDraft:
    """Draft the graph, complete or not, with all problems of its known parts.

    `default_image` is the operator's image of Triton, if it is known.
    """
    spec = completed.spec
    steps, problems = _render_steps(completed, mode, spec.triton.image or default_image)
    configs = {step.step.name: step.config for step in steps}
    models = {
        step.name: configs.get(step.name) or ModelConfig(name=f"{step.name}--unknown")
        for step in spec.steps
    }
    inner = {step.step.name: step.inner for step in steps}
    graph = graph_of(spec, name=name, models=models, inner=inner)
    problems += _problems(spec, graph, steps)
    config = None
    if len(steps) == len(spec.steps):
        try:
            config = _ensemble(spec, graph, steps)
        except ConfigError as error:
            problems += error.problems
    return GraphDraft(tuple(steps), graph, tuple(first(problems)), None if problems else config)


def _ensemble(
    spec: EnsemblePipelineSpec, graph: Graph, steps: Sequence[RenderedStep]
) -> ModelConfig:
    """Render the ensemble that joins all steps. ConfigError: Triton cannot serve it."""
    runs = {
        graph_step.name: StepModel(
            step.step.model, step.step.version, graph_step.decoupled, graph_step.sequential
        )
        for graph_step, step in zip(graph.steps, steps, strict=True)
    }
    config = ensemble_config(spec, name=graph.name, models=runs)
    configs = _configs(graph, config)
    if problems := [*histograms(spec, configs), *split_sequences(spec.rollout, configs)]:
        raise ConfigError(problems)
    return config


def _configs(graph: Graph, ensemble: ModelConfig) -> list[ModelConfig]:
    """Return the configs of all models of the repository."""
    return [*(config for step in graph.steps for config in step.configs), ensemble]


def _problems(
    spec: EnsemblePipelineSpec, graph: Graph, steps: Sequence[RenderedStep]
) -> list[Problem]:
    """Return the problems between steps. `graph` may have unknown steps; `steps` are the others."""
    problems = [*(check_graph(graph) or _clashes(graph.name, steps))]
    return [*problems, *arguments(spec), *environment(spec), *_too_large(steps)]


def _render_steps(
    completed: CompletedPipeline, mode: Mode, image: str | None
) -> tuple[list[RenderedStep], list[Problem]]:
    """Render all known steps, and return the problems of the others."""
    steps: list[RenderedStep] = []
    if problems := [*_too_many_overrides(completed.spec), *_too_many_tensors(completed)]:
        return steps, problems
    for step in completed.spec.steps:
        try:
            rendered = _render_step(completed, step, mode, image)
        except ConfigError as error:
            problems += error.problems
        else:
            steps += [rendered] if rendered else []
    return steps, problems


def _too_many_overrides(spec: EnsemblePipelineSpec) -> Iterator[Problem]:
    texts = [spec.triton.config_overrides, *(step.triton.config_overrides for step in spec.steps)]
    size = sum(len(text or "") for text in texts)
    if size > MOST_OVERRIDES:
        yield Problem(
            "spec.steps",
            f"{size} characters of configOverrides in all",
            f"{MOST_OVERRIDES} at most",
            "shorten them, use the fields of the spec, or split the pipeline",
        )


def _too_many_tensors(completed: CompletedPipeline) -> Iterator[Problem]:
    """Refuse a repository that would be too large before each step of it is checked."""
    models = [each.spec.model for each in completed.inline.values()]
    count = sum(len(model.inputs or ()) + len(model.outputs or ()) for model in models)
    if count > MOST_INLINE_TENSORS:
        yield Problem(
            "spec.steps",
            f"{count:,} tensors of inline models in all",
            f"{MOST_INLINE_TENSORS:,} at most",
            "split the pipeline",
        )


def _render_step(
    completed: CompletedPipeline, step: Step, mode: Mode, image: str | None
) -> RenderedStep | None:
    if step.builtin is not None:
        return builtin(completed.spec, step, step.builtin, mode)
    if step.name in completed.pins:
        return referenced(completed.spec, step, completed.pins[step.name], mode)
    if step.name in completed.inline:
        return inline(step, completed.inline[step.name], mode, image)
    return None


def _repository(steps: Iterable[RenderedStep]) -> dict[str, ServedModel]:
    """Return every model once, by name, with the larger size limit and any known digest."""
    models: dict[str, ServedModel] = {}
    for step in steps:
        for model in step.models:
            earlier = models.setdefault(model.name, model)
            kept = model if earlier.planned.sha256 is None else earlier
            limit = max((earlier, model), key=_size_limit).planned.size_limit
            models[model.name] = replace(kept, planned=replace(kept.planned, size_limit=limit))
    return models


def _size_limit(model: ServedModel) -> int:
    return model.planned.size_limit or DEFAULT_SIZE_LIMIT


def _clashes(name: str, steps: Iterable[RenderedStep]) -> Iterator[Problem]:
    """Yield problems of different models with the same name, inner pipelines included."""
    # Each model is a folder of its name, and a volume may ignore upper and lower case.
    first: dict[str, tuple[str, ServedModel | None]] = {name.lower(): ("the pipeline itself", None)}
    for step in steps:
        path = path_of(step.step.name)
        for model in step.models:
            other, earlier = first.setdefault(model.name.lower(), (f"step {step.step.name}", model))
            if earlier is None or not _are_same(earlier, model):
                yield Problem(
                    path,
                    f"another model called {short(model.name)} in Triton than that of {other}",
                    "one model of each name in a pipeline, in upper or lower case",
                    "give one of them another name",
                )


def _are_same(first: ServedModel, second: ServedModel) -> bool:
    digests = {model.planned.sha256 for model in (first, second)} - {None}
    plans = (replace(model.planned, sha256=None, size_limit=None) for model in (first, second))
    return len(digests) < 2 and len(set(plans)) == 1 and first.config == second.config


def _too_large(steps: Sequence[RenderedStep]) -> Iterator[Problem]:
    """Yield a problem if the ConfigMap or the record, which also holds the pins, is too large."""
    configs = [model.config for model in _repository(steps).values()]
    pinned = [text for step in steps if step.step.pin for text in step.step.pin.repository.values()]
    size = sum(len(text.encode()) for text in configs)
    recorded = sum(len(json.dumps(text)) for text in (*configs, *pinned))
    if size > MOST_CONFIG:
        yield Problem(
            "spec.steps",
            f"{size} bytes of config.pbtxt in all",
            f"{MOST_CONFIG} at most: the API server stores no more of one revision",
            "shorten configOverrides, or split the pipeline",
        )
    elif recorded > MOST_RECORDED:
        yield Problem(
            "spec.steps",
            f"{recorded} bytes to record: config.pbtxt, once more for each step with modelRef",
            f"{MOST_RECORDED} at most: the API server stores no more of one revision",
            "shorten configOverrides of what they refer to, or split the pipeline",
        )
