"""The cluster that the product is tried on: our own, kind's, or that of KUBECONFIG."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hack.cache import cache_root
from hack.cluster import lifecycle, registry
from hack.cluster.kubectl import Kubectl
from hack.cluster.layout import Mount, folder_of
from hack.cluster.running import current_server
from hack.console import StepError, run, say, step

DEFAULT_NAME = "inference-operator"
_TORCH_TARGET = "/opt/torch"
KIND_CONFIG = Path(__file__).parent / "kind.yaml"
"""The nodes are its last lines, so that a list of workers can follow."""


class Target(Protocol):
    """A cluster that can be brought up, given images, and taken down."""

    @property
    def kubeconfig(self) -> Path: ...

    def up(self) -> None: ...

    def load_images(self, archives: Sequence[Path]) -> None: ...

    def down(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """Our own cluster: see `lifecycle`."""

    name: str
    nodes: int
    mounts: tuple[Mount, ...]

    @property
    def kubeconfig(self) -> Path:
        return folder_of(self.name) / "pki" / "admin.kubeconfig"

    def up(self) -> None:
        lifecycle.up(self.name, self.nodes, self.mounts)

    def load_images(self, archives: Sequence[Path]) -> None:
        lifecycle.load_images(self.name, archives)

    def down(self) -> None:
        lifecycle.down(self.name)


@dataclass(frozen=True, slots=True)
class Kind:
    """A cluster of the `kind` command, which needs Docker."""

    name: str
    nodes: int

    @property
    def kubeconfig(self) -> Path:
        return cache_root() / "kind" / f"{self.name}.kubeconfig"

    def up(self) -> None:
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        if self.name in self._kind("get", "clusters").split():
            self._kind("export", "kubeconfig", "--name", self.name, "--kubeconfig", self.kubeconfig)
            return
        config = self.kubeconfig.with_suffix(".yaml")
        workers = "- role: worker\n" * (self.nodes - 1)
        config.write_text(KIND_CONFIG.read_text("utf-8") + workers)
        with step(f"create kind cluster {self.name}"):
            create = ("create", "cluster", "--name", self.name, "--wait", "3m")
            self._kind(*create, "--config", config, "--kubeconfig", self.kubeconfig)

    def load_images(self, archives: Sequence[Path]) -> None:
        for archive in archives:
            self._kind("load", "image-archive", archive, "--name", self.name)

    def down(self) -> None:
        self._kind("delete", "cluster", "--name", self.name, "--kubeconfig", self.kubeconfig)
        self.kubeconfig.unlink(missing_ok=True)

    def _kind(self, *arguments: str | Path) -> str:
        if not shutil.which("kind"):
            raise StepError("`kind` is not on the PATH", "Install it, or use CLUSTER=embedded.")
        return run(["kind", *arguments], remedy="Check `docker ps`; `kind export logs` shows more.")


@dataclass(frozen=True, slots=True)
class Current:
    """Somebody else's cluster: we use it, and neither make nor remove it."""

    kubeconfig: Path

    def up(self) -> None:
        try:
            Kubectl(self.kubeconfig)("get", "--raw", "/version")
        except StepError as failure:
            raise StepError(
                str(failure), f"Point KUBECONFIG (now {self.kubeconfig}) at a cluster that answers."
            ) from failure
        say(f"using the cluster of {self.kubeconfig}")

    def load_images(self, archives: Sequence[Path]) -> None:
        if ours := self.embedded_name():
            lifecycle.load_images(ours, archives)
            return
        listed = ", ".join(archive.name for archive in archives)
        say(f"not loaded: {listed}. The cluster's nodes must be able to pull these images.")

    def down(self) -> None:
        say(f"the cluster of {self.kubeconfig} was not made here: it is kept")

    @property
    def is_embedded(self) -> bool:
        """Return whether this kubeconfig leads to a cluster of our own."""
        return self.embedded_name() is not None

    def embedded_name(self) -> str | None:
        """Return the name of our own cluster behind this kubeconfig, if it is one."""
        server = current_server(self.kubeconfig)
        for name in registry.names():
            running = lifecycle.current(name)
            if running and running.plane.server == server:
                return name
        return None


def target(
    name: str | None = None, nodes: int | None = None, mounts: tuple[Mount, ...] = ()
) -> Target:
    """Return the cluster of CLUSTER, CLUSTER_NAME, NODES, CLUSTER_TORCH_DIR and KUBECONFIG."""
    name = name or os.environ.get("CLUSTER_NAME") or DEFAULT_NAME
    nodes = nodes or _number("NODES", 1)
    kind = os.environ.get("CLUSTER") or "embedded"
    match kind:
        case "embedded":
            return Embedded(name, nodes, mounts + _torch())
        case "kind":
            return Kind(name, nodes)
        case "current":
            chosen = os.environ.get("KUBECONFIG", "").split(":")[0]
            return Current(Path(chosen) if chosen else Path.home() / ".kube" / "config")
        case _:
            raise StepError(f"CLUSTER={kind} is unknown", "Use embedded, kind or current.")


def _torch() -> tuple[Mount, ...]:
    """Return a mount of the machine's PyTorch: in an image it would cost 5 GB."""
    folder = os.environ.get("CLUSTER_TORCH_DIR")
    return (Mount(folder, _TORCH_TARGET),) if folder and Path(folder).is_dir() else ()


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdigit():
        raise StepError(f"{variable}={text} is not a number", f"For example {variable}=2.")
    return int(text)
