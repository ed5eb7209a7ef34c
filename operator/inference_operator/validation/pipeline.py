"""From an EnsemblePipeline as written to a serving unit, or to the problems that prevent it."""

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
from inference_operator.validation.model import (
    UNVERSIONED,
    Defaults,
    Invalid,
    model_unit,
    unit_of,
)
from inference_operator.validation.revision_hash import pipeline_hash
from inference_operator.validation.signature import CompletedSpec
from inference_operator.validation.step_overrides import path_of
from inference_operator.validation.steps import RenderedStep, builtin, inline, referenced
from model_builders.checks.server import arguments, environment, histograms
from model_builders.config import config_pbtxt
from model_builders.ensemble import StepModel, ensemble_config
from model_builders.graph.checks import check_graph
from model_builders.graph.model import Graph
from model_builders.graph.spec import graph_of
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig

# One ConfigMap holds it, of which the API server takes 1 MiB.
MOST_CONFIG = 400_000
# All overrides of a pipeline together: protobuf reads text of this size in half a second.
MOST_OVERRIDES = 131_072
# In a ControllerRevision, of which it takes 1.5 MiB. The rest is for the Deployment.
MOST_RECORDED = 1_300_000


@dataclass(frozen=True, slots=True)
class CompletedPipeline:
    """A pipeline with what its steps stand for, by the step's name."""

    spec: EnsemblePipelineSpec
    pins: Mapping[str, Pin] = field(default_factory=dict)
    inline: Mapping[str, CompletedSpec] = field(default_factory=dict)


def serving_unit(
    owner: Owner,
    generation: int,
    wanted: CompletedSpec | CompletedPipeline,
    mode: Mode,
    defaults: Defaults,
) -> ServingUnit | Invalid:
    """The unit that a resource of either kind asks for."""
    if isinstance(wanted, CompletedSpec):
        return model_unit(owner, generation, wanted, mode, defaults)
    return pipeline_unit(owner, generation, wanted, mode, defaults)


def pipeline_unit(
    owner: Owner, generation: int, wanted: CompletedPipeline, mode: Mode, defaults: Defaults
) -> ServingUnit | Invalid:
    """Check the graph and all of its steps, render each config.pbtxt, and put the unit together."""
    spec = wanted.spec
    name = spec.name or owner.key.name
    found = draft_graph(wanted, name, mode)
    if found.config is None:
        return Invalid(found.problems)
    steps, config = found.steps, config_pbtxt(found.config)
    planned = PlannedModel(name=name, version=UNVERSIONED, format=ArtifactFormat.ENSEMBLE)
    revision = pipeline_hash(spec, name, mode, wanted.pins, wanted.inline)
    return unit_of(spec, mode, defaults, _configs(found.graph, found.config))(
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
    """A pipeline as far as it is known."""

    steps: tuple[RenderedStep, ...]
    graph: Graph
    problems: tuple[Problem, ...]
    config: ModelConfig | None
    """Triton's ensemble; None where there are problems, or steps of which nothing is known."""


def draft_graph(wanted: CompletedPipeline, name: str, mode: Mode) -> GraphDraft:
    """The graph, complete or not, and all that is wrong with what is known of it."""
    spec = wanted.spec
    steps, problems = _prepared(wanted, mode)
    known = {step.step.name: step.config for step in steps}
    models = {
        step.name: known.get(step.name) or ModelConfig(name=f"{step.name}--unknown")
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
    """What joins the steps, none of them missing; ConfigError where it cannot be served."""
    runs = {
        one.name: StepModel(step.step.model, step.step.version, one.decoupled, one.sequential)
        for one, step in zip(graph.steps, steps, strict=True)
    }
    config = ensemble_config(spec, name=graph.name, models=runs)
    if problems := [*histograms(spec, _configs(graph, config))]:
        raise ConfigError(problems)
    return config


def _configs(graph: Graph, ensemble: ModelConfig) -> list[ModelConfig]:
    """Of all models of the repository."""
    return [*(config for step in graph.steps for config in step.configs), ensemble]


def _problems(
    spec: EnsemblePipelineSpec, graph: Graph, steps: Sequence[RenderedStep]
) -> list[Problem]:
    """What keeps the steps from being one set. `graph` may have steps of which nothing is known;
    `steps` are the others."""
    found = [*(check_graph(graph) or _clashes(graph.name, steps))]
    return [*found, *arguments(spec), *environment(spec), *_too_large(steps)]


def _prepared(wanted: CompletedPipeline, mode: Mode) -> tuple[list[RenderedStep], list[Problem]]:
    """Each step with its models, but for those that nothing is known of, and what is wrong."""
    steps: list[RenderedStep] = []
    if problems := [*_too_many_overrides(wanted.spec)]:
        return steps, problems
    for step in wanted.spec.steps:
        try:
            found = _prepare(wanted, step, mode)
        except ConfigError as error:
            problems += error.problems
        else:
            steps += [found] if found else []
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


def _prepare(wanted: CompletedPipeline, step: Step, mode: Mode) -> RenderedStep | None:
    if step.builtin is not None:
        return builtin(wanted.spec, step, step.builtin, mode)
    if step.name in wanted.pins:
        return referenced(wanted.spec, step, wanted.pins[step.name], mode)
    if step.name in wanted.inline:
        return inline(step, wanted.inline[step.name], mode)
    return None


def _repository(steps: Iterable[RenderedStep]) -> dict[str, ServedModel]:
    """Every model once, by name; with the digest, where only one of two steps knows it, and the
    larger of two limits of its size."""
    found: dict[str, ServedModel] = {}
    for step in steps:
        for model in step.models:
            known = found.setdefault(model.name, model)
            kept = model if known.planned.sha256 is None else known
            limit = max((known, model), key=_size_limit).planned.size_limit
            found[model.name] = replace(kept, planned=replace(kept.planned, size_limit=limit))
    return found


def _size_limit(model: ServedModel) -> int:
    return model.planned.size_limit or DEFAULT_SIZE_LIMIT


def _clashes(name: str, steps: Iterable[RenderedStep]) -> Iterator[Problem]:
    """Two steps may run one model, but not two models of one name; nor may what another pipeline
    brings along."""
    # Each model is a folder of its name, and a volume need not tell upper from lower case.
    first: dict[str, tuple[str, ServedModel | None]] = {name.lower(): ("the pipeline itself", None)}
    for step in steps:
        path = path_of(step.step.name)
        for model in step.models:
            other, known = first.setdefault(model.name.lower(), (f"step {step.step.name}", model))
            if known is None or not _are_one(known, model):
                yield Problem(
                    path,
                    f"another model called {short(model.name)} in Triton than that of {other}",
                    "one model of each name in a pipeline, in whatever case it is written",
                    "give one of them another name",
                )


def _are_one(one: ServedModel, other: ServedModel) -> bool:
    digests = {model.planned.sha256 for model in (one, other)} - {None}
    plans = (replace(model.planned, sha256=None, size_limit=None) for model in (one, other))
    return len(digests) < 2 and len(set(plans)) == 1 and one.config == other.config


def _too_large(steps: Sequence[RenderedStep]) -> Iterator[Problem]:
    """Each step's pin has all that it refers to, beside what the pipeline makes of it."""
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
