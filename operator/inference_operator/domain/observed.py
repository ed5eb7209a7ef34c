"""Observed state of one unit in the cluster, which each pass reads once and then passes along."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inference_operator.api.shown_uri import shown_uri
from inference_operator.api.status import UnitStatus
from inference_operator.domain.accelerator import Mode, Node
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.commands import NONE, Commands
from inference_operator.domain.gateway import GatewayView
from inference_operator.domain.names import ChildKey, UnitKey, revision_child_name
from inference_operator.domain.references import Reference, Referenced
from inference_operator.domain.resolution import Resolution, Resolved, SourceKey
from inference_operator.domain.scaling_question import ScalingAnswer
from inference_operator.domain.serving_unit import Owner, ServedStep
from inference_operator.domain.traffic import Traffic

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Container:
    """State of one container of a pod."""

    image: str = ""
    ready: bool = False
    running: bool = False
    running_since: datetime | None = None
    """When it started; None while it does not run, or if the time cannot be read."""

    started: bool = False
    """Whether its startup probe has succeeded since then: Triton calls the version ready."""

    waiting_reason: str = ""
    waiting_message: str = ""
    exit_code: int | None = None
    """Exit code of the container's last end, now or before its restart; None if it never ended."""

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
    ending_since: datetime | None = None
    """When somebody asked for its end; None while nobody has, or if the time cannot be read."""

    finished: bool = False
    """Whether all its containers have ended for good, as after an eviction: it holds no GPU."""

    created: datetime | None = None
    ready_since: datetime | None = None
    """When it became ready last; None if it is not, or if the time cannot be read."""

    unschedulable: str = ""
    """The scheduler's message if no node can take the pod."""

    node: str = ""
    """Its node; empty before it has one, and for a pod without an accelerator."""

    loader: Container | None = None
    triton: Container | None = None
    probe: Container | None = None
    """The sidecar that asks the model; older revisions have none."""

    lost_readiness: bool = False
    """Whether it was ready since Triton started, and is not any more."""

    @property
    def is_held_back(self) -> bool:
        """Whether Triton calls the version ready, and the sidecar does not: the model does not
        answer, or did not pass its first request."""
        triton, probe = self.triton, self.probe
        if triton is None or probe is None or not triton.started:
            return False
        # The first sidecars were asked by a probe of their own.
        return not (triton.ready and probe.ready)


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """A revision's Deployment."""

    replicas: int
    """Number of requested pods."""

    ready: int
    """Number of pods in which the model answers."""

    refused: str = ""
    """The API server's reason for refusing its pods, if it does."""


