"""An upgrade: an older operator made the custom resources, and the present one starts over them."""

import json
from pathlib import Path
from typing import Any

from benchmarks.controller import phases
from benchmarks.controller.benchmark import Benchmark, Figures
from benchmarks.controller.environment import apply_manifests
from benchmarks.controller.machine import commit_of
from hack.product import ROOT

Templates = dict[tuple[str, str], str]


async def upgrade(benchmark: Benchmark, before: Path) -> Figures:
    """Make the custom resources with the operator of the checkout `before`, then start ours."""
    await benchmark.start(root=before)
    await benchmark.idle()
    burst = await phases.burst(benchmark)
    await benchmark.running.stop()
    templates = await _pod_templates(benchmark)
    apply_manifests(benchmark.place.server, benchmark.subject, ROOT)
    figures = await phases.settled(benchmark, life="upgrade")
    return {
        "before": commit_of(before),
        "burstBefore": {key: value for key, value in burst.items() if key != "curve"},
        "templates": len(templates),
        "changedTemplates": changes(templates, await _pod_templates(benchmark)),
        **figures,
    }


async def _pod_templates(benchmark: Benchmark) -> Templates:
    """Return the pod templates of all children, by kind and name."""
    templates: Templates = {}
    for kind in benchmark.subject.workloads:
        _, listed = await benchmark.client.send("GET", kind.path(benchmark.place.namespace))
        items: list[dict[str, Any]] = listed["items"]
        for item in items:
            text = json.dumps(item["spec"]["template"], sort_keys=True)
            templates[kind.plural, item["metadata"]["name"]] = text
    return templates


def changes(before: Templates, after: Templates) -> int:
    """Return the number of workloads that are new, gone, or have another pod template."""
    return sum(before.get(key) != after.get(key) for key in {*before, *after})
