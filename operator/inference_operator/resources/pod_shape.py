"""The shape of every pod template that an operator of any version has rendered into a record.

It is narrower than the *restricted* Pod Security Standard: content that is not listed is refused.
Images and numbers are free, so that an older record stays acceptable. A field that `pod.py` or
`volumes.py` renders for the first time has to be added here.
"""

from collections.abc import Mapping

from inference_operator.api.affinity import Affinity
from inference_operator.api.arguments import RESERVED_ARGS
from inference_operator.api.topology_spread import TopologySpreadConstraint
from inference_operator.domain.names import digests_name
from inference_operator.domain.repository_plan import CACHE_VARIABLE, SIZE_LIMIT_VARIABLE
from inference_operator.resources.container_shapes import IMAGE, RESOURCES, RESTRICTED, mount
from inference_operator.resources.pod import (
    GRPC_PORT,
    HTTP_PORT,
    LOADER,
    METRICS_PORT,
    TRITON,
)
from inference_operator.resources.shapes import (
    DNS_NAME,
    Mismatch,
    Shape,
    either,
    equal,
    fields,
    in_order,
    items,
    mismatch,
    one_of,
    quantity,
    table,
    text,
    whole,
)
from inference_operator.resources.sidecar_shape import LIVENESS, READINESS, SIDECAR, STARTUP
from inference_operator.resources.typed_shapes import shape_of
from inference_operator.resources.volumes import (
    CLAIMS_PATH,
    CREDENTIALS_PATH,
    DIGESTS,
    DIGESTS_PATH,
    MODELS_PATH,
    PLAN_PATH,
)

_DAY = 86_400
_ID = whole(1, 2**31 - 1)

_NAME = text(DNS_NAME, "the name of an object", 253)
_LABEL = text(most=316)

_ARGUMENT = text(r"--[a-z0-9][^\n]*", "--OPTION or --OPTION=VALUE", 4096)
_OURS = {
    "model-repository": text(MODELS_PATH, MODELS_PATH),
    "model-control-mode": text("none", "none"),
    "strict-readiness": text("true", "true"),
    "http-port": text(str(HTTP_PORT), str(HTTP_PORT)),
    "grpc-port": text(str(GRPC_PORT), str(GRPC_PORT)),
    "metrics-port": text(str(METRICS_PORT), str(METRICS_PORT)),
    "exit-timeout-secs": text("[0-9]{1,5}", "seconds"),
    "cache-config": text("local,size=[0-9]{1,20}", "local,size=BYTES"),
}


def _triton_argument(value: object, path: str) -> Mismatch | None:
    """Accept the content of `triton.extraArgs`, and the operator's own options as it writes
    them."""
    problem = _ARGUMENT(value, path)
    if problem is not None or not isinstance(value, str):
        return problem
    option, _, given = value.removeprefix("--").partition("=")
    if option in _OURS:
        return _OURS[option](given, path)
    if option not in RESERVED_ARGS:
        return None
    return mismatch(value, path, "an option that the operator does not set itself")


_KEY = fields({"name": _NAME, "key": text(most=253)})
_FROM = {"secretKeyRef": _KEY, "configMapKeyRef": _KEY}


def _variable(value: object, path: str) -> Mismatch | None:
    """Accept a variable with a value, or with one key of a Secret or ConfigMap."""
    name = text(r"[^=\x00]+", "the name of a variable")
    if isinstance(value, Mapping) and "valueFrom" in value:
        source = value["valueFrom"]
        if isinstance(source, Mapping) and len(source) != 1:
            return mismatch(source, f"{path}.valueFrom", "one source")
        return fields({"name": name, "valueFrom": fields({}, _FROM)})(value, path)
    return fields({"name": name, "value": text(most=65_536)})(value, path)


_POD_SECURITY = fields(
    {
        "runAsNonRoot": equal(True),
        "runAsUser": _ID,
        "runAsGroup": _ID,
        "fsGroup": _ID,
        "fsGroupChangePolicy": one_of("OnRootMismatch", "Always"),
        "seccompProfile": fields({"type": equal("RuntimeDefault")}),
    }
)


_SCRATCH = {"models": equal(MODELS_PATH), "tmp": equal("/tmp")}
_TRITON_FOLDERS: dict[str, Shape] = {**_SCRATCH, "shm": equal("/dev/shm")}
_LOADER_FOLDERS: dict[str, Shape] = {
    **_SCRATCH,
    "plan": equal(PLAN_PATH),
    DIGESTS: equal(DIGESTS_PATH),
    "secret-": text(f"{CREDENTIALS_PATH}/{DNS_NAME}", f"a folder of {CREDENTIALS_PATH}"),
    "claim-": text(f"{CLAIMS_PATH}/{DNS_NAME}", f"a folder of {CLAIMS_PATH}"),
}

_LOADER_VARIABLES = {
    CACHE_VARIABLE: text(r"http://[^/@\s]+", "the address of a cache"),
    SIZE_LIMIT_VARIABLE: text(r"[1-9][0-9]{0,18}", "a number of bytes"),
}


def _loader_variable(value: object, path: str) -> Mismatch | None:
    """Accept a variable that `load.command` reads."""
    name = value.get("name") if isinstance(value, Mapping) else None
    if not isinstance(name, str) or name not in _LOADER_VARIABLES:
        return mismatch(name, f"{path}.name", f"one of {', '.join(_LOADER_VARIABLES)}")
    return fields({"name": equal(name), "value": _LOADER_VARIABLES[name]})(value, path)


