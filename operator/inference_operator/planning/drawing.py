"""A pipeline's graph for people who look at it before they apply it, complete or not."""

from dataclasses import dataclass

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.api.validate import parse
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.observed import Observed
from inference_operator.domain.pipeline import CompletedPipeline, prepared
from inference_operator.planning.position import position_of
from inference_operator.planning.references import settle_pipeline
from inference_operator.planning.wanted import body_of
from model_builders.graph.checks import check_graph
from model_builders.graph.model import Graph
from model_builders.graph.spec import graph_of
from model_builders.problem import Problem
from model_builders.protobuf import ModelConfig


@dataclass(frozen=True, slots=True)
class Drawing:
    """The graph, and what is to be said of it."""

    graph: Graph
    problems: tuple[Problem, ...]
    """What the operator would refuse it for."""

    unknown: tuple[str, ...]
    """Sentences about steps of whose models nothing is known; their tensors are not checked."""


def drawing(seen: Observed) -> Drawing:
    """The graph of a pipeline; InvalidResourceError or ConfigError where its spec has none."""
    spec = parse(body_of(seen)).spec
    if not isinstance(spec, EnsemblePipelineSpec):
        raise TypeError(f"{seen.owner.key} has no graph")
    settled = settle_pipeline(seen, position_of(seen), spec)
    steps, problems = prepared(CompletedPipeline(spec, settled.pins, settled.inline), Mode.CPU)
    known = {step.step.name: step.config for step in steps}
    models = {step.name: known.get(step.name, ModelConfig(name=step.name)) for step in spec.steps}
    graph = graph_of(spec, name=spec.name or seen.owner.key.name, models=models)
    unknown = (settled.unresolved.message,) if settled.unresolved else ()
    return Drawing(graph, (*problems, *check_graph(graph)), unknown)
