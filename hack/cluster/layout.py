"""A cluster's name, files and addresses, as values without IO."""

import re
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.versions import MINORS
from hack.console import StepError

BASE = Path("/var/lib/inference-operator")
MOST_CLUSTERS = 30
MOST_NODES = 8
# Paths of the kubelet's sockets must fit into 107 bytes.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the host that every container sees, read-only, at another path."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Node:
    """One node: a network and a mount namespace of its own, held by its anchor process."""

    number: int
    folder: Path
    address: str
    pods_cidr: str
    pods_gateway: str
    cgroup: str

    @property
    def name(self) -> str:
        return f"node-{self.number}"

    @property
    def socket(self) -> Path:
        return self.folder / "containerd.sock"

    def process(self, program: str) -> str:
        return f"{self.name}-{program}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster's name and the values that decide everything about it.

    Of 10.(224+index).0.0/16 the first /24 links host and nodes, .64.0/20 holds Services, and
    from .128.0 on each node has a /24 of pods.
    """

    name: str
    index: int
    nodes: int = 1
    mounts: tuple[Mount, ...] = ()
    kubernetes: str = MINORS[0]
    """The minor version; a cluster keeps that with which it was made."""

    @property
    def folder(self) -> Path:
        return folder_of(self.name)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "pki" / "admin.kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def cgroup(self) -> str:
        return cgroup_of(self.name)

    @property
    def network(self) -> str:
        return network(self.index)

    @property
    def host_link(self) -> str:
        return f"infop{self.index}"

    @property
    def host_address(self) -> str:
        return self._address("0.1")

    @property
    def service_cidr(self) -> str:
        return self._address("64.0") + "/20"

    @property
    def first_service_ip(self) -> str:
        return self._address("64.1")

    @property
    def dns_address(self) -> str:
        return self._address("64.10")

    @property
    def pods_cidr(self) -> str:
        return self._address("128.0") + "/17"

    def node(self, number: int) -> Node:
        third = 127 + number
        return Node(
            number=number,
            folder=self.folder / f"node-{number}",
            address=self._address(f"0.{10 + number}"),
            pods_cidr=self._address(f"{third}.0") + "/24",
            pods_gateway=self._address(f"{third}.1"),
            cgroup=f"{self.cgroup}/node-{number}",
        )

    def all_nodes(self) -> list[Node]:
        return [self.node(number) for number in range(1, self.nodes + 1)]

    def _address(self, rest: str) -> str:
        return f"10.{224 + self.index}.{rest}"


def network(index: int) -> str:
    return f"10.{224 + index}.0.0/16"


def folder_of(name: str) -> Path:
    return BASE / checked(name)


def cgroup_of(name: str) -> str:
    return f"inference-operator/{checked(name)}"


def checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise StepError(
            f"{name!r} is not a valid cluster name",
            "Use up to 30 lower-case letters, digits and inner hyphens.",
        )
    return name
