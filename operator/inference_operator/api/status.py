"""`status` of a serving unit: what the operator last saw and decided. Written in one place."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from inference_operator.api.conditions import Condition, ConditionType, StatusModel, Time
from inference_operator.api.rules import UniqueBy

URI_LENGTH = 2048
DECISIONS_KEPT = 20
DECISION_MESSAGE_LENGTH = 4096
ACCELERATOR_MESSAGE_LENGTH = 1024
NAME_LENGTH = 253
REASON_LENGTH = 1024
RUN_ID_LENGTH = 256
STEP_VERSIONS_LENGTH = 16384

RevisionHash = Annotated[str, Field(max_length=63)]


def _storable(value: int) -> int:
    # Read from a float, it may have hundreds of digits, which the API server refuses.
    if value >= 2**63:
        raise ValueError("expected a number of at most 64 bits")
    return value


Count = Annotated[int, Field(ge=0), AfterValidator(_storable)]


class Phase(StrEnum):
    """One word for the printer column: computed from the conditions, never read back."""

    PROGRESSING = "Progressing"
    READY = "Ready"
    DEGRADED = "Degraded"
    FAILED = "Failed"
    PAUSED = "Paused"
    SCALED_TO_ZERO = "ScaledToZero"


class AcceleratorMode(StrEnum):
    """What the pods compute on."""

    GPU = "GPU"
    CPU = "CPU"


class ModelStatus(StatusModel):
    """What clients are answered from: an artifact, or a pipeline's set of steps."""

    version: Annotated[str, Field(max_length=NAME_LENGTH)] | None = None
    """Version that Triton reports in its responses: the registry's, 1 for sources without versions,
    or the number of a pipeline's set of steps."""

    run_id: Annotated[str, Field(max_length=RUN_ID_LENGTH)] | None = None
    """The MLflow run that made it."""

    sha256: Annotated[str, Field(max_length=64)] | None = None
    """Digest of the artifact that is served: the pinned one, or what a pod fetched."""

    uri: Annotated[str, Field(max_length=URI_LENGTH)] | None = None
    """Where the artifact came from; an alias as the version that it named."""


class RevisionStatus(StatusModel):
    """One revision that has pods, or is to have them."""

    revision: RevisionHash
    """Hash of everything that decides how its pods serve; its children are called
    `<name>-<revision>`."""

    version: Annotated[str, Field(max_length=NAME_LENGTH)] | None = None
    """Version that Triton reports while it serves, as in `status.model`."""

    replicas: Count = 0
    """Pods that it has."""

    ready: Count = 0
    """Pods in which this revision's model answers."""


class RolloutStatus(StatusModel):
    """Where the rollout stands: the operator goes on from here."""

    since: Time | None = None
    """When the candidate's last progress was seen; `progressDeadline` counts from here."""

    ready: Count = 0
    """The candidate's ready pods at `since`."""

    previous: RevisionHash | None = None
    """The revision that clients left last; its pods stay for `scaleDownDelay`."""

    promoted_at: Time | None = None
    """When clients moved to the stable revision; `scaleDownDelay` counts from here."""


class AcceleratorStatus(StatusModel):
    """What the pods compute on, where `spec.accelerator` asks for GPUs."""

    mode: AcceleratorMode
    """GPU, or CPU while no node can offer the GPU (`whenUnavailable: UseCPU`)."""

    message: Annotated[str, Field(max_length=ACCELERATOR_MESSAGE_LENGTH)] | None = None
    """Why."""


class DecisionStatus(StatusModel):
    """One rollout or scaling decision."""

    time: Time
    """When it was taken."""

    source: Annotated[Annotated[str, Field(max_length=NAME_LENGTH)] | None, Field(alias="from")] = (
        None
    )
    """What was before: a revision, or a number of replicas."""

    target: Annotated[Annotated[str, Field(max_length=NAME_LENGTH)] | None, Field(alias="to")] = (
        None
    )
    """What is to be."""

    reason: Annotated[str, Field(max_length=REASON_LENGTH)]
    """Why, as a CamelCase word."""

    message: Annotated[str, Field(max_length=DECISION_MESSAGE_LENGTH)]
    """Why, as a sentence with the numbers."""


