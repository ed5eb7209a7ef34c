"""A serving unit: what any custom resource of ours is validated into, and all that planning knows.

An InferenceModel is a unit of one model; an EnsemblePipeline will be one of several and an
ensemble. One Triton serves a unit.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from inference_operator.api.environment import EnvVar
from inference_operator.api.model import ModelFormat
from inference_operator.api.rollout import Rollout
from inference_operator.api.source import Source
from inference_operator.api.workload import Accelerator, Placement, Resources
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.names import UnitKey
from inference_operator.domain.resolution import Resolved


@dataclass(frozen=True, slots=True)
class Owner:
    """The custom resource, as its children's owner reference names it."""

    key: UnitKey
    api_version: str
    uid: str


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One model of the unit's repository."""

    name: str
    """Its name in Triton."""

    version: int
    """Its version directory, which every response names."""

    format: ModelFormat
    source: Source
    config: str
    """Its config.pbtxt."""

    resolved: Resolved | None = None
    """What the registry made of the source; None for sources of no registry."""

    @property
    def uri(self) -> str:
        """Where it comes from: an alias as the version that it named."""
        return self.resolved.uri if self.resolved else self.source.uri

    @property
    def download(self) -> str:
        """What the pod fetches."""
        return self.resolved.download if self.resolved else self.source.uri

    @property
    def sha256(self) -> str | None:
        """The digest that pins the artifact: the spec's, else the one that the registry has."""
        known = self.resolved.facts.sha256 if self.resolved else None
        return self.source.sha256 or known


@dataclass(frozen=True, slots=True)
class Server:
    """How the Triton container runs."""

    image: str
    loader_image: str
    args: tuple[str, ...]
    env: tuple[EnvVar, ...]
    shared_memory: str
    """Size of /dev/shm, as a quantity."""

    artifact_cache: str | None = None
    """Address of the node's artifact cache, where there is one."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What the pods need and where they may run."""

    resources: Resources
    accelerator: Accelerator | None
    mode: Mode
    placement: Placement
    image_pull_secrets: tuple[str, ...]
    service_account: str | None


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """How a new revision takes over."""

    history_limit: int = 10
    scale_down_delay: timedelta = timedelta(seconds=30)
    progress_deadline: timedelta = timedelta(minutes=10)
    paused: bool = False

    @classmethod
    def of(cls, rollout: Rollout) -> "RolloutSettings":
        return cls(
            history_limit=rollout.revision_history_limit,
            scale_down_delay=rollout.scale_down_delay,
            progress_deadline=rollout.progress_deadline,
            paused=rollout.paused,
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
    revision: str = ""
    """Names this unit's wanted revision; `spec_hash`, unless it was made anew of the same spec."""

    spec_hash: str = ""
    """Hash of everything in the spec that decides how pods serve."""

    @property
    def key(self) -> UnitKey:
        return self.owner.key

    @property
    def entry_model(self) -> ServedModel:
        return next(model for model in self.models if model.name == self.entry)
