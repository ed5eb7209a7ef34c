"""Links, addresses and routes: a hub namespace with a bridge that joins the host and the nodes."""

import subprocess
import time

from hack.cluster.layout import MOST_NODES, Cluster, Node
from hack.cluster.processes import Processes
from hack.console import StepError, run

_LINK_SECONDS = 60


def connect_host(cluster: Cluster, processes: Processes) -> None:
    """Give the host one link into the hub, and its routes to Services and pods."""
    remove_host_link(cluster)
    processes.shell("hub", "ip link add br0 type bridge; ip link set br0 up; ip link set lo up")
    hub = processes.pid("hub")
    _ip(f"link add {cluster.host_link} type veth peer name host netns {hub}")
    processes.shell("hub", "ip link set host master br0 up")
    _ip(f"addr add {cluster.host_address}/24 dev {cluster.host_link}")
    _ip(f"link set {cluster.host_link} up")
    _ip(f"route add {cluster.service_cidr} via {cluster.node(1).address}")


def connect_node(cluster: Cluster, node: Node, processes: Processes) -> None:
    """Join a node to the hub; only what belongs to the cluster is reachable from it."""
    pid = processes.pid(node.name)
    port = f"n{node.number}"
    processes.shell("hub", f"ip link add {port} type veth peer name eth0 netns {pid}")
    processes.shell("hub", f"ip link set {port} master br0 up")
    peers = [cluster.node(number) for number in range(1, MOST_NODES + 1)]
    routes = [
        f"ip route add {peer.pods_cidr} via {peer.address}"
        for peer in peers
        if peer.number != node.number
    ]
    script = [
        "ip link set lo up",
        f"ip addr add {node.address}/24 dev eth0",
        "ip link set eth0 up",
        # iptables rewrites Service addresses after routing: they only need to have a route.
        f"ip route add {cluster.service_cidr} via {cluster.host_address}",
        # Anything else fails at once rather than by a timeout.
        "ip route add unreachable default",
        # A packet that kube-proxy's rules did not rewrite came before them. If it passed, conntrack
        # would remember it, and no later packet of that connection would be rewritten.
        f"iptables -A FORWARD -d {cluster.service_cidr} -j DROP",
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
        "echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables",
        *routes,
    ]
    processes.shell(node.name, "\n".join(script))
    _ip(f"route add {node.pods_cidr} via {node.address}")


def remove_host_link(cluster: Cluster) -> None:
    """Remove the host's link, and with it its routes; normally it went with the hub."""
    deadline = time.monotonic() + _LINK_SECONDS
    while _link_exists(cluster):
        subprocess.run(["ip", "link", "delete", cluster.host_link], capture_output=True)
        if time.monotonic() > deadline:
            raise StepError(
                f"link {cluster.host_link} cannot be removed", "Run `ip link delete` by hand."
            )
        time.sleep(0.02)


def _link_exists(cluster: Cluster) -> bool:
    shown = subprocess.run(["ip", "link", "show", cluster.host_link], capture_output=True)
    return shown.returncode == 0


def _ip(command: str) -> None:
    run(
        ["ip", *command.split()],
        remedy="See in `ip route` whether a network of 10.224.0.0/12 is in use.",
    )