@dataclass(frozen=True, slots=True)
class RevisionRecord:
    """A revision as it was recorded at its creation; see resources.controller_revision."""

    revision: str
    number: int
    model: str
    version: int
    uri: str
    sha256: str | None
    mode: Mode
    children: tuple[Manifest, ...]
    """Its ConfigMap and Deployment as rendered then, without owner and replicas."""

    made_of: str | None = None
    """The hash of its spec, if that differs from the revision's own name."""

    resolved: Resolved | None = None
    """Version that the registry resolved its source to at that time."""

    steps: tuple[ServedStep, ...] = ()
    """Steps of a pipeline."""

    @property
    def step_versions(self) -> str:
        """Summary of its steps: `features,price:3,average`."""
        return ",".join(step.summary for step in self.steps)

    @property
    def summary(self) -> str:
        """Summary of what it serves: the model's source, or the pipeline's set of steps."""
        return f"set {self.version} ({self.step_versions})" if self.steps else shown_uri(self.uri)

    @property
    def resolved_steps(self) -> Mapping[str, Resolved]:
        """Versions that the registry resolved a pipeline's inline models to, by step."""
        return {step.name: step.resolved for step in self.steps if step.resolved}

    @property
    def repository(self) -> Mapping[str, str]:
        """The plan.json, and one config.pbtxt for each model."""
        data = (c.get("data") or {} for c in self.children if c["kind"] == "ConfigMap")
        return next(data, {})

    @property
    def spec_hash(self) -> str:
        """Hash of its spec: `made_of`, or the revision's own name."""
        return self.made_of or self.revision

    @property
    def triton_image(self) -> str | None:
        """The Triton image of its pods."""
        pods = (c["spec"]["template"] for c in self.children if c["kind"] == "Deployment")
        containers = (c for pod in pods for c in pod["spec"]["containers"])
        return next((str(c["image"]) for c in containers if c["name"] == "triton"), None)


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A ControllerRevision of the unit with content that no operator writes. It is never
    applied."""

    name: str
    """Name of the ControllerRevision."""

    why: str
    """Field path, value and requirement."""

    spec_hash: str = ""
    """The hash of its spec, according to the record. It serves to keep running pods, never to apply
    the record."""

    number: int = 0
    """The number of its revision, according to the record; 0 if that is not a number."""


@dataclass(frozen=True, slots=True)
class Children:
    """The unit's children, and what they tell."""

    live: Mapping[ChildKey, Manifest] = field(default_factory=dict)
    """The objects, by kind and name."""

    orphans_of_predecessor: frozenset[ChildKey] = frozenset()
    """Children of a deleted predecessor of the same name. The garbage collector will delete
    them."""

    name_conflicts: Mapping[ChildKey, UnitKey | None] = field(default_factory=dict)
    """Names of our children that other objects already use, with the unit of each object, or None
    if it belongs to no unit."""

    revisions: Mapping[str, RevisionRecord] = field(default_factory=dict)
    rejected: Mapping[str, RejectedRecord] = field(default_factory=dict)
    """Rejected records, by the name of their ControllerRevision."""

    deployments: Mapping[str, DeploymentView] = field(default_factory=dict)
    pods: tuple[Pod, ...] = ()
    baselines: Mapping[str, DeploymentView] = field(default_factory=dict)
    """The baseline of each revision that has one. No other field counts its pods."""

    baseline_pods: tuple[Pod, ...] = ()
    traffic: Traffic = field(default_factory=Traffic)
    """Where the Service leads clients, or the routes of a unit with a gateway."""

    gateway: GatewayView | None = None
    """The routes of a unit with a gateway, and the Services behind them."""

    def pods_of(self, revision: str) -> tuple[Pod, ...]:
        return tuple(p for p in self.pods if p.revision == revision and not p.terminating)

    @property
    def answering(self) -> dict[str, int]:
        """Return the pods in which the model answers, by revision."""
        return {revision: view.ready for revision, view in self.deployments.items()}

    def ready_of(self, revision: str | None) -> int:
        deployment = self.deployments.get(revision) if revision else None
        return deployment.ready if deployment else 0

    def baseline_ready_of(self, revision: str | None) -> int:
        baseline = self.baselines.get(revision) if revision else None
        return baseline.ready if baseline else 0


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a unit reads besides its own spec and children."""

    nodes: tuple[Node, ...] | None = ()
    """Nodes, for units with an accelerator; None if they were not read, which differs from an empty
    cluster."""

    resolutions: Mapping[SourceKey, Resolution] = field(default_factory=dict)
    """The registry's answers about the spec's sources. Sources without an answer are missing."""

    references: Mapping[Reference, Referenced] = field(default_factory=dict)
    """Existing resources that its steps refer to."""

    commands: Commands = NONE
    """What people told its rollout to do."""

    analysis: AnalysisResult | None = None
    """What the metrics of its canary say. None if the operator has no Prometheus."""

    is_measured: bool = False
    """Whether the operator has a Prometheus."""

    scaling: ScalingAnswer | None = None
    """The last answer about its number of pods. None before the first sweep."""

    freeze: str = ""
    """Part of a sentence: why rollouts of its namespace are frozen; empty if they are not."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Observed state of one unit in the cluster: its custom resource, children and inputs."""

    owner: Owner
    generation: int
    spec: Mapping[str, Any]
    """Spec of the custom resource, as it was written."""

    status: UnitStatus
    children: Children = field(default_factory=Children)
    inputs: Inputs = field(default_factory=Inputs)
    deleting: bool = False
    holds_slot: bool = False
    """Whether it may get new defaults of the operator now."""

    def rejected_of(self, revision: str | None) -> RejectedRecord | None:
        """Return the rejected record of the revision, if there is one."""
        name = revision_child_name(self.owner.key.name, revision or "")
        return self.children.rejected.get(name)