class UnitStatus(StatusModel):
    """What the operator last saw and decided."""

    observed_generation: Count | None = None
    """The `metadata.generation` that the operator last acted on."""

    phase: Phase | None = None
    """One word for it all: Progressing, Ready, Degraded, Failed, Paused or ScaledToZero.
    For people; scripts should read the conditions."""

    conditions: Annotated[
        tuple[Condition, ...],
        Field(max_length=32),
        UniqueBy("type"),
    ] = ()
    """Ready (the pods of this generation serve this version), Reconciling and Stalled (present only
    while True), SpecValid, ArtifactResolved, Available, ModelLoaded, DefaultsCurrent (present only
    while new defaults of the operator wait) and ResolvedRefs (of pipelines with a modelRef)."""

    model: ModelStatus | None = None
    """What clients are answered from: an artifact, or a pipeline's set of steps."""

    stable: RevisionStatus | None = None
    """The revision that clients are answered from."""

    candidate: RevisionStatus | None = None
    """The revision that is being brought up to take over."""

    rollout: RolloutStatus | None = None
    """Where the rollout stands."""

    replicas: Count | None = None
    """Pods of all revisions."""

    ready_replicas: Count | None = None
    """Pods in which the model answers, of all revisions."""

    selector: Annotated[str, Field(max_length=1024)] | None = None
    """Label selector of the pods, for the scale subresource."""

    accelerator: AcceleratorStatus | None = None
    """What the pods compute on, where `spec.accelerator` asks for GPUs."""

    url: Annotated[str, Field(max_length=512)] | None = None
    """Where clients within the cluster reach the model: Triton's HTTP endpoint."""

    decisions: Annotated[tuple[DecisionStatus, ...], Field(max_length=DECISIONS_KEPT)] = ()
    """The last 20 rollout and scaling decisions, newest last."""

    def condition(self, kind: ConditionType) -> Condition | None:
        """The condition of that type, or None where it does not apply."""
        return next((c for c in self.conditions if c.type == kind), None)

    def to_body(self) -> dict[str, Any]:
        """As it is written to the API server: camelCase, without what is absent."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class InferenceModelStatus(UnitStatus):
    """What the operator last saw and decided."""


class StepStatus(StatusModel):
    """One step of the revision that clients are answered from."""

    name: Annotated[str, Field(max_length=NAME_LENGTH)]
    """Its name in `spec.steps`."""

    model: Annotated[str, Field(max_length=NAME_LENGTH)]
    """Name of the model in Triton."""

    version: Annotated[str, Field(max_length=NAME_LENGTH)] | None = None
    """Version of the model; absent for built-in steps."""

    source: Annotated[str, Field(max_length=URI_LENGTH)] | None = None
    """Where it came from: the uri of its artifact, an alias as the version that it named; or
    `builtin`."""

    model_ref: Annotated[str, Field(max_length=NAME_LENGTH)] | None = None
    """The resource that it was pinned from, as KIND/NAME."""

    revision: RevisionHash | None = None
    """The revision of that resource."""


class EnsemblePipelineStatus(UnitStatus):
    """What the operator last saw and decided."""

    steps: Annotated[tuple[StepStatus, ...], Field(max_length=32)] = ()
    """The steps of the revision that clients are answered from."""

    step_versions: Annotated[str, Field(max_length=STEP_VERSIONS_LENGTH)] | None = None
    """The same in a few words, for the table of `kubectl get`."""


STATUS_OF_KIND: Mapping[str, type[UnitStatus]] = {
    "InferenceModel": InferenceModelStatus,
    "EnsemblePipeline": EnsemblePipelineStatus,
}


def read_status(body: Mapping[str, Any]) -> UnitStatus:
    """The status in a resource's body, without the fields that are illegible (someone edited them
    by hand): all is computed anew, and what is read back can be lost (docs/architecture.md).

    It never raises, whatever the status holds.
    """
    status = STATUS_OF_KIND[body["kind"]]
    written = body.get("status")
    legible = dict(written) if isinstance(written, Mapping) else {}
    try:
        return status.model_validate(legible)
    except Exception as error:
        illegible = _illegible(status, error)
    kept = {name: value for name, value in legible.items() if name not in illegible}
    try:
        return status.model_validate(kept)
    except Exception:
        return status()


def _illegible(status: type[UnitStatus], error: Exception) -> frozenset[object]:
    """The names, in both writings, of the fields that an error tells of."""
    details = error.errors() if isinstance(error, ValidationError) else []
    erroneous = {detail["loc"][0] for detail in details if detail["loc"]}
    fields = status.model_fields.items()
    names = [(name, field.alias) for name, field in fields if erroneous & {name, field.alias}]
    return frozenset((*erroneous, *(name for pair in names for name in pair)))
