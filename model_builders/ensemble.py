"""Conversion of an EnsemblePipeline's spec into a ModelConfig of Triton's ensemble scheduler."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from model_builders.checks import config_rules, ensembles, files
from model_builders.checks.config_rules.subject import Subject
from model_builders.config_files import Place
from model_builders.overrides import apply_overrides
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig, plain_config, written_config
from model_builders.spec_paths import OF_PIPELINE
from model_builders.tensors import add_inputs, add_outputs

PLATFORM = "ensemble"


@dataclass(frozen=True, slots=True)
class StepModel:
    """The model of a step: its name in Triton and its version (-1: the newest)."""

    name: str
    version: int = -1
    decoupled: bool = False
    """Whether it may answer a request several times, or never."""
    sequential: bool = False
    """Whether an answer depends on the requests of its sequence that came before."""


def ensemble_config(
    spec: EnsemblePipelineSpec, *, name: str, models: Mapping[str, StepModel]
) -> ModelConfig:
    """Return the config of the ensemble that Triton knows as `name`.

    `models` maps each step's name to its model. Raises ConfigError if `configOverrides` don't
    parse, contradict the spec, or set a field that ensembles do not have. It also raises it for a
    cache of answers that Triton does not cache, or caches wrongly.
    """
    config = declared_ensemble(spec, name=name, models=models)
    declared = declared_ensemble(spec, name=name, models=models)
    text = spec.triton.config_overrides
    problems = apply_overrides(config, text, OF_PIPELINE) if text is not None else []
    decoupled = [step for step, model in models.items() if model.decoupled]
    sequential = [step for step, model in models.items() if model.sequential]
    cached = ensembles.cache(config, decoupled, sequential)
    own = [*ensembles.fields(config)] or [*files.missing(config, Place(None, name))]
    subject = Subject(config, declared, owners=OF_PIPELINE)
    own = own or [*config_rules.violations(subject, config_rules.OF_ENSEMBLES)]
    if problems := problems or [*own, *cached]:
        raise ConfigError(problems)
    return plain_config(config)


def declared_ensemble(
    spec: EnsemblePipelineSpec, *, name: str, models: Mapping[str, StepModel]
) -> Any:
    """Return a written config of the spec's own fields, before configOverrides."""
    config = written_config()
    config.name = name
    config.platform = PLATFORM
    config.max_batch_size = spec.max_batch_size
    add_inputs(config, spec.inputs)
    add_outputs(config, spec.outputs)
    for step in spec.steps:
        message = config.ensemble_scheduling.step.add()
        message.model_name = models[step.name].name
        message.model_version = models[step.name].version
        message.input_map.update(step.input_map)
        message.output_map.update(step.output_map)
    for key, value in spec.triton.parameters.items():
        config.parameters[key].string_value = value
    if spec.triton.response_cache is not None:
        config.response_cache.enable = True
    return config
