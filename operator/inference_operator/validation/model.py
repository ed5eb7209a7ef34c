"""An InferenceModel's serving unit, or the problems of its spec."""

from collections.abc import Iterable
from functools import partial

from inference_operator.api.base import parse_quantity
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.serving_spec import ServingSpec
from inference_operator.api.triton_server import FirstRequest, TritonServer
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.domain.resolution import Resolved
from inference_operator.domain.serving_unit import (
    Owner,
    RolloutSettings,
    ServedModel,
    Server,
    ServingUnit,
    Workload,
)
from inference_operator.validation.defaults import Defaults
from inference_operator.validation.invalid import Invalid
from inference_operator.validation.revision_hash import revision_hash
from inference_operator.validation.signature import CompletedSpec
from inference_operator.validation.split_sequences import split_sequences
from model_builders.checks import check
from model_builders.config import config_pbtxt, model_config
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig
from model_builders.serving import HISTOGRAMS, measures_latency

# The version of sources that do not have a version of their own.
UNVERSIONED = 1
DEFAULT_SHARED_MEMORY = "256Mi"
# Parameters of built-in steps that may refuse a request of zeros, such as an empty text.
_REFUSING = ("bad_bars", "empty_text")


def model_unit(
    owner: Owner, generation: int, completed: CompletedSpec, mode: Mode, defaults: Defaults
) -> ServingUnit | Invalid:
    """Build the unit: run the checks that no schema can express, and render config.pbtxt."""
    spec, resolved = completed.spec, completed.resolved
    name = spec.model.name or owner.key.name
    version = resolved.version if resolved else UNVERSIONED
    problems = check(spec, version=version, name=name, image=defaults.triton_image)
    if problems:
        return Invalid(tuple(problems))
    try:
        config = model_config(spec, name=name, accelerated=mode is Mode.ACCELERATOR)
    except ConfigError as error:
        return Invalid(tuple(error.problems))
    if problems := [*split_sequences(spec.rollout, [config])]:
        return Invalid(tuple(problems))
    revision = revision_hash(completed.written, name, mode, resolved)
    return unit_of(spec, mode, defaults, [config])(
        owner=owner,
        generation=generation,
        models=(served_model(spec, name, config_pbtxt(config), resolved),),
        entry=name,
        revision=revision,
        spec_hash=revision,
    )


def unit_of(
    spec: ServingSpec, mode: Mode, defaults: Defaults, configs: Iterable[ModelConfig]
) -> "partial[ServingUnit]":
    """Return a constructor of units, with the fields that both kinds share already set."""
    return partial(
        ServingUnit,
        replicas=spec.replicas,
        server=_server(spec.triton, defaults, configs),
        workload=_workload(spec, mode),
        rollout=RolloutSettings.of(spec.rollout),
        headless=spec.service.headless,
    )


def served_model(
    spec: InferenceModelSpec, name: str, config: str, resolved: Resolved | None
) -> ServedModel:
    """Return the model with its source: the version of an alias, and the digest that the spec or
    the registry gives."""
    source = spec.model.source
    registered = resolved.facts.sha256 if resolved else None
    limit = spec.model.size_limit
    planned = PlannedModel(
        name=name,
        version=resolved.version if resolved else UNVERSIONED,
        format=ArtifactFormat(spec.model.known_format.value),
        uri=resolved.download if resolved else source.uri,
        sha256=source.sha256 or registered,
        credentials=source.secret_ref.name if source.secret_ref else None,
        size_limit=int(parse_quantity(limit)) if limit else None,
    )
    return ServedModel(planned, config, resolved.uri if resolved else source.uri, resolved)


def _server(triton: TritonServer, defaults: Defaults, configs: Iterable[ModelConfig]) -> Server:
    """Return the Triton container's settings: the spec's, the operator's defaults, and arguments
    that these configs need."""
    args: list[str] = []
    configs = tuple(configs)
    if triton.response_cache is not None:
        args.append(f"--cache-config=local,size={int(parse_quantity(triton.response_cache.size))}")
    if measures_latency(configs):
        args.append(f"--metrics-config={HISTOGRAMS}")
    return Server(
        image=triton.image or defaults.triton_image,
        loader_image=defaults.loader_image,
        artifact_cache=defaults.artifact_cache,
        args=(*args, *triton.extra_args),
        env=triton.env,
        shared_memory=triton.shared_memory or DEFAULT_SHARED_MEMORY,
        first_request=triton.first_request or _default_first_request(configs),
    )


def _default_first_request(configs: Iterable[ModelConfig]) -> FirstRequest:
    values = (
        config.parameters[name]
        for config in configs
        for name in _REFUSING
        if name in config.parameters
    )
    refuses = any(value.string_value == "Refuse" for value in values)
    return FirstRequest.IGNORE if refuses else FirstRequest.CHECK


def _workload(spec: ServingSpec, mode: Mode) -> Workload:
    return Workload(
        resources=spec.resources,
        accelerator=spec.accelerator,
        mode=mode,
        placement=spec.placement,
        image_pull_secrets=tuple(secret.name for secret in spec.image_pull_secrets),
        service_account=spec.service_account_name,
    )
