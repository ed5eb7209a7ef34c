"""One node: containerd, kubelet and kube-proxy in namespaces of their own."""

import contextlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hack.cluster import cgroups
from hack.cluster.binaries import Binaries
from hack.cluster.control_plane import ControlPlane
from hack.cluster.images import PAUSE_IMAGE
from hack.cluster.layout import Cluster, Mount, Node
from hack.cluster.packages import CNI_PLUGINS
from hack.cluster.processes import Processes

# The kubelet sets these for the whole machine. A file with the value that it wants, bound over the
# real one in the node's mount namespace, keeps the host's own value as it is.
_TUNABLES = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}
# Programs insist on these, whatever one tells them: each node gets an empty one of its own.
_PRIVATE = (Path("/var/lib/cni"), Path("/var/lib/kubelet"))


@dataclass(frozen=True, slots=True)
class NodeStart:
    """Everything that starting a node's programs needs."""

    cluster: Cluster
    node: Node
    plane: ControlPlane
    processes: Processes
    binaries: Binaries

    def isolate(self) -> None:
        """Anchor the node's namespaces and hide the host's run-time folders in them."""
        self.node.folder.mkdir(parents=True, exist_ok=True)
        cgroups.create(self.node.cgroup)
        for folder in _PRIVATE:
            folder.mkdir(exist_ok=True)
        self.processes.anchor(
            self.node.name, self.binaries["pause"], "--net", "--mount", "--propagation=slave"
        )
        self.processes.shell(self.node.name, _isolation())

    def start_containerd(self) -> None:
        self.node.socket.unlink(missing_ok=True)
        config = self.node.folder / "containerd.toml"
        config.write_text(_containerd_config(self.node, self._base_spec()))
        plugins = self.node.folder / "cni" / "10-bridge.conflist"
        plugins.parent.mkdir(exist_ok=True)
        plugins.write_text(json.dumps(_cni_config(self.cluster, self.node)))
        self._start("containerd", ["containerd", f"--config={config}"])

    def start_kubernetes(self) -> None:
        self._start("kubelet", self._kubelet())
        self._start("kube-proxy", self._kube_proxy())

    def _start(self, program: str, command: list[str]) -> None:
        self.processes.start(self.node.process(program), command, within=self.node.name)

    def _base_spec(self) -> Path | None:
        mounts = [mount for mount in self.cluster.mounts if Path(mount.source).is_dir()]
        if not mounts:
            return None
        shown = subprocess.run(["ctr", "oci", "spec"], capture_output=True, check=True)
        spec = json.loads(shown.stdout)
        spec["mounts"] += [_bind(mount) for mount in mounts]
        path = self.node.folder / "base-spec.json"
        path.write_text(json.dumps(spec))
        return path

    def _kubelet(self) -> list[str]:
        authority = self.plane.authority()
        serving = authority.issue(
            f"{self.node.name}-serving", self.node.name, hosts=[self.node.address, self.node.name]
        )
        config = self.node.folder / "kubelet.yaml"
        content = _kubelet_config(self.cluster, self.node) | {
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(authority.pair.certificate)},
            },
            "tlsCertFile": str(serving.certificate),
            "tlsPrivateKeyFile": str(serving.key),
        }
        config.write_text(yaml.safe_dump(content))
        identity = self.plane.kubeconfig(f"system:node:{self.node.name}", "system:nodes")
        return [
            str(self.binaries["kubelet"]),
            f"--config={config}",
            f"--kubeconfig={identity}",
            f"--hostname-override={self.node.name}",
            f"--node-ip={self.node.address}",
            f"--root-dir={self.node.folder / 'kubelet'}",
            f"--cert-dir={self.node.folder / 'kubelet-pki'}",
        ]

    def _kube_proxy(self) -> list[str]:
        config = self.node.folder / "kube-proxy.yaml"
        content = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(self.plane.kubeconfig("system:kube-proxy"))},
            "mode": "iptables",
            "clusterCIDR": self.cluster.pods_cidr,
            "hostnameOverride": self.node.name,
            "iptables": {"minSyncPeriod": "100ms"},
            # The table's size belongs to the whole machine: leave it.
            "conntrack": {"maxPerCore": 0, "min": 0},
        }
        config.write_text(yaml.safe_dump(content))
        return [str(self.binaries["kube-proxy"]), f"--config={config}"]


def forget_host_folders() -> None:
    """Remove the empty folders that the nodes' private ones cover; others' are not empty."""
    for folder in _PRIVATE:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _isolation() -> str:
    hidden = [Path("/run"), Path("/var/log"), *_PRIVATE]
    # A copy of somebody's overlay (a buildah container's) would keep it busy after its end; one
    # that ends just now takes its copy along, and umount fails.
    foreign = """awk '$3 == "overlay" && $2 != "/" { print $2 }' /proc/mounts"""
    lines = [f"{foreign} | xargs -r umount --lazy || true", "mount --make-rshared /"]
    lines += [f"mount -t tmpfs -o mode=755 tmpfs {folder}" for folder in hidden]
    lines += ["mkdir -p /run/lock /run/tunables"]
    for name, value in _TUNABLES.items():
        real, ours = f"/proc/sys/{name}", f"/run/tunables/{name.replace('/', '.')}"
        lines.append(
            f"if [ -e {real} ]; then echo {value} > {ours}; mount --bind {ours} {real}; fi"
        )
    return "\n".join(lines)


def _bind(mount: Mount) -> dict[str, Any]:
    return {
        "source": mount.source,
        "destination": mount.target,
        "type": "bind",
        "options": ["rbind", "ro"],
    }


def _containerd_config(node: Node, base_spec: Path | None) -> str:
    # restrict_oom_score_adj: without CAP_SYS_RESOURCE every sandbox would fail with
    # "can't get final child's PID from pipe: EOF".
    # disable_apparmor: its profile would stay in the host's kernel.
    spec = f'base_runtime_spec = "{base_spec}"' if base_spec else ""
    return f"""version = 2
root = "{node.folder}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
address = "{node.socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{node.folder}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{CNI_PLUGINS}"
conf_dir = "{node.folder}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
{spec}
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def _cni_config(cluster: Cluster, node: Node) -> dict[str, Any]:
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": "/run/cni-ipam",
            "ranges": [[{"subnet": node.pods_cidr, "gateway": node.pods_gateway}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": cluster.name, "plugins": [bridge, ports]}


def _kubelet_config(cluster: Cluster, node: Node) -> dict[str, Any]:
    resolv = node.folder / "resolv.conf"
    resolv.write_text("")
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{node.socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "clusterDomain": "cluster.local",
        "clusterDNS": [cluster.dns_address],
        "resolvConf": str(resolv),
        "failSwapOn": False,
        # From 1.35 on the kubelet refuses a host with cgroup version 1 unless it is told this.
        "failCgroupV1": False,
        "maxPods": 110,
        "serializeImagePulls": False,
        "podLogsDir": str(node.folder / "pod-logs"),
        "volumePluginDir": str(node.folder / "volume-plugins"),
        # Images are imported, not pulled: what the collector takes would not come back.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%"},
        "nodeStatusUpdateFrequency": "2s",
        "nodeLeaseDurationSeconds": 10,
        "runtimeRequestTimeout": "10m",
    }
