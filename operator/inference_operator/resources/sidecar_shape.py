"""The shape of the sidecar `probe`, and of the kubelet's probes that ask it. Records before it have
neither."""

from collections.abc import Mapping

from inference_operator.domain.probe_report import PROBE_FOLDER, PROBE_PORT
from inference_operator.resources.container_shapes import (
    IMAGE,
    RESOURCES,
    RESTRICTED,
    SECONDS,
    mount,
)
from inference_operator.resources.pod import PROBE
from inference_operator.resources.shapes import Shape, equal, fields, in_order, items, text, whole
from inference_operator.resources.volumes import DIGESTS, DIGESTS_PATH, MODELS_PATH

_PROBE_COMMAND = in_order(
    equal("probe"),
    text(r"--model=[A-Za-z0-9_][-._A-Za-z0-9]{0,252}", "--model=NAME"),
    text(r"--version=[0-9]{1,19}", "--version=NUMBER"),
    text(r"--first-request=(Check|Ignore)", "--first-request=Check or Ignore"),
)
_PROBE_FOLDERS: dict[str, Shape] = {
    "probe": equal(PROBE_FOLDER),
    "models": equal(MODELS_PATH),
    DIGESTS: equal(DIGESTS_PATH),
}


def own_probe(page: str, optional: Mapping[str, Shape] | None = None) -> Shape:
    """Accept a probe of the kubelet that asks for this page of the sidecar."""
    return fields(
        {
            "httpGet": fields({"path": equal(page), "port": whole(PROBE_PORT, PROBE_PORT)}),
            "periodSeconds": whole(1, SECONDS),
            "failureThreshold": whole(1, SECONDS),
            "timeoutSeconds": whole(1, SECONDS),
        },
        optional,
    )


STARTUP = own_probe("/started", {"initialDelaySeconds": whole(0, SECONDS)})
READINESS = own_probe("/ready")
LIVENESS = own_probe("/live", {"terminationGracePeriodSeconds": whole(1, SECONDS)})

SIDECAR = fields(
    {
        "name": equal(PROBE),
        "image": IMAGE,
        "restartPolicy": equal("Always"),
        "args": _PROBE_COMMAND,
        "ports": in_order(
            fields(
                {
                    "name": equal("probe"),
                    "containerPort": whole(PROBE_PORT, PROBE_PORT),
                    "protocol": equal("TCP"),
                }
            )
        ),
        "securityContext": RESTRICTED,
        "volumeMounts": items(lambda value, path: mount(value, path, _PROBE_FOLDERS), 1, 3),
    },
    # The first sidecars had a probe of their own.
    {"resources": RESOURCES, "readinessProbe": READINESS},
)
