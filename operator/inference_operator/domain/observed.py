"""What was seen of one unit in the cluster: read once a pass, then only passed along."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.api.status import UnitStatus
from inference_operator.domain.accelerator import Mode, Node
from inference_operator.domain.names import ChildKey, UnitKey, revision_child_name
from inference_operator.domain.pins import Pin
from inference_operator.domain.resolution import Resolution, Resolved, SourceKey
from inference_operator.domain.serving_unit import Owner, ServedStep

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Container:
    """State of one container of a pod."""

    image: str = ""
    ready: bool = False
    running: bool = False
    waiting_reason: str = ""
    waiting_message: str = ""
    exit_code: int | None = None
    """Of the last end of the container, now or before its restart; None when it never ended."""

    exit_reason: str = ""
    exit_message: str = ""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod of a revision."""

    name: str
    revision: str
    ready: bool = False
    terminating: bool = False
    unschedulable: str = ""
    """The scheduler's words when no node can take the pod."""

    loader: Container | None = None
    triton: Container | None = None


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """A revision's Deployment."""

    replicas: int
    """Pods it was asked for."""

    ready: int
    """Pods in which the model answers."""

    refused: str = ""
    """Why the API server refuses its pods, when it does."""


@dataclass(frozen=True, slots=True)
class RevisionRecord:
    """A revision as it was recorded when it was made; see resources.controller_revision."""

    revision: str
    number: int
    model: str
    version: int
    uri: str
    sha256: str | None
    mode: Mode
    children: tuple[Manifest, ...]
    """Its ConfigMap and Deployment, as rendered then, without owner and replicas."""

    made_of: str | None = None
    """The hash of its spec, where that is not the revision's own name."""

    resolved: Resolved | None = None
    """What the registry made of its source then."""

    steps: tuple[ServedStep, ...] = ()
    """Of a pipeline."""

    @property
    def step_versions(self) -> str:
        """Its steps in a few words: `features,price:3,average`."""
        return ",".join(step.summary for step in self.steps)

    @property
    def summary(self) -> str:
        """What it serves: where the model is from, or the set of a pipeline."""
        return f"set {self.version} ({self.step_versions})" if self.steps else shown_uri(self.uri)

    @property
    def resolved_steps(self) -> Mapping[str, Resolved]:
        """What the registry made of a pipeline's inline models then, by step."""
        return {step.name: step.resolved for step in self.steps if step.resolved}

    @property
    def repository(self) -> Mapping[str, str]:
        """plan.json, and a config.pbtxt a model."""
        found = (c.get("data") or {} for c in self.children if c["kind"] == "ConfigMap")
        return next(found, {})

    @property
    def spec_hash(self) -> str:
        """What the spec alone would name it."""
        return self.made_of or self.revision

    @property
    def triton_image(self) -> str | None:
        """The image that it serves with."""
        pods = (c["spec"]["template"] for c in self.children if c["kind"] == "Deployment")
        containers = (c for pod in pods for c in pod["spec"]["containers"])
        return next((str(c["image"]) for c in containers if c["name"] == "triton"), None)


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A ControllerRevision of the unit that holds what no operator writes: nothing is applied from
    it."""

    name: str
    """Name of the ControllerRevision."""

    why: str
    """Field path, value and requirement."""

    spec_hash: str = ""
    """What the record says was made into it; for keeping to what runs, never for applying it."""

    number: int = 0
    """The number that it claims; 0 where that is not one."""


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """What a step's `modelRef` names, in the pipeline's own namespace."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Referenced:
    """What is known of the resource that a `modelRef` names."""

    stable: Pin | None = None
    """Its stable revision; None while it never had one."""

    ready: bool = False
    reason: str = ""
    """Of its Ready condition."""

    deleting: bool = False
    path_back: tuple[str, ...] = ()
    """The pipelines by which its own references lead back to the unit, itself first and the unit
    last; empty where they do not."""

    lack: tuple[Reason, str, str] | None = None
    """Why there is nothing to pin, where no cluster says it: the reason, the fact, the remedy."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The cluster's side of one unit."""

    owner: Owner
    generation: int
    spec: Mapping[str, Any]
    """Of the custom resource, as it was written."""

    status: UnitStatus
    children: Mapping[ChildKey, Manifest] = field(default_factory=dict)
    """Live children, by kind and name."""

    orphans_of_predecessor: frozenset[ChildKey] = frozenset()
    """Children of a deleted predecessor of the same name, which the garbage collector will take."""

    name_conflicts: Mapping[ChildKey, UnitKey | None] = field(default_factory=dict)
    """Names of children of ours that somebody else's objects have: the unit that they belong to,
    None for objects that are no unit's."""

    revisions: Mapping[str, RevisionRecord] = field(default_factory=dict)
    rejected: Mapping[str, RejectedRecord] = field(default_factory=dict)
    """Records that are not accepted, by the name of their ControllerRevision."""

    deployments: Mapping[str, DeploymentView] = field(default_factory=dict)
    pods: tuple[Pod, ...] = ()
    served_revision: str | None = None
    """The revision that the Service selects."""

    nodes: tuple[Node, ...] | None = ()
    """Of units with an accelerator; None where they are not known, which is not the same as none.
    """

    resolutions: Mapping[SourceKey, Resolution] = field(default_factory=dict)
    """What the registry says of the spec's sources: nothing of those that it was not asked about
    (yet)."""

    references: Mapping[Reference, Referenced] = field(default_factory=dict)
    """The resources that its steps refer to, as far as they exist."""

    deleting: bool = False
    holds_slot: bool = False
    """Whether it may get new defaults of the operator now."""

    def pods_of(self, revision: str) -> tuple[Pod, ...]:
        return tuple(p for p in self.pods if p.revision == revision and not p.terminating)

    def rejected_of(self, revision: str | None) -> RejectedRecord | None:
        """Return the record of the revision, where there is one that is not accepted."""
        return self.rejected.get(revision_child_name(self.owner.key.name, revision or ""))

    def ready_of(self, revision: str | None) -> int:
        found = self.deployments.get(revision) if revision else None
        return found.ready if found else 0
