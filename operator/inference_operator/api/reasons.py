"""Reasons of conditions and Events. They are API: scripts and alerts match on them."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Reasons, in CamelCase as Kubernetes writes them."""

    # SpecValid
    VALID = "Valid"
    INVALID_SPEC = "InvalidSpec"
    NOT_ALLOWED = "NotAllowed"

    # ArtifactResolved: the first group comes from `inference-operator load` in the pod
    RESOLVED = "Resolved"
    FETCHING = "Fetching"
    ARTIFACT_NOT_FOUND = "ArtifactNotFound"
    ARTIFACT_FORBIDDEN = "ArtifactForbidden"
    ARTIFACT_INVALID = "ArtifactInvalid"
    DIGEST_MISMATCH = "DigestMismatch"
    ARTIFACTS_DIFFER = "ArtifactsDiffer"
    TENSOR_MISMATCH = "TensorMismatch"
    INSUFFICIENT_DISK = "InsufficientDisk"
    FETCH_FAILED = "FetchFailed"
    SECRET_NOT_FOUND = "SecretNotFound"
    CLAIM_NOT_FOUND = "ClaimNotFound"
    CLAIM_NOT_BOUND = "ClaimNotBound"

    # ArtifactResolved: from the MLflow registry, before there is a pod
    RESOLVING = "Resolving"
    REGISTRY_NOT_CONFIGURED = "RegistryNotConfigured"
    REGISTRY_UNREACHABLE = "RegistryUnreachable"
    REGISTRY_FORBIDDEN = "RegistryForbidden"
    CREDENTIALS_UNUSABLE = "CredentialsUnusable"
    REGISTERED_MODEL_NOT_FOUND = "RegisteredModelNotFound"
    ALIAS_NOT_FOUND = "AliasNotFound"
    VERSION_NOT_FOUND = "VersionNotFound"
    VERSION_NOT_READY = "VersionNotReady"
    RUN_NOT_FOUND = "RunNotFound"
    MODEL_UNUSABLE = "ModelUnusable"

    # ResolvedRefs, of a pipeline's steps
    REFERENCE_NOT_FOUND = "ReferenceNotFound"
    REFERENCE_NOT_READY = "ReferenceNotReady"
    REFERENCE_INCOMPATIBLE = "ReferenceIncompatible"
    REFERENCE_CYCLE = "ReferenceCycle"

    # Available, ModelLoaded, Ready
    READY = "Ready"
    SCALED_TO_ZERO = "ScaledToZero"
    MINIMUM_REPLICAS_AVAILABLE = "MinimumReplicasAvailable"
    NO_PODS_READY = "NoPodsReady"
    LOADING = "Loading"
    LOADED = "Loaded"
    IMAGE_PULL_FAILED = "ImagePullFailed"
    CRASH_LOOP = "CrashLoop"
    OUT_OF_MEMORY = "OutOfMemory"
    MODEL_LOAD_FAILED = "ModelLoadFailed"
    FIRST_REQUEST_FAILED = "FirstRequestFailed"
    OUTPUT_MISMATCH = "OutputMismatch"
    MODEL_NOT_ANSWERING = "ModelNotAnswering"
    UNSCHEDULABLE = "Unschedulable"
    GPU_UNAVAILABLE = "GPUUnavailable"
    POD_REFUSED = "PodRefused"
    CHILD_REFUSED = "ChildRefused"

    # Reconciling, Stalled
    PROGRESSING = "Progressing"
    SCALING = "Scaling"
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    PAUSED = "Paused"
    FROZEN = "Frozen"

    # GatewayProgrammed
    ACCEPTED = "Accepted"
    GATEWAY_REFUSED = "GatewayRefused"
    HOSTNAME_CONFLICT = "HostnameConflict"
    GATEWAY_API_MISSING = "GatewayAPIMissing"

    # CanaryHealthy
    ANALYSIS_PASSED = "AnalysisPassed"
    NO_DATA = "NoData"
    LOW_TRAFFIC = "LowTraffic"
    INCOMPARABLE = "Incomparable"

    # MetricsAvailable
    AVAILABLE = "Available"
    PROMETHEUS_UNREACHABLE = "PrometheusUnreachable"
    PROMETHEUS_TIMED_OUT = "PrometheusTimedOut"
    PROMETHEUS_REFUSED = "PrometheusRefused"
    NO_SERIES = "NoSeries"
    STALE = "Stale"
    METRICS_UNAVAILABLE = "MetricsUnavailable"

    # Autoscaling: why a number of pods changes, stays or is limited
    VALID_METRIC_FOUND = "ValidMetricFound"
    IDLE = "Idle"
    INEFFECTIVE = "Ineffective"
    SHARED_GPU = "SharedGPU"
    SCALING_HELD = "ScalingHeld"
    SCHEDULE_HELD = "ScheduleHeld"
    TOO_FEW_REPLICAS = "TooFewReplicas"
    TOO_MANY_REPLICAS = "TooManyReplicas"
    GPU_CAPACITY = "GPUCapacity"
    SCALED_UP = "ScaledUp"
    SCALED_DOWN = "ScaledDown"
    FALLBACK_REACHED = "FallbackReached"

    # DefaultsCurrent
    WAITING_FOR_ROLLOUT_SLOT = "WaitingForRolloutSlot"

    # Reconciling, Stalled: rollouts by steps
    ANALYSIS_UNAVAILABLE = "AnalysisUnavailable"
    ANALYSIS_HOLDING = "AnalysisHolding"
    HOLD_TIMED_OUT = "HoldTimedOut"
    ROLLOUT_ABORTED = "RolloutAborted"
    ROLLED_BACK = "RolledBack"

    # CanaryHealthy, and the cause of an abort
    ANALYSIS_FAILED = "AnalysisFailed"

    # Events that are not a condition's reason
    REVISION_CREATED = "RevisionCreated"
    SET_WEIGHT = "SetWeight"
    STEP_COMPLETED = "StepCompleted"
    STEPS_CHANGED = "StepsChanged"
    STABLE_UNAVAILABLE = "StableUnavailable"
    STABLE_AVAILABLE = "StableAvailable"
    ROLLOUT_RETRIED = "RolloutRetried"
    BASELINE_STARTED = "BaselineStarted"
    BASELINE_LATE = "BaselineLate"
    BASELINE_ENDED = "BaselineEnded"
    PROMOTED = "Promoted"
    ABORTED = "Aborted"
    SCALED = "Scaled"
    DRIFT_REPAIRED = "DriftRepaired"

    OBJECT_UNREADABLE = "ObjectUnreadable"

    # Ready, Stalled, and an Event of its own
    RECORD_REJECTED = "RecordRejected"


