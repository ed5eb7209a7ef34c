"""Volumes of the pod, and their mounts in each container."""

from inference_operator.domain.disk import as_quantity, disk_limits
from inference_operator.domain.names import digests_name, revision_child_name
from inference_operator.domain.probe_report import PROBE_FOLDER
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.resources.metadata import Manifest

PLAN_PATH = "/etc/inference-operator/repository"
CREDENTIALS_PATH = "/etc/inference-operator/credentials"
CLAIMS_PATH = "/mnt/claims"
MODELS_PATH = "/models"
DIGESTS_PATH = "/etc/inference-operator/digests"
DIGESTS = "digests"
PROBE_SIZE = "1Mi"


def pod_volumes(unit: ServingUnit) -> list[Manifest]:
    """Return the repository, the plan, scratch space, shared memory, and the sources' own
    volumes."""
    plan = {"name": revision_child_name(unit.key.name, unit.revision)}
    shared = {"medium": "Memory", "sizeLimit": unit.server.shared_memory}
    disk = disk_limits(model.planned for model in unit.models)
    return [
        {"name": "models", "emptyDir": {"sizeLimit": as_quantity(disk.models)}},
        {"name": "plan", "configMap": plan},
        {"name": "tmp", "emptyDir": {"sizeLimit": as_quantity(disk.scratch)}},
        {"name": "shm", "emptyDir": shared},
        *_digests(unit),
        {"name": "probe", "emptyDir": {"sizeLimit": PROBE_SIZE}},
        # Optional, so that a missing Secret becomes the loader's sentence, not a silent wait.
        *(
            {"name": f"secret-{index}", "secret": {"secretName": name, "optional": True}}
            for index, name in enumerate(_secrets(unit))
        ),
        *(
            {
                "name": f"claim-{index}",
                "persistentVolumeClaim": {"claimName": name, "readOnly": True},
            }
            for index, name in enumerate(_claims(unit))
        ),
    ]


def loader_mounts(unit: ServingUnit) -> list[Manifest]:
    """Return the volumes that the init container reads and writes."""
    return [
        {"name": "models", "mountPath": MODELS_PATH},
        {"name": "plan", "mountPath": PLAN_PATH, "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},
        *_digests_mounts(unit),
        *(
            {
                "name": f"secret-{index}",
                "mountPath": f"{CREDENTIALS_PATH}/{name}",
                "readOnly": True,
            }
            for index, name in enumerate(_secrets(unit))
        ),
        *(
            {"name": f"claim-{index}", "mountPath": f"{CLAIMS_PATH}/{name}", "readOnly": True}
            for index, name in enumerate(_claims(unit))
        ),
    ]


def triton_mounts() -> list[Manifest]:
    """Return the volumes that Triton reads and writes: never the credentials or the claims."""
    return [
        {"name": "models", "mountPath": MODELS_PATH},
        {"name": "tmp", "mountPath": "/tmp"},
        {"name": "shm", "mountPath": "/dev/shm"},
    ]


def probe_mounts(unit: ServingUnit) -> list[Manifest]:
    """Return the volume of the probe, which outlives its restarts, and what it compares."""
    own = {"name": "probe", "mountPath": PROBE_FOLDER}
    if not (digests := _digests_mounts(unit)):
        return [own]
    return [own, {"name": "models", "mountPath": MODELS_PATH, "readOnly": True}, *digests]


def _digests(unit: ServingUnit) -> list[Manifest]:
    """Return the volume of the digests that the revision has served, if any source is not pinned.

    Optional: the ConfigMap comes when the first pod serves.
    """
    if all(model.planned.uri is None or model.planned.sha256 for model in unit.models):
        return []
    name = digests_name(revision_child_name(unit.key.name, unit.revision))
    return [{"name": DIGESTS, "configMap": {"name": name, "optional": True}}]


def _digests_mounts(unit: ServingUnit) -> list[Manifest]:
    return [
        {"name": volume["name"], "mountPath": DIGESTS_PATH, "readOnly": True}
        for volume in _digests(unit)
    ]


def _secrets(unit: ServingUnit) -> list[str]:
    return sorted({m.planned.credentials for m in unit.models if m.planned.credentials})


def _claims(unit: ServingUnit) -> list[str]:
    return sorted({m.planned.claim for m in unit.models if m.planned.claim})
