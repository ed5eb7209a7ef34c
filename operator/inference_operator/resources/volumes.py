"""Volumes of the pod, and their mounts in each container."""

from inference_operator.domain.disk import as_quantity, disk_limits
from inference_operator.domain.names import revision_child_name
from inference_operator.domain.probe_report import PROBE_FOLDER
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.resources.metadata import Manifest

PLAN_PATH = "/etc/inference-operator/repository"
CREDENTIALS_PATH = "/etc/inference-operator/credentials"
CLAIMS_PATH = "/mnt/claims"
MODELS_PATH = "/models"
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


def probe_mounts() -> list[Manifest]:
    """Return the only volume of the probe, which outlives its restarts."""
    return [{"name": "probe", "mountPath": PROBE_FOLDER}]


def _secrets(unit: ServingUnit) -> list[str]:
    return sorted({m.planned.credentials for m in unit.models if m.planned.credentials})


def _claims(unit: ServingUnit) -> list[str]:
    return sorted({m.planned.claim for m in unit.models if m.planned.claim})
