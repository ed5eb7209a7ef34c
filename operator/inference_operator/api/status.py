"""`status` of a serving unit: the observed state and the operator's last decisions."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, ValidationError

from inference_operator.api.analysis_status import AnalysisStatus
from inference_operator.api.autoscaling_status import AutoscalingStatus
from inference_operator.api.conditions import Condition, ConditionType, StatusModel, Time
from inference_operator.api.decision_status import DECISIONS_KEPT, DecisionStatus
from inference_operator.api.rollout_status import (
    BaselineStatus,
    Count,
    RevisionHash,
    RolloutStatus,
)
from inference_operator.api.rules import UniqueBy

URI_LENGTH = 2048
ACCELERATOR_MESSAGE_LENGTH = 1024
NAME_LENGTH = 253
DISPLAY_LENGTH = 63
RUN_ID_LENGTH = 256
STEP_VERSIONS_LENGTH = 16384

Dimension = Annotated[int, Field(ge=-1, le=2**31 - 1)]


class Phase(StrEnum):
    """Summary for the printer column, computed from the conditions and never read back."""

    PROGRESSING = "Progressing"
    READY = "Ready"
    DEGRADED = "Degraded"
    FAILED = "Failed"
    PAUSED = "Paused"
    SCALED_TO_ZERO = "ScaledToZero"


class AcceleratorMode(StrEnum):
    """Device that the pods compute on."""

    GPU = "GPU"
    CPU = "CPU"


class TensorStatus(StatusModel):
    """An input or output of the served model."""

    name: Annotated[str, Field(max_length=NAME_LENGTH)]
    """Name of the tensor."""

    data_type: Annotated[str, Field(max_length=DISPLAY_LENGTH)]
    """Element type, as in a spec: FP32, STRING. Triton's protocol calls STRING BYTES."""

    shape: Annotated[tuple[Dimension, ...], Field(max_length=16)] | None = None
    """Dimensions in a request, the batch first if there is one; -1 for any size. Absent if the
    artifact does not declare them."""


class ModelStatus(StatusModel):
    """The source of the answers to clients: an artifact, or a pipeline's set of steps."""

    version: Annotated[str, Field(max_length=NAME_LENGTH)] | None = None
    """Version that Triton reports in its responses: the registry's, 1 for sources without versions,
    or the number of a pipeline's set of steps."""

    run_id: Annotated[str, Field(max_length=RUN_ID_LENGTH)] | None = None
    """MLflow run that created the model."""

    sha256: Annotated[str, Field(max_length=64)] | None = None
    """Digest of the served artifact: the pinned digest, or that of the artifact a pod fetched."""

    uri: Annotated[str, Field(max_length=URI_LENGTH)] | None = None
    """Location of the artifact; for an alias, the version that it named."""

    inputs: Annotated[tuple[TensorStatus, ...], Field(max_length=64)] | None = None
    """Inputs that the artifact declares, or else the spec. Absent for pipelines, and for models
    with more tensors than the loader can report."""

    outputs: Annotated[tuple[TensorStatus, ...], Field(max_length=64)] | None = None
    """Outputs that the artifact declares, or else the spec."""


class RevisionStatus(StatusModel):
    """One revision that has pods, or will have them."""

    revision: RevisionHash
    """Hash of all inputs that decide how its pods serve. Its children are called
    `<name>-<revision>`."""

    version: Annotated[str, Field(max_length=NAME_LENGTH)] | None = None
    """Version that Triton reports while this revision serves, as in `status.model`."""

    replicas: Count = 0
    """Number of its pods."""

    ready: Count = 0
    """Number of its pods in which this revision's model answers."""

    weight: Annotated[int, Field(ge=0, le=100)] | None = None
    """Percentage of the clients' requests that reach it. Without a gateway, its part of the ready
    pods, which may differ from the step's `setWeight`."""


class AcceleratorStatus(StatusModel):
    """Device that the pods compute on, if `spec.accelerator` asks for GPUs."""

    mode: AcceleratorMode
    """GPU, or CPU while no node can offer the GPU (`whenUnavailable: UseCPU`)."""

    message: Annotated[str, Field(max_length=ACCELERATOR_MESSAGE_LENGTH)] | None = None
    """Cause of the mode, as a sentence."""


