"""The local cluster's command line: `python -m hack.cluster up`, `down`, `status`, ..."""

import argparse
import os
import shlex
import sys
from pathlib import Path

from hack.cluster import gateway, lifecycle
from hack.cluster.binaries import kubectl
from hack.cluster.layout import Mount
from hack.cluster.target import Embedded, Target, target
from hack.console import StepError, reported, say

Arguments = argparse.Namespace


def main() -> None:
    arguments = _parser().parse_args()
    with reported():
        arguments.run(arguments)


def _up(arguments: Arguments) -> None:
    mounts = tuple(_mount(text) for text in arguments.inject)
    target(arguments.name, arguments.nodes, mounts).up()


def _down(arguments: Arguments) -> None:
    target(arguments.name).down()


def _load_image(arguments: Arguments) -> None:
    target(arguments.name).load_images(arguments.archives)


def _kubeconfig(arguments: Arguments) -> None:
    say(str(_existing(target(arguments.name)).kubeconfig))


def _env(arguments: Arguments) -> None:
    """Print shell commands, after which kubectl and inference-operator use the cluster."""
    kubeconfig = _existing(target(arguments.name)).kubeconfig
    programs = f"{kubectl().parent}:{Path(sys.executable).parent}"
    say(f"export KUBECONFIG={shlex.quote(str(kubeconfig))}")
    say(f'export PATH={shlex.quote(programs)}:"$PATH"')


def _kubectl(arguments: Arguments) -> None:
    chosen = _existing(target(arguments.name))
    command = [str(kubectl()), f"--kubeconfig={chosen.kubeconfig}", *arguments.words]
    os.execv(command[0], command)


def _status(arguments: Arguments) -> None:
    chosen = target(arguments.name)
    if not isinstance(chosen, Embedded):
        chosen.up()
        return
    running = lifecycle.current(chosen.name)
    if running is None:
        raise StepError(f"there is no cluster {chosen.name}", "Run `python -m hack.cluster up`.")
    for program in running.expected():
        pid = running.processes.pid(program)
        say(f"{program:28} {f'running, pid {pid}' if pid else 'DEAD'}")
    ready = running.ready_nodes()
    say(f"nodes Ready: {', '.join(ready) or 'none'} (of {running.cluster.nodes})")
    say(f"kubeconfig: {running.cluster.kubeconfig}")
    if not running.healthy():
        raise StepError(f"cluster {chosen.name} is not healthy", "Run `python -m hack.cluster up`.")


def _logs(arguments: Arguments) -> None:
    chosen = target(arguments.name)
    running = lifecycle.current(chosen.name) if isinstance(chosen, Embedded) else None
    if running is None:
        raise StepError(
            "there is no embedded cluster of that name", "Run `python -m hack.cluster up`."
        )
    for program in arguments.programs or running.expected():
        say(f"--- {running.processes.log(program)}")
        say(running.processes.tail(program, arguments.lines))


def _gateway(arguments: Arguments) -> None:
    chosen = target(arguments.name)
    if not isinstance(chosen, Embedded):
        raise StepError(
            "only an embedded cluster can be given a gateway here",
            "Use CLUSTER=embedded, or the gateway that the other cluster has.",
        )
    running = gateway.start(chosen.name)
    reference = ", ".join(f"{key}: {value}" for key, value in gateway.parent_ref().items())
    say(f"HTTP and gRPC: {running.address}, from this machine, its nodes and pods")
    say(
        f"routes: parentRefs: [{{{reference}}}]; HTTPRoutes and GRPCRoutes need different hostnames"
    )
    say(f"a request: curl -H 'Host: HOSTNAME' http://{running.address}/v2/models/MODEL")
    say(f"metrics: {running.metrics}")


def _existing(chosen: Target) -> Target:
    if not chosen.kubeconfig.exists():
        raise StepError(
            f"there is no {chosen.kubeconfig}", "Run `python -m hack.cluster up` first."
        )
    return chosen


def _mount(text: str) -> Mount:
    source, _, destination = text.partition(":")
    if not destination.startswith("/") or not Path(source).is_dir():
        raise StepError(
            f"--inject: found {text!r}, expected SRC:/DST", "Use an existing folder as SRC."
        )
    return Mount(str(Path(source).resolve()), destination)


def _parser() -> argparse.ArgumentParser:
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", help="default: $CLUSTER_NAME, else inference-operator")
    parser = argparse.ArgumentParser(prog="python -m hack.cluster", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", parents=[named], help="bring it up, or make it whole again")
    up.add_argument("--nodes", type=int, help="default: $NODES, else 1")
    up.add_argument("--inject", metavar="SRC:DST", action="append", default=[], help=_INJECT)
    up.set_defaults(run=_up)

    down = commands.add_parser("down", parents=[named], help="remove it with all its traces")
    down.set_defaults(run=_down)

    status = commands.add_parser("status", parents=[named], help="show processes and nodes")
    status.set_defaults(run=_status)

    path = commands.add_parser("kubeconfig", parents=[named], help="print the kubeconfig's path")
    path.set_defaults(run=_kubeconfig)

    env = commands.add_parser("env", parents=[named], help="print KUBECONFIG and PATH for a shell")
    env.set_defaults(run=_env)

    load = commands.add_parser("load-image", parents=[named], help="put images on every node")
    load.add_argument("archives", metavar="ARCHIVE.tar", type=Path, nargs="+")
    load.set_defaults(run=_load_image)

    logs = commands.add_parser("logs", parents=[named], help="show the end of the programs' logs")
    logs.add_argument("programs", metavar="PROGRAM", nargs="*")
    logs.add_argument("-n", "--lines", type=int, default=20)
    logs.set_defaults(run=_logs)

    routed = commands.add_parser("gateway", parents=[named], help="start a gateway in it (Traefik)")
    routed.set_defaults(run=_gateway)

    client = commands.add_parser("kubectl", parents=[named], help="run kubectl against it")
    client.add_argument("words", nargs=argparse.REMAINDER)
    client.set_defaults(run=_kubectl)
    return parser


_INJECT = "show the host's folder SRC, read-only, to every container at DST"

if __name__ == "__main__":
    main()
