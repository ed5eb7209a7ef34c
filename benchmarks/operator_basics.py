"""Writes per model, requests of idle passes, latency and memory of the operator with few models.

`python -m benchmarks.operator_basics [--models 10] [--samples 200]`: an API server without nodes;
pods are declared Ready by patching each Deployment's status, as its controller would.
"""

import argparse
import json
import platform
import statistics
import time
from datetime import UTC, datetime
from typing import Any

from hack.cluster.apiserver import ApiServer
from hack.cluster.audit_log import entries
from hack.console import say
from hack.product import ROOT
from hack.services.operator_process import OperatorProcess, operator_process

NAMESPACE = "benchmark"
CHILDREN = ("controllerrevisions", "configmaps", "deployments", "services")
WRITE_VERBS = ("create", "patch")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--samples", type=int, default=200)
    given = parser.parse_args()
    with ApiServer() as server:
        server.kubectl("apply", "--server-side", "-k", str(ROOT / "crds"))
        server.kubectl("create", "namespace", NAMESPACE)
        quiet = {"INFERENCE_OPERATOR_LOG_LEVEL": "WARNING"}
        with operator_process(server.kubeconfig, quiet) as operator:
            operator.await_ready()
            rows = _measure(server, operator, given.models, given.samples)
    say(f"\n{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {_cores()} cores, {_kernel()}\n")
    say("| measure | goal | measured |\n|---|---|---|")
    for name, goal, value in rows:
        say(f"| {name} | {goal} | {value} |")


def _measure(
    server: ApiServer, operator: OperatorProcess, models: int, samples: int
) -> list[tuple[str, str, str]]:
    per_model = []
    for number in range(models):
        before = operator.writes
        _create(server, f"model-{number}")
        _make_ready(server, f"model-{number}")
        _settle(operator)
        per_model.append(operator.writes - before)
    memory, peak = operator.memory_mb()
    passes, requests = operator.passes, operator.requests
    for number in range(models):
        # A label on a child wakes a pass that finds nothing to do.
        server.kubectl("label", "service", f"model-{number}", "bench=1", "-n", NAMESPACE)
    _settle(operator)
    idle_passes = operator.passes - passes
    idle_requests = operator.requests - requests
    for number in range(samples):
        _create(server, f"sample-{number}")
        time.sleep(0.15)
    _settle(operator)
    delays = sorted(_delays(server))
    return [
        (
            "writes of one new model until Ready",
            "<= 8",
            f"{max(per_model):.0f} at most",
        ),
        (
            f"API requests of {idle_passes:.0f} passes that change nothing",
            "0",
            f"{idle_requests:.0f}",
        ),
        (
            f"apply accepted -> children written, {len(delays)} samples",
            "p99 < 1 s",
            f"p50 {statistics.median(delays) * 1e3:.0f} ms,"
            f" p99 {delays[int(len(delays) * 0.99) - 1] * 1e3:.0f} ms,"
            f" slowest {delays[-1] * 1e3:.0f} ms",
        ),
        (f"RSS with {models} models", "< 120 MB", f"{memory:.0f} MB (peak {peak:.0f} MB)"),
        (f"RSS with {models + samples} models", "", f"{operator.memory_mb()[0]:.0f} MB"),
    ]


def _create(server: ApiServer, name: str) -> None:
    manifest = {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "InferenceModel",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "model": {
                "source": {"uri": f"https://models.example.com/{name}/model.onnx"},
                "format": "onnx",
                "maxBatchSize": 8,
                "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
                "outputs": [{"name": "y", "dataType": "FP32", "shape": [4]}],
            },
            "triton": {"dynamicBatching": {"maxQueueDelay": "500us"}},
        },
    }
    server.kubectl("create", "-f", "-", stdin=json.dumps(manifest))


def _make_ready(server: ApiServer, name: str) -> None:
    """Set the Deployment's status, as its controller does when pods are ready."""
    selector = ("-n", NAMESPACE, "-l", f"inference.aipx.io/name={name}")
    deadline = time.monotonic() + 10
    while not (items := server.kubectl.get("deployments", *selector)["items"]):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} has no Deployment after 10 s")
        time.sleep(0.05)
    counts = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"), 1)
    patch = {"status": {**counts, "observedGeneration": 1}}
    deployment = items[0]["metadata"]["name"]
    words = ("patch", "deployment", deployment, "-n", NAMESPACE, "--subresource=status")
    server.kubectl(*words, "--type=merge", "-p", json.dumps(patch))


def _settle(operator: OperatorProcess) -> None:
    """Wait until no pass was made for a second."""
    seen, since = operator.passes, time.monotonic()
    while time.monotonic() - since < 1.0:
        time.sleep(0.1)
        if (now := operator.passes) != seen:
            seen, since = now, time.monotonic()


def _delays(server: ApiServer) -> list[float]:
    """Seconds from the API server's answer to `create` until its answer to the last child's write,
    for each `sample-` model, by the audit log's own times."""
    created: dict[str, float] = {}
    written: dict[str, list[float]] = {}
    for entry in entries(server.audit_log):
        reference = entry.get("objectRef") or {}
        name = reference.get("name") or ""
        if entry["stage"] != "ResponseComplete" or entry["verb"] not in WRITE_VERBS:
            continue
        if not name.startswith("sample-") or reference.get("subresource"):
            continue
        if reference["resource"] == "inferencemodels":
            created[name] = _seconds(entry)
        elif reference["resource"] in CHILDREN:
            model = "-".join(name.split("-")[:2])
            written.setdefault(model, []).append(_seconds(entry))
    complete = {n: max(times) for n, times in written.items() if len(times) >= len(CHILDREN)}
    return [complete[name] - created[name] for name in complete if name in created]


def _seconds(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(entry["stageTimestamp"]).timestamp()


def _cores() -> int:
    import os

    return os.cpu_count() or 1


def _kernel() -> str:
    return f"Linux {platform.release().partition('-')[0]}"


if __name__ == "__main__":
    main()
