"""From a push to a served model through a real Argo CD, and what all of it costs when quiet.

`python -m benchmarks.gitops [--pushes 10] [--minutes 5]`: Argo CD and the operator are processes
beside an API server with Kubernetes' controllers. A small process answers for the pods.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.controller import machine
from benchmarks.controller.environment import ready_pods_of
from benchmarks.gitops.measuring import (
    ARGO_CD,
    NAMESPACE,
    OPERATOR,
    Servers,
    memory,
    push,
    quiet_writes,
    row_of_seconds,
    row_of_writes,
)
from hack.cluster.apiserver import ApiServer
from hack.console import say
from hack.product import ROOT
from hack.services.argo_cd import LocalArgoCd, sources
from hack.services.operator_process import operator_process
from tests.integration.argocd.application import Application
from tests.integration.argocd.git import Repository

SCRIPTS = ROOT / "manifests" / "argocd" / "argocd-cm.yaml"
Row = tuple[str, str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pushes", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=5)
    given = parser.parse_args()
    about = machine.about()
    with running() as servers:
        rows = [*_rows_of_times(servers, given.pushes), *_rows_of_quiet(servers, given.minutes)]
        sizes = memory(servers)
    rows += [
        (f"RSS of {name}", "", f"{now:.0f} MB (peak {peak:.0f} MB)")
        for name, (now, peak) in sizes.items()
    ]
    total = sum(now for now, _ in sizes.values())
    _print(about, [*rows, ("RSS of all of them", "", f"{total:.0f} MB")])


@contextmanager
def running() -> Iterator[Servers]:
    """Run everything during the block; nothing is pushed yet."""
    with (
        tempfile.TemporaryDirectory(prefix="gitops-") as place,
        ApiServer(controller_manager=True) as api,
    ):
        folder, kubectl = Path(place), api.kubectl
        kubectl("apply", "--server-side", "-k", str(ROOT / "crds"))
        kubectl.wait_for_crds()
        kubectl("create", "namespace", NAMESPACE)
        with (
            LocalArgoCd(folder / "argo-cd", kubectl, api.kubeconfig_of(ARGO_CD)) as argo_cd,
            operator_process(api.kubeconfig_of(OPERATOR), {}) as operator,
            ready_pods_of(api, NAMESPACE),
        ):
            words = ("--server-side", "--field-manager=inference-operator", "-f", str(SCRIPTS))
            kubectl("apply", *words)
            operator.await_ready()
            application = Application(argo_cd, kubectl, NAMESPACE, NAMESPACE)
            yield Servers(api, argo_cd, operator, Repository(folder / "git"), application)


def _rows_of_times(servers: Servers, pushes: int) -> list[Row]:
    first = push(servers, 0)
    times = [push(servers, number) for number in range(1, pushes + 1)]
    rows = [
        ("a new Application to its first write", [first.argo_cd_writes]),
        ("a new Application to Healthy", [first.healthy]),
        ("push to Argo CD's first write", [each.argo_cd_writes for each in times]),
        ("push to the operator's first write", [each.operator_writes for each in times]),
        ("push to Healthy, all clients at the new revision", [each.healthy for each in times]),
    ]
    return [row_of_seconds(name, seconds) for name, seconds in rows]


def _rows_of_quiet(servers: Servers, minutes: float) -> list[Row]:
    counts = quiet_writes(servers, minutes * 60)
    quiet = f"in {minutes:g} quiet minutes"
    return [
        row_of_writes(f"writes of the operator {quiet}", "0", counts.operator),
        row_of_writes(f"writes of Argo CD outside its namespace {quiet}", "0", counts.argo_cd),
        row_of_writes(f"writes of Argo CD about itself {quiet}", "", counts.bookkeeping),
    ]


def _print(about: dict[str, Any], rows: Sequence[Row]) -> None:
    version = sources().name.partition("@")[2]
    say(f"\n{about['date']}, {about['machine']}, load average {about['loadAverageBefore']},")
    say(f"Argo CD {version}, {about['versions']}\n")
    say("| measure | goal | measured |\n|---|---|---|")
    for name, goal, value in rows:
        say(f"| {name} | {goal} | {value} |")


if __name__ == "__main__":
    main()
