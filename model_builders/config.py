"""Conversion of an InferenceModel's spec into Triton's ModelConfig, and into config.pbtxt."""

from typing import Any

from google.protobuf import text_format

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.triton import Triton
from model_builders.batching import write_dynamic_batching
from model_builders.instances import add_instance_groups, move_to_cpu
from model_builders.names import backend_of
from model_builders.optimization import write_optimization
from model_builders.overrides import apply_overrides, parse_written
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig, plain_config, written_config
from model_builders.serving import add_warmup, write_metrics, write_version_policy
from model_builders.spec_paths import owners_of
from model_builders.tensors import add_inputs, add_outputs


def model_config(spec: InferenceModelSpec, *, name: str, accelerated: bool) -> ModelConfig:
    """Return the config of the model that Triton knows as `name`.

    `accelerated` is False if the spec asks for GPUs that no node offers: the model then runs on the
    CPU. Raises ConfigError if `configOverrides` don't parse or contradict the spec.
    """
    config = declared_config(spec, name=name)
    if spec.triton.config_overrides is not None:
        owners = owners_of(spec.model)
        problems = apply_overrides(config, spec.triton.config_overrides, owners)
        if problems:
            raise ConfigError(problems)
    if spec.accelerator is not None and not accelerated:
        move_to_cpu(config)
    return plain_config(config)


def declared_config(spec: InferenceModelSpec, *, name: str) -> Any:
    """Return a written config of the spec's own fields, before configOverrides."""
    config = written_config()
    config.name = name
    config.backend = backend_of(spec.model)
    config.max_batch_size = spec.model.max_batch_size
    add_inputs(config, spec.model.inputs or ())
    add_outputs(config, spec.model.outputs or ())
    write_triton(config, spec.triton)
    return config


def write_triton(config: Any, triton: Triton) -> None:
    """Write the fields of `spec.triton` into a written config, except configOverrides."""
    if triton.version_policy is not None:
        write_version_policy(config.version_policy, triton.version_policy)
    if triton.optimization is not None:
        write_optimization(config.optimization, triton.optimization)
    if triton.dynamic_batching is not None:
        write_dynamic_batching(config.dynamic_batching, triton.dynamic_batching)
    add_instance_groups(config, triton.instance_groups)
    for key, value in triton.parameters.items():
        config.parameters[key].string_value = value
    add_warmup(config, triton.warmup)
    if triton.response_cache is not None:
        config.response_cache.enable = True
    if triton.metrics is not None:
        write_metrics(config.model_metrics, triton.metrics)


def config_pbtxt(config: ModelConfig) -> str:
    """Return the text of config.pbtxt: fields in the schema's order, map keys sorted."""
    return text_format.MessageToString(config, as_utf8=True, use_short_repeated_primitives=True)


def parse_pbtxt(text: str, *, path: str = "config.pbtxt") -> ModelConfig:
    """Parse a config.pbtxt; ConfigError names line and column."""
    return plain_config(parse_written(text, path))
