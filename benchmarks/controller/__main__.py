"""`python -m benchmarks.controller --n 1000`: an operator with N custom resources, measured.

API server, controller manager, scheduler and kwok run beside it on this machine. Figures come
from watches of the benchmark's own, from the API server's audit log, and from /proc.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import platform
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.controller.audit import AuditLog
from benchmarks.controller.client import Client
from benchmarks.controller.phases import PHASES, World
from benchmarks.controller.process import Running
from benchmarks.controller.report import curves, table
from benchmarks.controller.sight import Sight
from benchmarks.controller.subject import Kind, Subject, load
from benchmarks.operator_process import ROOT
from hack.cluster.apiserver import ApiServer
from hack.console import reported, say, step

NAMESPACE = "benchmark"
OPERATOR_USER = "operator-under-test"


def main() -> None:
    given = _arguments()
    with reported():
        subject = _subject(given)
        with ApiServer(fake_nodes=1) as server:
            for path in subject.manifests:
                where = ROOT / path
                flag = "-k" if (where / "kustomization.yaml").exists() else "-f"
                server.kubectl("apply", "--server-side", flag, str(where))
            server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
            server.kubectl("create", "namespace", NAMESPACE)
            result = asyncio.run(measure(server, subject, given))
    say("\n" + table([result]))
    if given.output:
        _write(given.output, result)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument(
        "--phases",
        default=",".join(PHASES),
        help="of %(default)s; an operator's first is burst",
    )
    parser.add_argument("--operator", default="inference-operator", help="a subject, or its file")
    parser.add_argument("--template", type=Path, help="another custom resource, without a name")
    parser.add_argument(
        "--children", nargs="+", help="other kinds of children, as apps/v1/deployments"
    )
    parser.add_argument("--samples", type=int, default=200, help="edits that are timed")
    parser.add_argument("--idle", type=float, default=60, help="seconds of the idle phase")
    parser.add_argument("--events", type=int, default=10, help="of the soak, for each object")
    parser.add_argument("--output", type=Path, help="JSON to write; the plot goes beside it")
    return parser.parse_args()


def _subject(given: argparse.Namespace) -> Subject:
    subject = load(given.operator)
    if given.template:
        template = yaml.safe_load(given.template.read_text())
        subject = dataclasses.replace(subject, template=template)
    if given.children:
        parts = (child.rpartition("/") for child in given.children)
        children = tuple(Kind(version, plural) for version, _, plural in parts)
        subject = dataclasses.replace(subject, children=children)
    return subject


async def measure(server: ApiServer, subject: Subject, given: argparse.Namespace) -> dict[str, Any]:
    """All phases asked for; the result as it is written to the file."""
    log = server.folder / "operator.log"
    running = Running(subject, server.kubeconfig_of(OPERATOR_USER), log)
    async with Client(server.kubeconfig) as client:
        world = World(
            subject=subject,
            n=given.n,
            namespace=NAMESPACE,
            kubeconfig=server.kubeconfig,
            audit=AuditLog(server.audit_log, OPERATOR_USER),
            client=client,
            sight=Sight(client, subject, NAMESPACE),
            running=running,
            samples=given.samples,
            idle_seconds=given.idle,
            events_per_object=given.events,
        )
        result = {"operator": subject.name, "n": given.n, **_machine(), "phases": {}}
        await running.start()
        world.sight.open()
        try:
            await world.idle()
            for phase in given.phases.split(","):
                with step(f"{phase}, N={given.n}, load average {os.getloadavg()[0]:.1f}"):
                    result["phases"][phase] = await PHASES[phase](world)
        except BaseException:
            say(running.log_tail())
            raise
        finally:
            await world.sight.close()
            await running.stop()
            if given.output:
                given.output.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(log, given.output.with_suffix(".log"))
    result["loadAverageAfter"] = round(os.getloadavg()[0], 2)
    return result


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores {platform.machine()}, {memory / 2**30:.0f} GiB,"
        f" Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}",
        "loadAverageBefore": round(os.getloadavg()[0], 2),
    }


def _write(output: Path, result: dict[str, Any]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=1) + "\n")
    output.with_suffix(".svg").write_text(curves([result]))


if __name__ == "__main__":
    main()
