"""An EnsemblePipeline's spec, with the models that its steps run, as a Graph."""

from collections.abc import Mapping
from types import MappingProxyType

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from model_builders.graph.model import Graph, GraphStep
from model_builders.protobuf import ModelConfig


def graph_of(
    spec: EnsemblePipelineSpec,
    *,
    name: str,
    models: Mapping[str, ModelConfig],
    inner: Mapping[str, tuple[ModelConfig, ...]] = MappingProxyType({}),
) -> Graph:
    """Return the graph of the pipeline that Triton knows as `name`.

    `models` gives the config of what each step runs, by the step's name; a config without inputs
    and outputs where they are not known. `inner` gives those of the models within, for steps that
    run an ensemble.
    """
    steps = tuple(
        GraphStep(
            name=step.name,
            path=f"spec.steps[{step.name}]",
            model=models[step.name],
            input_map=step.input_map,
            output_map=step.output_map,
            inner=inner.get(step.name, ()),
        )
        for step in spec.steps
    )
    return Graph(name, spec.max_batch_size, spec.inputs, spec.outputs, steps)
