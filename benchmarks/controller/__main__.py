"""`python -m benchmarks.controller --n 1000`: measurements of an operator with N custom resources.

API server, controller manager, scheduler and kwok run beside it on this machine. Figures come
from the benchmark's own watches, from the API server's audit log, and from /proc.
"""

import argparse
import asyncio
import dataclasses
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.controller.audit import AuditLog
from benchmarks.controller.baseline import Baseline
from benchmarks.controller.benchmark import Benchmark
from benchmarks.controller.client import Client
from benchmarks.controller.machine import about, load_average
from benchmarks.controller.observer import Observer
from benchmarks.controller.operator_under_test import Kind, OperatorUnderTest, load
from benchmarks.controller.phases import PHASES, PHASES_WITHOUT_PODS
from benchmarks.controller.process import Running
from benchmarks.controller.report import curves, table
from hack.cluster.apiserver import ApiServer
from hack.console import StepError, reported, say, step
from hack.product import ROOT

NAMESPACE = "benchmark"
OPERATOR_USER = "operator-under-test"


@dataclass(frozen=True, slots=True)
class Options:
    """The amount of work for the operator under test."""

    n: int
    phases: tuple[str, ...] = tuple(PHASES)
    samples: int = 200
    idle_seconds: float = 60
    events_per_object: int = 10
    log: Path | None = None
    """Where the operator's own log is kept."""

    pods: bool = True
    """Whether there are a controller manager, a scheduler and kwok, or an API server alone."""

    @property
    def nodes(self) -> int:
        return 1 if self.pods else 0


def main() -> None:
    given = _arguments()
    with reported():
        operator = _operator(given)
        options = _options(given)
        result = {}
        if given.floor:
            with ApiServer(fake_nodes=options.nodes) as server:
                result["floor"] = asyncio.run(measure_baseline(server, operator, options))
        with ApiServer(fake_nodes=options.nodes) as server:
            result |= asyncio.run(measure(server, operator, options))
    say("\n" + table([result]))
    for name, figures in result.get("floor", {}).items():
        say(f"bare client: {name}: {figures}")
    if given.output:
        _write(given.output, result)
    if "failed" in result:
        raise SystemExit(1)


def _options(given: argparse.Namespace) -> Options:
    phases = given.phases or ",".join(PHASES if given.pods else PHASES_WITHOUT_PODS)
    return Options(
        n=given.n,
        phases=tuple(phases.split(",")),
        samples=given.samples,
        idle_seconds=given.idle,
        events_per_object=given.events,
        log=given.output.with_suffix(".log") if given.output else None,
        pods=given.pods,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--n", type=int, default=100, help="custom resources")
    parser.add_argument("--phases", help=f"some of {','.join(PHASES)} (default: all that can be)")
    parser.add_argument(
        "--api-server-only",
        dest="pods",
        action="store_false",
        help="start only the API server: no pods, nothing becomes Ready",
    )
    parser.add_argument(
        "--floor",
        action="store_true",
        help="first let a bare client write the same children, on a server of its own",
    )
    parser.add_argument(
        "--operator",
        default="inference-operator",
        help="the operator under test: a name in subjects/, or a file",
    )
    parser.add_argument(
        "--template", type=Path, help="file of another custom resource, without a name"
    )
    parser.add_argument(
        "--children", nargs="+", help="other kinds of children, as apps/v1/deployments"
    )
    parser.add_argument("--samples", type=int, default=200, help="edits that are timed")
    parser.add_argument("--idle", type=float, default=60, help="seconds of the idle phase")
    parser.add_argument("--events", type=int, default=10, help="events of the soak for each object")
    parser.add_argument("--output", type=Path, help="JSON to write; the plot goes beside it")
    return parser.parse_args()


def _operator(given: argparse.Namespace) -> OperatorUnderTest:
    operator = load(given.operator)
    if given.template:
        template = yaml.safe_load(given.template.read_text())
        operator = dataclasses.replace(operator, template=template)
    if given.children:
        parts = (child.rpartition("/") for child in given.children)
        children = tuple(Kind(version, plural) for version, _, plural in parts)
        operator = dataclasses.replace(operator, children=children)
    return operator


async def measure(
    server: ApiServer, operator: OperatorUnderTest, options: Options
) -> dict[str, Any]:
    """Run the phases on a server; return the result as it is written to the file."""
    await asyncio.to_thread(_prepare, server, operator)
    log = server.folder / "operator.log"
    running = Running(operator, server.kubeconfig_of(OPERATOR_USER), log)
    async with Client(server.kubeconfig) as client:
        benchmark = Benchmark(
            operator=operator,
            n=options.n,
            namespace=NAMESPACE,
            kubeconfig=server.kubeconfig,
            audit=AuditLog(server.audit_log, OPERATOR_USER),
            client=client,
            observer=Observer(client, operator, NAMESPACE),
            running=running,
            samples=options.samples,
            idle_seconds=options.idle_seconds,
            events_per_object=options.events_per_object,
            pods=options.pods,
        )
        phases: dict[str, Any] = {}
        result = {"operator": operator.name, "n": options.n, **about(), "phases": phases}
        benchmark.observer.open()
        try:
            await benchmark.start()
            await benchmark.idle()
            for phase in options.phases:
                with step(f"{phase}, N={options.n}, load average {load_average()}"):
                    phases[phase] = await PHASES[phase](benchmark)
        except (StepError, TimeoutError, RuntimeError) as error:
            result["failed"] = str(error)
            say(f"FAILED: {error}\n{running.operator.server.tail()}")
        finally:
            await benchmark.observer.close()
            await running.stop()
            if options.log:
                options.log.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(log, options.log)
    result["loadAverageAfter"] = load_average()
    return result


async def measure_baseline(
    server: ApiServer, operator: OperatorUnderTest, options: Options
) -> dict[str, Any]:
    """Measure a bare client that writes the same children (baseline.py)."""
    await asyncio.to_thread(_prepare, server, operator)
    running = Running(operator, server.kubeconfig_of(OPERATOR_USER), server.folder / "operator.log")
    async with Client(server.kubeconfig) as client:
        with step(f"floor, N={options.n}, load average {load_average()}"):
            return await Baseline(
                operator=operator,
                n=options.n,
                namespace=NAMESPACE,
                kubeconfig=server.kubeconfig,
                client=client,
                running=running,
                pods=options.pods,
            ).measure()


def _prepare(server: ApiServer, operator: OperatorUnderTest) -> None:
    for path in operator.manifests:
        where = ROOT / path
        flag = "-k" if (where / "kustomization.yaml").exists() else "-f"
        server.kubectl("apply", "--server-side", flag, str(where))
    server.kubectl.wait_for_crds()
    server.kubectl("create", "namespace", NAMESPACE)


def _write(output: Path, result: dict[str, Any]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=1) + "\n")
    output.with_suffix(".svg").write_text(curves([result]))


if __name__ == "__main__":
    main()
