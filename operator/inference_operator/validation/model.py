"""From a custom resource as written to a serving unit, or to the problems that prevent it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from inference_operator.api.base import parse_quantity
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem, joined
from inference_operator.api.reasons import Reason
from inference_operator.api.serving_spec import ServingSpec
from inference_operator.api.triton_server import TritonServer
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.allow_lists import AllowLists
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
from inference_operator.validation.revision_hash import revision_hash
from inference_operator.validation.signature import CompletedSpec
from model_builders.checks import check
from model_builders.config import config_pbtxt, model_config
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig
from model_builders.serving import HISTOGRAMS, measures_latency

# Of sources that carry no version of their own.
UNVERSIONED = 1
DEFAULT_SHARED_MEMORY = "256Mi"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a spec may leave to the operator. Never part of a revision's hash."""

    triton_image: str
    loader_image: str
    artifact_cache: str | None = None
    staged: int = 0
    """How many units may get new defaults at once; 0: none does until its own spec changes."""

    allowed: AllowLists = field(default_factory=AllowLists)
    """What a spec may name, for new revisions."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """Why a custom resource cannot be served as written."""

    problems: tuple[Problem, ...]
    reason: Reason = Reason.INVALID_SPEC

    @property
    def message(self) -> str:
        return joined(self.problems)


def model_unit(
    owner: Owner, generation: int, wanted: CompletedSpec, mode: Mode, defaults: Defaults
) -> ServingUnit | Invalid:
    """Check what no schema can, render config.pbtxt, and put the unit together."""
    spec, resolved = wanted.spec, wanted.resolved
    name = spec.model.name or owner.key.name
    version = resolved.version if resolved else UNVERSIONED
    problems = check(spec, version=version, name=name)
    if problems:
        return Invalid(tuple(problems))
    try:
        config = model_config(spec, name=name, accelerated=mode is Mode.ACCELERATOR)
    except ConfigError as error:
        return Invalid(tuple(error.problems))
    revision = revision_hash(wanted.written, name, mode, resolved)
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
    """Return the constructor of a unit, with what specs of both kinds have."""
    return partial(
        ServingUnit,
        replicas=spec.replicas,
        server=_server(spec.triton, defaults, configs),
        workload=_workload(spec, mode),
        rollout=RolloutSettings.of(spec.rollout),
    )


def served_model(
    spec: InferenceModelSpec, name: str, config: str, resolved: Resolved | None
) -> ServedModel:
    """The model with where it comes from: an alias as the version that it named, and the digest
    that the spec or the registry has."""
    source = spec.model.source
    known = resolved.facts.sha256 if resolved else None
    limit = spec.model.size_limit
    planned = PlannedModel(
        name=name,
        version=resolved.version if resolved else UNVERSIONED,
        format=ArtifactFormat(spec.model.known_format.value),
        uri=resolved.download if resolved else source.uri,
        sha256=source.sha256 or known,
        credentials=source.secret_ref.name if source.secret_ref else None,
        size_limit=int(parse_quantity(limit)) if limit else None,
    )
    return ServedModel(planned, config, resolved.uri if resolved else source.uri, resolved)


def _server(triton: TritonServer, defaults: Defaults, configs: Iterable[ModelConfig]) -> Server:
    """How the Triton container runs, with what the spec leaves to the operator, and what the models
    of these configs need."""
    args: list[str] = []
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
    )


def _workload(spec: ServingSpec, mode: Mode) -> Workload:
    """What the pods need and where they may run."""
    return Workload(
        resources=spec.resources,
        accelerator=spec.accelerator,
        mode=mode,
        placement=spec.placement,
        image_pull_secrets=tuple(secret.name for secret in spec.image_pull_secrets),
        service_account=spec.service_account_name,
    )
