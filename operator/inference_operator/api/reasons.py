"""Reasons of conditions and Events. They are API: scripts and alerts match on them."""

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
    UNSCHEDULABLE = "Unschedulable"
    GPU_UNAVAILABLE = "GPUUnavailable"
    POD_REFUSED = "PodRefused"
    CHILD_REFUSED = "ChildRefused"

    # Reconciling, Stalled
    PROGRESSING = "Progressing"
    SCALING = "Scaling"
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    PAUSED = "Paused"

    # DefaultsCurrent
    WAITING_FOR_ROLLOUT_SLOT = "WaitingForRolloutSlot"

    # Events that are not a condition's reason
    REVISION_CREATED = "RevisionCreated"
    PROMOTED = "Promoted"
    ABORTED = "Aborted"
    SCALED = "Scaled"
    DRIFT_REPAIRED = "DriftRepaired"

    OBJECT_UNREADABLE = "ObjectUnreadable"

    # Ready, Stalled, and an Event of its own
    RECORD_REJECTED = "RecordRejected"


# Reasons of a False Ready that becomes True by itself if all goes well.
UNDER_WAY = frozenset(
    {Reason.PROGRESSING, Reason.SCALING, Reason.RESOLVING, Reason.REFERENCE_NOT_READY}
)
