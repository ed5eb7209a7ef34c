"""The pod template of a revision: the loader, then Triton, under the *restricted* standard."""

from typing import Any

from inference_operator.api.base import parse_quantity
from inference_operator.api.environment import EnvVar
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.disk import DEFAULT_SIZE_LIMIT, as_quantity, disk_limits
from inference_operator.domain.names import revision_labels, revision_selector
from inference_operator.domain.probe_report import PROBE_PORT
from inference_operator.domain.repository_plan import CACHE_VARIABLE, SIZE_LIMIT_VARIABLE
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.resources import volumes
from inference_operator.resources.metadata import Manifest

LOADER = "load"
PROBE = "probe"
DISK = "ephemeral-storage"
TRITON = "triton"
HTTP_PORT, GRPC_PORT, METRICS_PORT = 8000, 8001, 8002

# Triton's own user in NVIDIA's images; a fixed number, since `runAsNonRoot` needs one.
USER = 1000

# A terminating pod continues to answer for this long, until endpoints have forgotten it.
DRAIN_SECONDS = 15
# Clients keep gRPC connections for ever, and lose requests if the server ends. They are told to
# reconnect this often (plus gRPC's jitter of a tenth), so they leave before the drain is over.
GRPC_CONNECTION_AGE_MS = 10_000
# tritonserver waits this long for requests in flight, within the pod's grace period.
EXIT_TIMEOUT_SECONDS = 30
GRACE_SECONDS = DRAIN_SECONDS + EXIT_TIMEOUT_SECONDS + 10

# A model may take long to load. The sidecar holds the kubelet's request until the model is loaded,
# because each failed probe causes a Warning Event. After half an hour it lets the probe fail.
HELD_SECONDS = 1800
STARTUP_DELAY_SECONDS, STARTUP_PERIOD_SECONDS, STARTUP_FAILURES = 2, 1, 60

# A pod whose model stops answering leaves the endpoints within 15 s: the probe needs up to 8 s.
# The kubelet asks the sidecar on behalf of Triton's container, which ends first: a probe of a
# container that ended a moment ago would fail. A sidecar that hangs is not live either.
PROBE_PERIOD_SECONDS = 3
# The probe answers for the whole of Triton, so it may itself be away for half a minute.
LIVE_PERIOD_SECONDS, LIVE_FAILURES = 5, 6
# Clients have left a server that is restarted, and requests in flight may hang.
RESTART_GRACE_SECONDS = 10


def pod_template(unit: ServingUnit) -> Manifest:
    """Return the template of the revision's Deployment."""
    key = unit.key
    return {
        "metadata": {
            "labels": revision_labels(key.kind, key.name, unit.revision),
            "annotations": {"kubectl.kubernetes.io/default-container": TRITON},
        },
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "initContainers": [_loader(unit), _probe_sidecar(unit)],
            "containers": [_triton(unit)],
            "volumes": volumes.pod_volumes(unit),
            **_placement(unit),
        },
    }


def _restricted() -> Manifest:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _loader(unit: ServingUnit) -> Manifest:
    cache = unit.server.artifact_cache
    # A variable instead of an argument: an older image ignores an unknown variable.
    environment = [{"name": SIZE_LIMIT_VARIABLE, "value": str(DEFAULT_SIZE_LIMIT)}]
    if cache:
        environment.insert(0, {"name": CACHE_VARIABLE, "value": cache})
    return {
        "name": LOADER,
        "image": unit.server.loader_image,
        "args": [
            "load",
            f"--plan={volumes.PLAN_PATH}",
            f"--output={volumes.MODELS_PATH}",
            f"--credentials={volumes.CREDENTIALS_PATH}",
            f"--claims={volumes.CLAIMS_PATH}",
        ],
        "env": environment,
        "resources": {
            "requests": {"cpu": "50m", "memory": "128Mi", **_disk_request(unit)},
            "limits": {"memory": "1Gi", DISK: _disk_limit(unit)},
        },
        "securityContext": _restricted(),
        "volumeMounts": volumes.loader_mounts(unit),
    }


