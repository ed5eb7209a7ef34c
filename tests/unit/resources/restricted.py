"""The *restricted* Pod Security Standard, as fields of a pod template.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from collections.abc import Iterator, Mapping
from typing import Any

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def violations(template: Mapping[str, Any]) -> list[str]:
    """What admission would refuse, by field."""
    return list(_pod(template["spec"]))


def _pod(spec: Mapping[str, Any]) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    for volume in spec.get("volumes", ()):
        if not set(volume) - {"name"} <= VOLUMES:
            yield f"volumes.{volume['name']}"
    shared = spec.get("securityContext", {})
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind, ()):
            yield from _container(f"{kind}.{container['name']}", container, shared)


def _container(
    place: str, container: Mapping[str, Any], shared: Mapping[str, Any]
) -> Iterator[str]:
    own = container.get("securityContext", {})
    context = {**shared, **own}
    if context.get("runAsNonRoot") is not True:
        yield f"{place}.runAsNonRoot"
    if context.get("runAsUser") == 0:
        yield f"{place}.runAsUser"
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{place}.seccompProfile"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{place}.allowPrivilegeEscalation"
    if own.get("privileged"):
        yield f"{place}.privileged"
    if any("hostPort" in port for port in container.get("ports", ())):
        yield f"{place}.hostPort"
    yield from _capabilities(place, own.get("capabilities", {}))


def _capabilities(place: str, capabilities: Mapping[str, Any]) -> Iterator[str]:
    if "ALL" not in capabilities.get("drop", ()):
        yield f"{place}.capabilities.drop"
    if not set(capabilities.get("add", ())) <= {"NET_BIND_SERVICE"}:
        yield f"{place}.capabilities.add"
