"""Builds and downloads for demos and tests, before they start: `python -m hack.prepare [PART …]`.

If no PART is given, it installs Debian's packages first, and then prepares all other parts at the
same time. It does not repeat a build or download that the cache has.
"""

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from hack import apt, compose
from hack.cluster import gateway_parts, packages, prometheus_operator, versions
from hack.cluster.binaries import (
    ACTIONLINT,
    ARGO_CD,
    HELM,
    KIND_CONFIG,
    KUBE_SCORE,
    PROMETHEUS,
    ensure,
    of_cluster,
)
from hack.console import StepError, reported, say
from hack.demo.trained_models import TRAINED_MODELS, trained_model
from hack.images import buildah
from hack.images.catalog import IMAGES, build, rootfs
from hack.images.torch import torch_dir
from hack.kopf_versions import lowest_kopf
from hack.product import ROOT
from hack.services import redis


def _packages() -> None:
    if os.geteuid() != 0:
        raise StepError("Debian's packages can only be installed by root", "Run this as root.")
    packages.ensure()
    buildah.install()
    if shutil.which("dot") is None:
        apt.install(["graphviz"])
    apt.unpacked("docker-registry")
    redis.program_of_debian()


def _programs() -> None:
    ensure(*of_cluster(versions.chosen()))


def _gateway() -> None:
    gateway_parts.traefik()
    gateway_parts.crds()
    compose.schema()


def _prometheus() -> None:
    ensure(PROMETHEUS)


def _checkers() -> None:
    ensure(KUBE_SCORE, KIND_CONFIG)
    prometheus_operator.crds()


def _release_tools() -> None:
    ensure(ACTIONLINT, HELM)


def _argo_cd() -> None:
    ensure(ARGO_CD)


def _images() -> None:
    for name in IMAGES:
        build(name)
    rootfs("triton")


def _models() -> None:
    for name in TRAINED_MODELS:
        trained_model(name)


PARTS: Mapping[str, Callable[[], object]] = {
    "packages": _packages,
    "programs": _programs,
    "images": _images,
    "torch": torch_dir,
    "models": _models,
    "kopf": lowest_kopf,
    "gateway": _gateway,
    "prometheus": _prometheus,
    "checkers": _checkers,
    "release-tools": _release_tools,
    "argocd": _argo_cd,
}
# The slowest first.
_AT_ONCE = (
    "programs",
    "argocd",
    "prometheus",
    "images",
    "torch",
    "models",
    "gateway",
    "checkers",
    "release-tools",
    "kopf",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m hack.prepare", description=__doc__)
    parser.add_argument("parts", metavar="PART", nargs="*", help=f"any of {', '.join(PARTS)}")
    chosen: list[str] = parser.parse_args().parts
    with reported():
        if unknown := set(chosen) - set(PARTS):
            raise StepError(f"unknown part {', '.join(unknown)}", f"Use {', '.join(PARTS)}.")
        if chosen:
            for name in chosen:
                PARTS[name]()
            return
        began = time.monotonic()
        _packages()
        _run_at_once(_AT_ONCE)
        say(f"==> everything is there (after {time.monotonic() - began:.0f} s)")


def _run_at_once(parts: tuple[str, ...]) -> None:
    """Run each part in a process of its own, and print its name before each of its lines."""
    processes = {name: _started(name) for name in parts}
    shown = [
        threading.Thread(target=_show, args=(name, process)) for name, process in processes.items()
    ]
    for thread in shown:
        thread.start()
    for thread in shown:
        thread.join()
    failed = [name for name, process in processes.items() if process.wait() != 0]
    if failed:
        raise StepError(
            f"not prepared: {', '.join(failed)}",
            f"Read its lines above; `python -m hack.prepare {failed[0]}` runs it alone.",
        )


def _started(part: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "hack.prepare", part],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _show(part: str, process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        say(f"{part + ':':10} {line.rstrip()}")


if __name__ == "__main__":
    main()
