"""The traces that a cluster could leave on the machine, as a comparable value."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hack.cluster import cgroups
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
            sysctls=tuple((name, read_if_there(Path("/proc/sys") / name)) for name in _SYSCTLS),
            iptables=_iptables(),
            apparmor=frozenset(_lines("/sys/kernel/security/apparmor/profiles")),
        )


@dataclass(frozen=True, slots=True)
class Members:
    """The network and mount namespaces of a cluster, and when its youngest process began.

    The kernel gives the number of a namespace that has gone to a new one. A process that began
    after the youngest is therefore not the cluster's, even if its namespace has such a number.
    """

    namespaces: frozenset[str] = frozenset()
    youngest: int = 0


def traces(cluster: Cluster, members: Members | None = None) -> list[str]:
    """Describe everything on the machine that belongs to this cluster, or to its members."""
    remains = [f"cgroup {path}" for path in cgroups.folders(cluster.cgroup)]
    remains += [
        f"mount {line}" for line in _lines("/proc/self/mounts") if str(cluster.folder) in line
    ]
    remains += [f"process {pid}" for pid in _processes(cluster, members or Members())]
    shown = _output("ip", "-oneline", "link") + _output("ip", "route")
    prefix = cluster.host_address.rsplit(".", 2)[0] + "."
    remains += [line for line in shown.splitlines() if cluster.host_link in line or prefix in line]
    if cluster.folder.exists():
        remains.append(f"folder {cluster.folder}")
    return remains


def members_of(cluster: Cluster) -> Members:
    """Return the namespaces that the cluster's processes have now, and the youngest's start."""
    pids = _processes(cluster, Members())
    ours = {name for pid in pids for name in _namespaces(pid)}
    return Members(frozenset(ours - _namespaces("self")), max(map(_start_time, pids), default=0))


def _processes(cluster: Cluster, members: Members) -> list[str]:
    pids = [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if _belongs(pid, cluster, members)]


def _belongs(pid: str, cluster: Cluster, members: Members) -> bool:
    in_cgroup = f"/{cluster.cgroup}/" in read_if_there(Path(f"/proc/{pid}/cgroup"))
    is_zombie = ") Z " in read_if_there(Path(f"/proc/{pid}/stat"))
    was_there = _start_time(pid) <= members.youngest
    in_namespace = was_there and bool(_namespaces(pid) & members.namespaces)
    return not is_zombie and (in_cgroup or in_namespace)


def _start_time(pid: str) -> int:
    """Return when a process began, in clock ticks since boot; 0 if it has gone."""
    fields = read_if_there(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return int(fields[19]) if fields else 0


def _namespaces(pid: str) -> set[str]:
    try:
        return {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in ("net", "mnt")}
    except OSError:
        return set()


def _filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def read_if_there(path: Path) -> str:
    """Return the text of a file; nothing if it has gone, as the files of an ended process."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _lines(path: str) -> list[str]:
    return read_if_there(Path(path)).splitlines()


def _iptables() -> str:
    shown = _output("iptables-save")
    return "\n".join(line for line in shown.splitlines() if not line.startswith(("#", ":")))


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        return ""
