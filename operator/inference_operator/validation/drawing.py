"""A pipeline's graph for people who look at it before they apply it, even if incomplete."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, Step
from inference_operator.api.problem import Problem
from inference_operator.api.validate import parse
from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.validation.accelerator import choose_mode
from inference_operator.validation.assess import body_of
from inference_operator.validation.pipeline import draft_graph
from inference_operator.validation.references import resolve_references
from model_builders.builtin.config import builtin_type
from model_builders.graph.model import Graph


@dataclass(frozen=True, slots=True)
class Drawing:
    """The graph, and messages about it."""

    graph: Graph
    runs: Mapping[str, str]
    """The model and version, or the built-in, that each step runs."""

    problems: tuple[Problem, ...]
    """Problems for which the operator would refuse the pipeline."""

    unknown: tuple[str, ...]
    """Sentences about steps with unknown models, whose tensors are not checked."""


def drawing(seen: Observed, state: RolloutState) -> Drawing:
    """Draw the graph of a pipeline. InvalidResourceError: its spec cannot be parsed."""
    spec = parse(body_of(seen)).spec
    if not isinstance(spec, EnsemblePipelineSpec):
        raise TypeError(f"{seen.owner.key} has no graph")
    steps = resolve_references(seen, state, spec)
    mode = choose_mode(spec.accelerator, spec.placement, seen.inputs.nodes).mode
    draft = draft_graph(steps.partial, spec.name or seen.owner.key.name, mode)
    served = {step.step.name: f"{step.step.model}:{step.step.version}" for step in draft.steps}
    runs = {step.name: _runs(step, served.get(step.name)) for step in spec.steps}
    unknown = (steps.unresolved.message,) if steps.unresolved else ()
    return Drawing(draft.graph, runs, (*steps.problems, *draft.problems), unknown)


def _runs(step: Step, served: str | None) -> str:
    if step.builtin is not None:
        return f"built-in {builtin_type(step.builtin)}"
    if served is not None:
        return served
    return f"{step.model_ref.name}: not known" if step.model_ref is not None else "not known"