_LOADER = fields(
    {
        "name": equal(LOADER),
        "image": IMAGE,
        "args": in_order(
            equal("load"),
            equal(f"--plan={PLAN_PATH}"),
            equal(f"--output={MODELS_PATH}"),
            equal(f"--credentials={CREDENTIALS_PATH}"),
            equal(f"--claims={CLAIMS_PATH}"),
        ),
        "securityContext": RESTRICTED,
        "volumeMounts": items(lambda value, path: mount(value, path, _LOADER_FOLDERS), 1, 1024),
    },
    {
        "resources": RESOURCES,
        "env": items(_loader_variable, most=len(_LOADER_VARIABLES)),
    },
)

_PROBE = fields(
    {
        "httpGet": fields(
            {"path": text(r"/v2/[^\s?#]+", "a path of Triton's protocol"), "port": equal("http")}
        ),
        "periodSeconds": whole(1, _DAY),
        "failureThreshold": whole(1, _DAY),
        "timeoutSeconds": whole(1, _DAY),
    }
)
_PORT = fields(
    {
        "name": one_of("http", "grpc", "metrics"),
        "containerPort": whole(1, 65_535),
        "protocol": equal("TCP"),
    }
)
_TRITON = fields(
    {
        "name": equal(TRITON),
        "image": IMAGE,
        "command": in_order(equal("tritonserver")),
        "args": items(_triton_argument, most=256),
        "ports": items(_PORT, most=3),
        "securityContext": RESTRICTED,
        "volumeMounts": items(lambda value, path: mount(value, path, _TRITON_FOLDERS), 1, 3),
    },
    {
        "env": items(_variable, most=1024),
        "resources": RESOURCES,
        "startupProbe": either(_PROBE, STARTUP),
        "readinessProbe": either(_PROBE, READINESS),
        "livenessProbe": either(_PROBE, LIVENESS),
        "lifecycle": fields(
            {"preStop": fields({"sleep": fields({"seconds": whole(0, _DAY)})})},
        ),
        "terminationMessagePolicy": one_of("File", "FallbackToLogsOnError"),
    },
)

_MEMORY = fields({}, {"medium": equal("Memory"), "sizeLimit": quantity})
# Operators before the size limit rendered none.
_DISK = fields({}, {"sizeLimit": text(r"[1-9][0-9]{0,18}([KMGTP]i)?", "a number of bytes", 24)})


def _volume(value: object, path: str, child: str) -> Mismatch | None:
    """Accept the volumes of `volumes.py`: no kind that reaches the node or another token."""
    contents: dict[str, tuple[str, Shape]] = {
        "models": ("emptyDir", _DISK),
        "tmp": ("emptyDir", _DISK),
        "shm": ("emptyDir", _MEMORY),
        "probe": ("emptyDir", _DISK),
        "plan": ("configMap", fields({"name": equal(child)})),
        DIGESTS: (
            "configMap",
            fields({"name": equal(digests_name(child)), "optional": equal(True)}),
        ),
        "secret-": ("secret", fields({"secretName": _NAME, "optional": equal(True)})),
        "claim-": (
            "persistentVolumeClaim",
            fields({"claimName": _NAME, "readOnly": equal(True)}),
        ),
    }
    name = value.get("name") if isinstance(value, Mapping) else None
    stem = name.rstrip("0123456789") if isinstance(name, str) else ""
    if stem not in contents:
        return mismatch(name, f"{path}.name", f"one of {', '.join(contents)}")
    kind, content = contents[stem]
    return fields({"name": text(most=64), kind: content})(value, path)


_TOLERATION = fields(
    {},
    {
        "key": _LABEL,
        "operator": one_of("Exists", "Equal"),
        "value": _LABEL,
        "effect": one_of("NoSchedule", "PreferNoSchedule", "NoExecute"),
        "tolerationSeconds": whole(0, 2**31 - 1),
    },
)
_PLACEMENT: dict[str, Shape] = {
    "nodeSelector": table(_LABEL),
    "tolerations": items(_TOLERATION),
    "affinity": shape_of(Affinity),
    "topologySpreadConstraints": items(shape_of(TopologySpreadConstraint)),
    "priorityClassName": _NAME,
    "runtimeClassName": _NAME,
    "imagePullSecrets": items(fields({"name": _NAME})),
    # Any of the namespace, as `spec.serviceAccountName`: its token is never mounted.
    "serviceAccountName": _NAME,
}


def template_shape(child: str, labels: Mapping[str, str]) -> Shape:
    """Return the shape of the pod template of the children called `child`, with exactly these
    labels."""
    annotations = fields({"kubectl.kubernetes.io/default-container": equal(TRITON)})
    spec = fields(
        {
            "automountServiceAccountToken": equal(False),
            "enableServiceLinks": equal(False),
            "securityContext": _POD_SECURITY,
            "terminationGracePeriodSeconds": whole(1, _DAY),
            "initContainers": either(in_order(_LOADER), in_order(_LOADER, SIDECAR)),
            "containers": in_order(_TRITON),
            "volumes": items(lambda value, path: _volume(value, path, child), 1, 1024),
        },
        _PLACEMENT,
    )
    metadata = fields({"labels": equal(labels)}, {"annotations": annotations})
    return fields({"metadata": metadata, "spec": spec})
