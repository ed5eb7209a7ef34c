"""What a cluster could leave on the machine, as a comparable value."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hack.cluster.layout import Cluster

# What Kubernetes' programs make on a machine that belongs to them alone.
_FOLDERS = (
    "/etc/cni",
    "/etc/kubernetes",
    "/opt/cni",
    "/opt/containerd",
    "/run/containerd",
    "/run/netns",
    "/usr/libexec/kubernetes",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
)
_SYSCTLS = (
    "fs/inotify/max_user_instances",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/ip_forward",
    "net/netfilter/nf_conntrack_max",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)


@dataclass(frozen=True, slots=True)
class Footprint:
    """The machine's own state that no cluster may change, not even while it runs."""

    folders: frozenset[str]
    sysctls: tuple[tuple[str, str], ...]
    iptables: str
    apparmor: frozenset[str]

    @classmethod
    def take(cls) -> Self:
        return cls(
            folders=frozenset(filled for filled in _FOLDERS if _filled(Path(filled))),
            sysctls=tuple((name, _read(Path("/proc/sys") / name)) for name in _SYSCTLS),
            iptables=_iptables(),
            apparmor=frozenset(_lines("/sys/kernel/security/apparmor/profiles")),
        )


def traces(cluster: Cluster, namespaces: frozenset[str] = frozenset()) -> list[str]:
    """Everything on the machine that belongs to this cluster, in words."""
    found = [f"cgroup {path}" for path in Path("/sys/fs/cgroup").rglob(cluster.cgroup)]
    found += [
        f"mount {line}" for line in _lines("/proc/self/mounts") if str(cluster.folder) in line
    ]
    found += [f"process {pid}" for pid in _processes(cluster, namespaces)]
    shown = _output("ip", "-oneline", "link") + _output("ip", "route")
    prefix = cluster.host_address.rsplit(".", 2)[0] + "."
    found += [line for line in shown.splitlines() if cluster.host_link in line or prefix in line]
    if cluster.folder.exists():
        found.append(f"folder {cluster.folder}")
    return found


def namespaces_of(cluster: Cluster) -> frozenset[str]:
    """The network and mount namespaces in which the cluster's processes are."""
    ours = {name for pid in _processes(cluster, frozenset()) for name in _namespaces(pid)}
    return frozenset(ours - _namespaces("self"))


def _processes(cluster: Cluster, namespaces: frozenset[str]) -> list[str]:
    pids = [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if _belongs(pid, cluster, namespaces)]


def _belongs(pid: str, cluster: Cluster, namespaces: frozenset[str]) -> bool:
    in_cgroup = f"/{cluster.cgroup}/" in _read(Path(f"/proc/{pid}/cgroup"))
    is_zombie = ") Z " in _read(Path(f"/proc/{pid}/stat"))
    return not is_zombie and (in_cgroup or bool(_namespaces(pid) & namespaces))


def _namespaces(pid: str) -> set[str]:
    try:
        return {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in ("net", "mnt")}
    except OSError:
        return set()


def _filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _lines(path: str) -> list[str]:
    return _read(Path(path)).splitlines()


def _iptables() -> str:
    shown = _output("iptables-save")
    return "\n".join(line for line in shown.splitlines() if not line.startswith(("#", ":")))


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        return ""
