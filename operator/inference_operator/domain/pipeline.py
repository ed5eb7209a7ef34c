"""From an EnsemblePipeline as written to a serving unit, or to the problems that prevent it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, Step
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.completion import Completed
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.domain.revision import pipeline_hash
from inference_operator.domain.serving_unit import (
    Owner,
    RolloutSettings,
    ServedModel,
    ServingUnit,
)
from inference_operator.domain.steps import Prepared, builtin, inline, referenced
from inference_operator.domain.validation import (
    UNVERSIONED,
    Defaults,
    Invalid,
    model_unit,
    server_of,
    workload_of,
)
from model_builders.checks.server import arguments, environment
from model_builders.config import config_pbtxt
from model_builders.ensemble import StepModel, ensemble_config
from model_builders.graph.checks import check_graph
from model_builders.graph.spec import graph_of
from model_builders.problem import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class CompletedPipeline:
    """A pipeline with what its steps stand for, by the step's name."""

    spec: EnsemblePipelineSpec
    pins: Mapping[str, Pin] = field(default_factory=dict)
    inline: Mapping[str, Completed] = field(default_factory=dict)


def serving_unit(
    owner: Owner,
    generation: int,
    wanted: Completed | CompletedPipeline,
    mode: Mode,
    defaults: Defaults,
) -> ServingUnit | Invalid:
    """The unit that a resource of either kind asks for."""
    if isinstance(wanted, Completed):
        return model_unit(owner, generation, wanted, mode, defaults)
    return pipeline_unit(owner, generation, wanted, mode, defaults)


def pipeline_unit(
    owner: Owner, generation: int, wanted: CompletedPipeline, mode: Mode, defaults: Defaults
) -> ServingUnit | Invalid:
    """Check the graph and all of its steps, render each config.pbtxt, and put the unit together."""
    spec = wanted.spec
    name = spec.name or owner.key.name
    steps, problems = prepared(wanted, mode)
    if not problems:
        graph = graph_of(spec, name=name, models={s.step.name: s.config for s in steps})
        problems = [*(check_graph(graph) or _clashes(name, steps))]
        problems += [*arguments(spec), *environment(spec)]
    if problems:
        return Invalid(tuple(str(problem) for problem in problems))
    runs = {step.step.name: StepModel(step.step.model, step.step.version) for step in steps}
    try:
        config = config_pbtxt(ensemble_config(spec, name=name, models=runs))
    except ConfigError as error:
        return Invalid(tuple(str(problem) for problem in error.problems))
    planned = PlannedModel(name=name, version=UNVERSIONED, format=ArtifactFormat.ENSEMBLE)
    revision = pipeline_hash(spec, name, mode, wanted.pins, wanted.inline)
    measures = any(step.config.HasField("model_metrics") for step in steps)
    return ServingUnit(
        owner=owner,
        generation=generation,
        replicas=spec.replicas,
        models=(*_repository(steps).values(), ServedModel(planned, config)),
        entry=name,
        steps=tuple(step.step for step in steps),
        server=server_of(spec.triton, defaults, histograms=measures),
        workload=workload_of(spec, mode),
        rollout=RolloutSettings.of(spec.rollout),
        revision=revision,
        spec_hash=revision,
    )


def prepared(wanted: CompletedPipeline, mode: Mode) -> tuple[list[Prepared], list[Problem]]:
    """Each step with its models, but for those that nothing is known of, and what is wrong."""
    steps: list[Prepared] = []
    problems: list[Problem] = []
    for step in wanted.spec.steps:
        try:
            found = _prepare(wanted, step, mode)
        except ConfigError as error:
            problems += error.problems
        else:
            steps += [found] if found else []
    return steps, problems


def _prepare(wanted: CompletedPipeline, step: Step, mode: Mode) -> Prepared | None:
    if step.builtin is not None:
        return builtin(wanted.spec, step, step.builtin)
    if step.name in wanted.pins:
        return referenced(wanted.spec, step, wanted.pins[step.name], mode)
    if step.name in wanted.inline:
        return inline(step, wanted.inline[step.name], mode)
    return None


def _repository(steps: Iterable[Prepared]) -> dict[str, ServedModel]:
    """Every model once, by name."""
    return {model.name: model for step in steps for model in step.models}


def _clashes(name: str, steps: Iterable[Prepared]) -> Iterator[Problem]:
    """Two steps may run one model, but not two models of one name; nor may what another pipeline
    brings along."""
    first: dict[str, tuple[str, ServedModel | None]] = {name: ("the pipeline itself", None)}
    for step in steps:
        path = f"spec.steps[{step.step.name}]"
        for model in step.models:
            other, known = first.setdefault(model.name, (f"step {step.step.name}", model))
            if known != model:
                yield Problem(
                    path,
                    f"another model called {model.name} in Triton than that of {other}",
                    "one model of each name in a pipeline",
                    "give one of them another name",
                )