class Prospect(StrEnum):
    """What becomes of a False Ready if nothing else happens."""

    UNDER_WAY = "UnderWay"
    """It becomes True by itself if all goes well, or when the person who paused it says so."""

    AFTER_A_WHILE = "AfterAWhile"
    """Something outside the resource must change first. The next apply may do it, or a retry after
    an outage; after a while only a person will."""

    NEVER_BY_ITSELF = "NeverByItself"
    """It stays False until a person changes the resource, its artifact or its record."""


_UNDER_WAY = (
    Reason.PROGRESSING,
    Reason.SCALING,
    Reason.RESOLVING,
    # Of a resource that is itself under way; `Stalled` looks at that resource.
    Reason.REFERENCE_NOT_READY,
    Reason.PAUSED,
    Reason.FROZEN,
    Reason.ANALYSIS_UNAVAILABLE,
    Reason.ANALYSIS_HOLDING,
    Reason.HOLD_TIMED_OUT,
    Reason.ROLLED_BACK,
    Reason.STABLE_UNAVAILABLE,
)
_AFTER_A_WHILE = (
    Reason.ARTIFACT_NOT_FOUND,
    Reason.ARTIFACT_FORBIDDEN,
    Reason.INSUFFICIENT_DISK,
    Reason.FETCH_FAILED,
    Reason.SECRET_NOT_FOUND,
    Reason.CLAIM_NOT_FOUND,
    Reason.CLAIM_NOT_BOUND,
    Reason.REGISTRY_NOT_CONFIGURED,
    Reason.REGISTRY_UNREACHABLE,
    Reason.REGISTRY_FORBIDDEN,
    Reason.CREDENTIALS_UNUSABLE,
    Reason.REGISTERED_MODEL_NOT_FOUND,
    Reason.ALIAS_NOT_FOUND,
    Reason.VERSION_NOT_FOUND,
    Reason.VERSION_NOT_READY,
    Reason.RUN_NOT_FOUND,
    Reason.REFERENCE_NOT_FOUND,
    Reason.REFERENCE_INCOMPATIBLE,
    Reason.IMAGE_PULL_FAILED,
    Reason.CRASH_LOOP,
    Reason.OUT_OF_MEMORY,
    # The kubelet restarts Triton.
    Reason.MODEL_NOT_ANSWERING,
    Reason.UNSCHEDULABLE,
    Reason.GPU_UNAVAILABLE,
    Reason.POD_REFUSED,
    Reason.CHILD_REFUSED,
)
_NEVER_BY_ITSELF = (
    Reason.INVALID_SPEC,
    Reason.NOT_ALLOWED,
    Reason.ARTIFACT_INVALID,
    Reason.DIGEST_MISMATCH,
    Reason.ARTIFACTS_DIFFER,
    Reason.TENSOR_MISMATCH,
    Reason.MODEL_UNUSABLE,
    Reason.REFERENCE_CYCLE,
    Reason.MODEL_LOAD_FAILED,
    Reason.FIRST_REQUEST_FAILED,
    Reason.OUTPUT_MISMATCH,
    Reason.PROGRESS_DEADLINE_EXCEEDED,
    Reason.ROLLOUT_ABORTED,
    Reason.RECORD_REJECTED,
)

PROSPECTS: Mapping[Reason, Prospect] = {
    **dict.fromkeys(_UNDER_WAY, Prospect.UNDER_WAY),
    **dict.fromkeys(_AFTER_A_WHILE, Prospect.AFTER_A_WHILE),
    **dict.fromkeys(_NEVER_BY_ITSELF, Prospect.NEVER_BY_ITSELF),
}
"""Every reason that a False Ready may have. `Stalled` follows from it."""

FOR_A_PERSON = frozenset(
    {
        Reason.PAUSED,
        Reason.FROZEN,
        Reason.ANALYSIS_UNAVAILABLE,
        Reason.HOLD_TIMED_OUT,
        Reason.ROLLED_BACK,
    }
)
"""Reasons that wait for a person to go on."""

# Reasons that are not reported to a person. A pause is, because it may be forgotten.
UNDER_WAY = frozenset(_UNDER_WAY) - FOR_A_PERSON
