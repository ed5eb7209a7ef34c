"""An EnsemblePipeline's spec as the ModelConfig of Triton's ensemble scheduler."""

from collections.abc import Mapping
from typing import Any

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from model_builders.config import write_triton
from model_builders.overrides import apply_overrides
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig, plain_config, written_config
from model_builders.tensors import add_inputs, add_outputs

PLATFORM = "ensemble"


def ensemble_config(
    spec: EnsemblePipelineSpec, *, name: str, served_names: Mapping[str, str]
) -> ModelConfig:
    """The config of the ensemble that Triton knows as `name`.

    `served_names` gives Triton's name for each resource that a step refers to. Raises ConfigError
    where `configOverrides` don't parse or contradict the spec.
    """
    config = declared_ensemble(spec, name=name, served_names=served_names)
    if spec.triton.config_overrides is not None:
        problems = apply_overrides(config, spec.triton.config_overrides)
        if problems:
            raise ConfigError(problems)
    return plain_config(config)


def declared_ensemble(
    spec: EnsemblePipelineSpec, *, name: str, served_names: Mapping[str, str]
) -> Any:
    """What the spec's own fields say, before configOverrides, as a written config."""
    config = written_config()
    config.name = name
    config.platform = PLATFORM
    config.max_batch_size = spec.max_batch_size
    add_inputs(config, spec.inputs)
    add_outputs(config, spec.outputs)
    for step in spec.steps:
        message = config.ensemble_scheduling.step.add()
        message.model_name = served_names[step.model_ref.name]
        message.model_version = step.model_version
        message.input_map.update(step.input_map)
        message.output_map.update(step.output_map)
    write_triton(config, spec.triton)
    return config
