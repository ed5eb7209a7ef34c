"""From nothing, or from an unclean end's remains, to a cluster with Ready nodes; and back."""

import contextlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hack.cluster import binaries as programs
from hack.cluster import (
    cgroups,
    dns,
    images,
    network,
    node,
    packages,
    registry,
    versions,
    volumes,
)
from hack.cluster.layout import BASE, MOST_NODES, Cluster, Mount, cgroup_of, folder_of
from hack.cluster.running import Running
from hack.cluster.versions import Kubernetes
from hack.console import StepError, say, step

# A dead node is noticed after 12 s rather than 40 s.
_PROMPT = ("--node-monitor-period=1s", "--node-monitor-grace-period=12s")


def up(name: str, nodes: int = 1, mounts: tuple[Mount, ...] = ()) -> Cluster:
    """Start the cluster, or repair the existing one; a healthy one is not touched."""
    if not 1 <= nodes <= MOST_NODES:
        raise StepError(f"NODES={nodes} is out of range", f"Use 1 to {MOST_NODES}.")
    registry.require_root()
    packages.ensure()
    kubernetes = versions.chosen()
    built = programs.ensure(*programs.of_cluster(kubernetes))
    with registry.locked(name):
        before = registry.recorded(name)
        _demand_version(before, kubernetes)
        if before is None:
            _halt(name, None)
            _forget(name)
        components = (
            _extended(before, nodes, mounts)
            if before
            else registry.claim(name, nodes, mounts, kubernetes.minor)
        )
        running = Running(components, built)
        if before == components and running.healthy():
            say(f"cluster {name} is up: export KUBECONFIG={components.kubeconfig}")
            return components
        with step(f"start Kubernetes {kubernetes.version}: {name}, {components.nodes} node(s)"):
            _start(running, fresh=before is None)
        say(f"    export KUBECONFIG={components.kubeconfig}")
        return components


def down(name: str) -> None:
    """End the cluster and remove all of it, whatever state it is in."""
    with registry.locked(name):
        cluster = registry.recorded(name)
        if cluster is None and not folder_of(name).exists() and not cgroups.exists(cgroup_of(name)):
            say(f"there is no cluster {name}")
            return
        with step(f"remove cluster {name}"):
            _halt(name, cluster)
            _forget(name)


def current(name: str) -> Running | None:
    """Return the recorded cluster, whether or not it runs."""
    cluster = registry.recorded(name)
    if cluster is None:
        return None
    kubernetes = versions.kubernetes(cluster.kubernetes)
    return Running(cluster, programs.ensure(programs.api_server(kubernetes)))


def load_images(name: str, archives: Sequence[Path]) -> None:
    with registry.locked(name):
        cluster = registry.recorded(name)
        if cluster is None:
            raise StepError(f"there is no cluster {name}", "Run `python -m hack.cluster up` first.")
        images.load(cluster.all_nodes(), archives)


def _demand_version(before: Cluster | None, kubernetes: Kubernetes) -> None:
    """Refuse another version than the cluster's: etcd's files do not go back."""
    if before and before.kubernetes != kubernetes.minor:
        raise StepError(
            f"cluster {before.name} has Kubernetes {before.kubernetes}, not {kubernetes.minor}",
            f"Use KUBERNETES={before.kubernetes}, or first "
            f"`python -m hack.cluster down --name {before.name}`.",
        )


def _extended(before: Cluster, nodes: int, mounts: tuple[Mount, ...]) -> Cluster:
    """Return the cluster with more nodes and mounts: only `down` removes any."""
    by_target = {mount.target: mount for mount in before.mounts + mounts}
    return replace(before, nodes=max(nodes, before.nodes), mounts=tuple(by_target.values()))


def _start(running: Running, *, fresh: bool) -> None:
    cluster = running.cluster
    _halt(cluster.name, cluster)
    try:
        _boot(running)
    except StepError as failure:
        if fresh:
            raise
        # What an unclean end left in etcd or containerd may be beyond use.
        say(f"    {failure}\n    the existing cluster cannot be used: starting again")
        _halt(cluster.name, cluster)
        for path in cluster.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
        _boot(running)


def _boot(running: Running) -> None:
    cluster, processes, built = running.cluster, running.processes, running.binaries
    began = datetime.now(UTC).replace(microsecond=0)
    registry.record(cluster)
    packages.ensure_modules()
    cgroups.create(processes.cgroup)
    plane = running.plane
    plane.admin()
    processes.anchor("hub", built["pause"], "--net")
    network.connect_host(cluster, processes)
    starts = [
        node.NodeStart(cluster, each, plane, processes, built) for each in cluster.all_nodes()
    ]
    for start in starts:
        start.isolate()
        network.connect_node(cluster, start.node, processes)
    first = cluster.node(1).name
    processes.start("etcd", plane.etcd(), within=first)
    processes.start("kube-apiserver", plane.api_server(), within=first)
    for start in starts:
        start.start_containerd()
    _load_pause(running)
    running.wait_for("the API server", lambda: running.kubectl.succeeds("get", "--raw", "/readyz"))
    processes.start("kube-controller-manager", plane.controller_manager(_PROMPT), within=first)
    processes.start("kube-scheduler", plane.scheduler(), within=first)
    for start in starts:
        start.start_kubernetes()
    dns.publish(cluster, running.kubectl)
    corefile = dns.corefile(cluster, plane)
    processes.start("coredns", [str(built["coredns"]), f"-conf={corefile}"], within=first)
    _start_volumes(running)
    running.wait_for("every node", partial(running.healthy, began))
    running.wait_for("the cluster's DNS", lambda: dns.answers(cluster.dns_address))
    account = ("get", "serviceaccount", "default", "--namespace=default")
    running.wait_for("the default ServiceAccount", lambda: running.kubectl.succeeds(*account))


def _start_volumes(running: Running) -> None:
    plane, folder = running.plane, running.cluster.folder / "volumes"
    running.kubectl.apply(*volumes.objects())
    identity = plane.authority().issue(volumes.PROGRAM, volumes.USER)
    pair = (identity.certificate, identity.key)
    command = volumes.command(plane.server, plane.authority().pair.certificate, pair, folder)
    running.processes.start(volumes.PROGRAM, command, within=running.cluster.node(1).name)


def _load_pause(running: Running) -> None:
    archive = images.read_archive(
        images.write_pause_archive(running.binaries["pause"], running.cluster.folder / "pause.tar")
    )
    for each in running.cluster.all_nodes():
        running.wait_for(f"containerd of {each.name}", partial(images.answers, each))
        images.load_quietly(each, archive)


def _halt(name: str, cluster: Cluster | None) -> None:
    """End every process; namespaces, mounts and links go with their last process."""
    cgroups.kill(cgroup_of(name))
    cgroups.remove(cgroup_of(name))
    if cluster is not None:
        network.remove_host_link(cluster)
    shutil.rmtree(folder_of(name) / "run", ignore_errors=True)


def _forget(name: str) -> None:
    with registry.all_locked():
        shutil.rmtree(folder_of(name), ignore_errors=True)
        if not registry.names():
            # Earlier they would vanish from the other clusters' nodes, too.
            node.forget_host_folders()
            with contextlib.suppress(OSError):
                BASE.rmdir()
