"""Command line of the environments: `python -m hack.environments {images,show,up,branch-up,…}`."""

import argparse
import os
import sys
from pathlib import Path

from hack.cluster.kubectl import Kubectl
from hack.console import StepError, reported, say, step
from hack.environments import cluster, digests
from hack.environments.branch import branch, overlay
from hack.environments.rendering import check_images, environment, parsed
from hack.overlays import rendered


def main() -> None:
    given = _parser().parse_args()
    with reported():
        match given.command:
            case "images":
                options = (*digests.IMAGES, "triton")
                digests.write_images({k: v for k in options if (v := getattr(given, k))})
            case "show":
                sys.stdout.write(environment(given.name))
            case "up":
                _up(given.name)
            case "branch-up":
                _branch_up(given.branch)
            case "branch-down":
                cluster.branch_down(_kubectl(), branch(given.branch))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hack.environments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    images = commands.add_parser("images", help="write the digests of images")
    for option in (*digests.IMAGES, "triton"):
        images.add_argument(f"--{option}", default="", metavar="REGISTRY/NAME@sha256:DIGEST")
    for command in ("show", "up"):
        commands.add_parser(command).add_argument("name")
    for command in ("branch-up", "branch-down"):
        commands.add_parser(command).add_argument("branch")
    return parser


def _up(name: str) -> None:
    text = environment(name)
    with step(f"apply environment {name}"):
        cluster.apply(_kubectl(), text)


def _branch_up(name: str) -> None:
    of = branch(name)
    text = rendered(overlay(of, "../environments/feature-branch"))
    check_images(parsed(text))
    with step(f"apply the environment of branch {of.name} in namespace {of.namespace}"):
        key = cluster.branch_up(_kubectl(), of, text)
    if key:
        say(f"Key of its gateway, shown only now: {key}")


def _kubectl() -> Kubectl:
    """Return kubectl for the cluster of KUBECONFIG or of the home folder."""
    chosen = os.environ.get("KUBECONFIG", "").split(":")[0]
    path = Path(chosen) if chosen else Path.home() / ".kube" / "config"
    if not path.exists():
        raise StepError(f"KUBECONFIG: {path} does not exist", "Name the file of your cluster.")
    return Kubectl(path)


if __name__ == "__main__":
    main()