def _triton(unit: ServingUnit) -> Manifest:
    return {
        "name": TRITON,
        "image": unit.server.image,
        "command": ["tritonserver"],
        "args": [
            f"--model-repository={volumes.MODELS_PATH}",
            "--model-control-mode=none",
            "--strict-readiness=true",
            # If this is absent, a completed ONNX config turns max_batch_size 0 into 4.
            "--backend-config=default-max-batch-size=0",
            # The kubelet keeps the log's last 2 KiB when Triton ends. They must hold the reason of
            # a failed load, not tables. `extraArgs: ["--log-info=true"]` brings the tables back.
            "--log-info=false",
            f"--exit-timeout-secs={EXIT_TIMEOUT_SECONDS}",
            f"--http-port={HTTP_PORT}",
            f"--grpc-port={GRPC_PORT}",
            f"--metrics-port={METRICS_PORT}",
            f"--grpc-max-connection-age={GRPC_CONNECTION_AGE_MS}",
            *unit.server.args,
        ],
        "env": [_env(variable) for variable in unit.server.env],
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"},
            {"name": "grpc", "containerPort": GRPC_PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        "resources": _resources(unit),
        "securityContext": _restricted(),
        "startupProbe": {
            **_probe("/started", STARTUP_PERIOD_SECONDS, STARTUP_FAILURES, HELD_SECONDS),
            "initialDelaySeconds": STARTUP_DELAY_SECONDS,
        },
        "readinessProbe": _probe("/ready", PROBE_PERIOD_SECONDS, 1, HELD_SECONDS),
        "livenessProbe": {
            **_probe("/live", LIVE_PERIOD_SECONDS, LIVE_FAILURES),
            "terminationGracePeriodSeconds": RESTART_GRACE_SECONDS,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        # Triton's last log lines explain a failed load better than an exit code.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volumes.triton_mounts(),
    }


def _probe_sidecar(unit: ServingUnit) -> Manifest:
    """Return the sidecar that asks the model: it starts before Triton, and ends after it."""
    model = unit.entry_model
    return {
        "name": PROBE,
        "image": unit.server.loader_image,
        "restartPolicy": "Always",
        "args": [
            "probe",
            f"--model={model.name}",
            f"--version={model.version}",
            f"--first-request={unit.server.first_request.value}",
        ],
        "ports": [{"name": "probe", "containerPort": PROBE_PORT, "protocol": "TCP"}],
        "resources": {
            # Requests of a sidecar add to Triton's. It writes a few lines of log.
            "requests": {"cpu": "10m", "memory": "32Mi", DISK: "0"},
            "limits": {"memory": "64Mi", DISK: "256Mi"},
        },
        "securityContext": _restricted(),
        "volumeMounts": volumes.probe_mounts(unit),
    }


def _probe(path: str, period: int, failures: int, timeout: int = 2) -> Manifest:
    # By number, since a name is looked up in the same container.
    return {
        "httpGet": {"path": path, "port": PROBE_PORT},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": timeout,
    }


def _env(variable: EnvVar) -> Manifest:
    if variable.value_from is None:
        return {"name": variable.name, "value": variable.value or ""}
    return {"name": variable.name, "valueFrom": variable.value_from.model_dump(exclude_none=True)}


def _resources(unit: ServingUnit) -> Manifest:
    workload = unit.workload
    resources: dict[str, Any] = {
        "requests": dict(workload.resources.requests),
        "limits": dict(workload.resources.limits),
    }
    if workload.accelerator is not None and workload.mode is Mode.ACCELERATOR:
        count = str(workload.accelerator.count)
        for half in resources.values():
            half[workload.accelerator.resource] = count
    resources["requests"].update(_disk_request(unit))
    resources["limits"][DISK] = _disk_limit(unit)
    return {name: half for name, half in resources.items() if half}


def _disk_request(unit: ServingUnit) -> dict[str, str]:
    """Return the request of the spec, which a LimitRange may require of each container. If the spec
    has only a limit, Kubernetes uses it as the request, too. If it has neither, an absent request
    would become our limit, which few nodes have."""
    given = unit.workload.resources
    if DISK in given.requests:
        return {DISK: given.requests[DISK]}
    return {} if DISK in given.limits else {DISK: "0"}


def _disk_limit(unit: ServingUnit) -> str:
    """Return the limit of the spec, or a limit for everything that the pod may write. The kubelet
    adds up the pod's volumes on disk and its logs, and compares the sum with the limit."""
    given = unit.workload.resources
    if DISK in given.limits:
        return given.limits[DISK]
    bound = as_quantity(disk_limits(model.planned for model in unit.models).pod)
    return max(bound, given.requests.get(DISK, "0"), key=parse_quantity)


def _placement(unit: ServingUnit) -> Manifest:
    placement = unit.workload.placement
    secrets = [{"name": name} for name in unit.workload.image_pull_secrets]
    parts = {
        "nodeSelector": dict(placement.node_selector),
        "tolerations": [
            toleration.model_dump(mode="json", exclude_none=True)
            for toleration in placement.tolerations
        ],
        "affinity": placement.affinity,
        "topologySpreadConstraints": [
            _spread(unit, constraint) for constraint in placement.topology_spread_constraints
        ],
        "priorityClassName": placement.priority_class_name,
        "runtimeClassName": placement.runtime_class_name,
        "imagePullSecrets": secrets,
        "serviceAccountName": unit.workload.service_account,
    }
    return {name: value for name, value in parts.items() if value}


def _spread(unit: ServingUnit, constraint: Manifest) -> Manifest:
    selector = {"matchLabels": revision_selector(unit.key.kind, unit.key.name, unit.revision)}
    return {"labelSelector": selector, **constraint}
