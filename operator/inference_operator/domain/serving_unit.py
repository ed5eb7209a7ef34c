"""A serving unit: the validated form of each of our custom resources, and all that planning reads.
An InferenceModel is a unit of one model, an EnsemblePipeline one of several models and the ensemble
that joins them. One Triton serves a unit."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from inference_operator.api.canary import Canary, CanaryStep
from inference_operator.api.environment import EnvVar
from inference_operator.api.rollout import Recreate, Rollout
from inference_operator.api.triton_server import FirstRequest
from inference_operator.api.workload import Accelerator, Placement, Resources
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.names import UnitKey
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.domain.resolution import Resolved
from inference_operator.domain.traffic import Split


@dataclass(frozen=True, slots=True)
class Owner:
    """The custom resource, as its children's owner reference names it."""

    key: UnitKey
    api_version: str
    uid: str


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One model of the unit's repository."""

    planned: PlannedModel
    """The loader's task: name and version in Triton, and the source of the artifact."""

    config: str
    """Its config.pbtxt."""

    uri: str = ""
    """Source of the artifact for people: an alias is replaced by the version that it named."""

    resolved: Resolved | None = None
    """Version that the registry resolved the source to; None for sources outside a registry."""

    @property
    def name(self) -> str:
        return self.planned.name

    @property
    def version(self) -> int:
        """Its version directory, which every response names."""
        return self.planned.version


@dataclass(frozen=True, slots=True)
class ServedStep:
    """One step of a pipeline: the model of the repository that runs it, and the model's source."""

    name: str
    model: str
    """Name of the model in Triton."""

    version: int
    uri: str = ""
    """Uri of its artifact; empty for built-in steps."""

    pin: Pin | None = None
    """The stable revision that a `modelRef` stood for."""

    resolved: Resolved | None = None
    """Version that the registry resolved an inline model's source to."""

    @property
    def summary(self) -> str:
        """The step, with its version if it has one: `price:3`."""
        return f"{self.name}:{self.version}" if self.uri or self.pin else self.name


@dataclass(frozen=True, slots=True)
class Server:
    """Settings of the Triton container."""

    image: str
    loader_image: str
    args: tuple[str, ...]
    env: tuple[EnvVar, ...]
    shared_memory: str
    """Size of /dev/shm, as a quantity."""

    artifact_cache: str | None = None
    """Address of the node's artifact cache, if there is one."""

    first_request: FirstRequest = FirstRequest.CHECK
    """Meaning of the first request to the model."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Resources of the pods, and the nodes for them."""

    resources: Resources
    accelerator: Accelerator | None
    mode: Mode
    placement: Placement
    image_pull_secrets: tuple[str, ...]
    service_account: str | None


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """Settings for the replacement of the serving revision by a new one."""

    history_limit: int = 10
    scale_down_delay: timedelta = timedelta(seconds=30)
    progress_deadline: timedelta = timedelta(minutes=10)
    paused: bool = False
    canary: Canary | None = None
    recreate: Recreate | None = None

    @property
    def steps(self) -> tuple[CanaryStep, ...]:
        """Steps by which a canary gets its clients; empty if all move at once."""
        return self.canary.steps if self.canary else ()

    @property
    def split(self) -> Split:
        """What divides the requests between the stable revision and a canary."""
        if self.canary is None:
            return Split.SELECTOR
        return Split.ROUTE if self.canary.gateway else Split.REPLICAS

    @classmethod
    def of(cls, rollout: Rollout) -> "RolloutSettings":
        return cls(
            history_limit=rollout.revision_history_limit,
            scale_down_delay=rollout.scale_down_delay,
            progress_deadline=rollout.progress_deadline,
            paused=rollout.paused,
            canary=rollout.canary,
            recreate=rollout.recreate,
        )


@dataclass(frozen=True, slots=True)
class ServingUnit:
    """A validated custom resource."""

    owner: Owner
    generation: int
    replicas: int
    models: tuple[ServedModel, ...]
    entry: str
    """Name of the model that clients call; its version's readiness is the pod's."""

    server: Server
    workload: Workload
    rollout: RolloutSettings = field(default_factory=RolloutSettings)
    steps: tuple[ServedStep, ...] = ()
    """Steps of a pipeline."""

    headless: bool = False
    """Whether it has a headless Service too."""

    revision: str = ""
    """Name of this unit's desired revision: `spec_hash`, unless the same spec was rendered
    again."""

    spec_hash: str = ""
    """Hash of everything in the spec that decides how pods serve."""

    @property
    def key(self) -> UnitKey:
        return self.owner.key

    @property
    def entry_model(self) -> ServedModel:
        return next(model for model in self.models if model.name == self.entry)

    @property
    def last_known_version(self) -> str:
        """The registry versions that it serves, as one text."""
        resolved = (self.entry_model.resolved, *(step.resolved for step in self.steps))
        return ", ".join(str(version) for version in resolved if version)

    def numbered(self, number: int) -> "ServingUnit":
        """Return the unit with the number of its revision as a pipeline's own version. Every answer
        then names the set of models that gave it."""
        models = tuple(
            replace(model, planned=replace(model.planned, version=number))
            if model.planned.format is ArtifactFormat.ENSEMBLE and model.name == self.entry
            else model
            for model in self.models
        )
        return replace(self, models=models)