class UnitStatus(StatusModel):
    """Observed state and last decisions of the operator."""

    observed_generation: Count | None = None
    """The `metadata.generation` that the operator last acted on."""

    phase: Phase | None = None
    """Summary in one word: Progressing, Ready, Degraded, Failed, Paused or ScaledToZero. It is for
    people; scripts should read the conditions. Degraded and Failed: a person must act."""

    conditions: Annotated[
        tuple[Condition, ...],
        Field(max_length=32),
        UniqueBy("type"),
    ] = ()
    """Ready (the pods of this generation serve this version), SpecValid, ArtifactResolved,
    Available and ModelLoaded. Reconciling and Stalled are present only while True; DefaultsCurrent
    only while new defaults of the operator wait; ResolvedRefs only for pipelines with a `modelRef`;
    GatewayProgrammed only with `rollout.canary.gateway`; MetricsAvailable only with
    `rollout.canary.analysis`, and CanaryHealthy while a canary of such a unit goes by steps."""

    problem_since: Time | None = None
    """Time since when a problem keeps the unit from becoming Ready. Stalled follows 20 s later, if
    another apply may still solve the problem, such as that of a missing Secret."""

    display_reason: Annotated[str, Field(max_length=DISPLAY_LENGTH)] | None = None
    """Reason for the table of `kubectl get`: that of Ready, or why a pipeline that is Ready does
    not serve what it refers to."""

    display_version: Annotated[str, Field(max_length=DISPLAY_LENGTH)] | None = None
    """Version for the table of `kubectl get`: the registry's, the number of a pipeline's set of
    steps, or else the revision."""

    display_replicas: Annotated[str, Field(max_length=DISPLAY_LENGTH)] | None = None
    """Ready pods and all pods of the serving revision, as `2/2`, for the table of `kubectl get`."""

    model: ModelStatus | None = None
    """The source of the answers to clients: an artifact, or a pipeline's set of steps."""

    stable: RevisionStatus | None = None
    """The revision that answers clients."""

    canary: RevisionStatus | None = None
    """The new revision, which is starting and will take over."""

    baseline: BaselineStatus | None = None
    """The pods of the stable revision that the canary is compared with. Absent without
    `comparedWith: Baseline`, and without such pods."""

    candidate: RevisionStatus | None = None
    """Former name of `canary`, in statuses of earlier operators. It is read, and never written."""

    rollout: RolloutStatus | None = None
    """State of the rollout."""

    analysis: AnalysisStatus | None = None
    """The last verdict on the canary."""

    autoscaling: AutoscalingStatus | None = None
    """The last decision about the number of pods, with `spec.autoscaling`."""

    replicas: Count | None = None
    """Number of pods of the serving revision."""

    ready_replicas: Count | None = None
    """Number of pods of the serving revision in which the model answers."""

    selector: Annotated[str, Field(max_length=1024)] | None = None
    """Label selector of the serving revision's pods, for the scale subresource."""

    accelerator: AcceleratorStatus | None = None
    """Device that the pods compute on, if `spec.accelerator` asks for GPUs."""

    url: Annotated[str, Field(max_length=512)] | None = None
    """Address of the model for clients within the cluster: Triton's HTTP endpoint."""

    grpc_address: Annotated[str, Field(max_length=512)] | None = None
    """Address for gRPC clients within the cluster, without TLS: HOST:PORT."""

    decisions: Annotated[tuple[DecisionStatus, ...], Field(max_length=DECISIONS_KEPT)] = ()
    """The last 20 rollout and scaling decisions, newest last."""

    def condition(self, kind: ConditionType) -> Condition | None:
        """Return the condition of that type, or None if it does not apply."""
        return next((c for c in self.conditions if c.type == kind), None)

    def to_body(self) -> dict[str, Any]:
        """Return the status as it is written to the API server: camelCase, without absent
        fields."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class InferenceModelStatus(UnitStatus):
    """Observed state and last decisions of the operator."""


class StepStatus(StatusModel):
    """One step of the revision that answers clients."""

    name: Annotated[str, Field(max_length=NAME_LENGTH)]
    """Name of the step in `spec.steps`."""

    model: Annotated[str, Field(max_length=NAME_LENGTH)]
    """Name of the model in Triton."""

    version: Annotated[str, Field(max_length=NAME_LENGTH)] | None = None
    """Version of the model; absent for built-in steps."""

    source: Annotated[str, Field(max_length=URI_LENGTH)] | None = None
    """Location of the model: the uri of its artifact, with the version instead of an alias; or
    `builtin`."""

    model_ref: Annotated[str, Field(max_length=NAME_LENGTH)] | None = None
    """Resource that the step was pinned from, as KIND/NAME."""

    revision: RevisionHash | None = None
    """Revision of that resource."""


class EnsemblePipelineStatus(UnitStatus):
    """Observed state and last decisions of the operator."""

    steps: Annotated[tuple[StepStatus, ...], Field(max_length=32)] = ()
    """The steps of the revision that answers clients."""

    step_versions: Annotated[str, Field(max_length=STEP_VERSIONS_LENGTH)] | None = None
    """Summary of `steps`, for the table of `kubectl get`."""


STATUS_OF_KIND: Mapping[str, type[UnitStatus]] = {
    "InferenceModel": InferenceModelStatus,
    "EnsemblePipeline": EnsemblePipelineStatus,
}


def read_status(body: Mapping[str, Any]) -> UnitStatus:
    """Return the status in a resource's body, without the illegible fields (someone edited them by
    hand). The operator computes all fields again, and can lose those that it reads back
    (docs/architecture.md). This function never raises, whatever the status holds."""
    status = STATUS_OF_KIND[body["kind"]]
    written = body.get("status")
    legible = dict(written) if isinstance(written, Mapping) else {}
    if (candidate := legible.pop("candidate", None)) is not None:
        legible.setdefault("canary", candidate)
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
    """Return the names of the fields in an error, in both writings."""
    details = error.errors() if isinstance(error, ValidationError) else []
    erroneous = {detail["loc"][0] for detail in details if detail["loc"]}
    fields = status.model_fields.items()
    names = [(name, field.alias) for name, field in fields if erroneous & {name, field.alias}]
    return frozenset((*erroneous, *(name for pair in names for name in pair)))
