"""The clusters of this machine: their recorded values, their indices, and one lock for all."""

import fcntl
import ipaddress
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from hack.cluster.layout import BASE, MOST_CLUSTERS, Cluster, Mount, checked, folder_of, network
from hack.console import StepError, run

_LOCKS = Path("/run/lock")
_RECORD = "cluster.json"
# Records named no version while there was only this one.
_UNRECORDED = "1.34"


def require_root() -> None:
    if os.geteuid() != 0:
        raise StepError("a cluster needs namespaces, cgroups and mounts", "Run it as root.")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock of one cluster; clusters of other names need not wait."""
    require_root()
    with _exclusive(_LOCKS / f"inference-operator-{checked(name)}.lock"):
        yield


@contextmanager
def all_locked() -> Iterator[None]:
    """Hold the lock under which clusters come and go; only for short moments."""
    with _exclusive(_LOCKS / "inference-operator.lock"):
        yield


def claim(name: str, nodes: int, mounts: tuple[Mount, ...], kubernetes: str) -> Cluster:
    """Record a new cluster with an index of its own."""
    with all_locked():
        cluster = Cluster(name, free_index(), nodes, mounts, kubernetes)
        record(cluster)
        return cluster


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Hold a lock whose file goes with the holder; who waited for a removed one takes a new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists() or path.stat().st_ino != os.fstat(lock.fileno()).st_ino:
                continue
            try:
                yield
            finally:
                path.unlink()
            return


def recorded(name: str) -> Cluster | None:
    """Return the cluster that `up` recorded; None if there is none (or its record is cut off)."""
    try:
        content = json.loads((folder_of(name) / _RECORD).read_text())
        mounts = tuple(Mount(**mount) for mount in content.pop("mounts"))
        return Cluster(**{"kubernetes": _UNRECORDED} | content, mounts=mounts)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def record(cluster: Cluster) -> None:
    cluster.folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    scratch = cluster.folder / f".{_RECORD}"
    scratch.write_text(json.dumps(asdict(cluster)))
    scratch.rename(cluster.folder / _RECORD)


def names() -> list[str]:
    return sorted(path.name for path in BASE.iterdir()) if BASE.exists() else []


def free_index() -> int:
    """Return the first index that is free, and whose network no route of the host overlaps."""
    taken = {cluster.index for cluster in map(recorded, names()) if cluster}
    routes = _host_networks()
    for index in range(MOST_CLUSTERS):
        ours = ipaddress.ip_network(network(index))
        if index not in taken and not any(ours.overlaps(route) for route in routes):
            return index
    raise StepError(
        "all networks of 10.224.0.0/16 to 10.253.0.0/16 are in use",
        "Run `python -m hack.cluster down` for a cluster that is not needed, and see `ip route`.",
    )


def _host_networks() -> list[ipaddress.IPv4Network]:
    shown = run(["ip", "-4", "-json", "route"], remedy="Install iproute2.")
    routes = [route["dst"] for route in json.loads(shown or "[]")]
    return [ipaddress.IPv4Network(route, strict=False) for route in routes if route != "default"]
