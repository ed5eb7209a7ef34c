"""Forecast whether any node could take a unit's pods: what each node lacks for certain.

Nodes that are full now are not considered full: pods may end. Affinity is left to the scheduler.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from inference_operator.api.base import parse_quantity
from inference_operator.api.quoting import counted
from inference_operator.domain.accelerator import Node, tolerates
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.observation.nodes import node_view

_SHOWN = {"cpu": "CPU", "memory": "memory", "ephemeral-storage": "ephemeral storage"}


def would_wait(
    unit: ServingUnit, record: RevisionRecord, nodes: Iterable[Mapping[str, Any]]
) -> str:
    """Return why no node could ever take a pod; empty if one could, or there are no nodes."""
    requests = requests_of(record)
    lacks = [_lack(unit, requests, body) for body in nodes]
    if not lacks or not all(lacks):
        return ""
    if len(set(lacks)) == 1:
        return f"would wait: no node {lacks[0]} ({counted(len(lacks), 'node')} checked)"
    causes = ", ".join(f"{n} {_without_verb(lack)}" for lack, n in Counter(lacks).most_common(5))
    return f"would wait: no node fits ({counted(len(lacks), 'node')} checked: {causes})"


def requests_of(record: RevisionRecord) -> dict[str, Decimal]:
    """Return what a pod of the revision requests: the containers' sum, or its largest init one."""
    templates = [c["spec"]["template"] for c in record.children if c["kind"] == "Deployment"]
    spec = templates[0]["spec"] if templates else {}
    total: dict[str, Decimal] = {}
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for container in (*(spec.get("containers") or ()), *sidecars):
        for name, amount in _requests(container).items():
            total[name] = total.get(name, Decimal()) + amount
    for container in spec.get("initContainers") or ():
        for name, amount in _requests(container).items():
            total[name] = max(total.get(name, Decimal()), amount)
    return total


def _requests(container: Mapping[str, Any]) -> dict[str, Decimal]:
    resources = container.get("resources") or {}
    # Kubernetes takes the limit for a missing request.
    written = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: Decimal(parse_quantity(str(amount))) for name, amount in written.items()}


def _lack(unit: ServingUnit, requests: Mapping[str, Decimal], body: Mapping[str, Any]) -> str:
    """Return what the node lacks, as a verb phrase after "no node"; empty if it fits."""
    node: Node = node_view(body)
    placement = unit.workload.placement
    if node.unschedulable:
        return "is schedulable"
    selector = placement.node_selector
    if missing := [f"{k}={v}" for k, v in selector.items() if node.labels.get(k) != v]:
        return f"has the label {missing[0]}"
    for taint in node.taints:
        if not tolerates(placement.tolerations, taint):
            value = f"={taint.value}" if taint.value else ""
            return f"is without the taint {taint.key}{value}:{taint.effect}"
    allocatable = (body.get("status") or {}).get("allocatable") or {}
    for name, amount in sorted(requests.items(), key=lambda item: item[0] in _SHOWN):
        offered = Decimal(parse_quantity(str(allocatable.get(name, "0"))))
        if offered == 0 and amount > 0 and name not in _SHOWN:
            return f"offers {name}"
        if offered < amount:
            return f"offers {_amount(amount)} {_SHOWN.get(name, name)}"
    return ""


def _without_verb(lack: str) -> str:
    """Return the phrase for some of the nodes."""
    for verb, negated in (
        ("offers ", "without "),
        ("has ", "without "),
        ("is without ", "with "),
        ("is schedulable", "not schedulable"),
    ):
        if lack.startswith(verb):
            return negated + lack.removeprefix(verb)
    return lack


def _amount(amount: Decimal) -> str:
    for unit in ("Ti", "Gi", "Mi"):
        size = Decimal(parse_quantity(f"1{unit}"))
        if amount >= size:
            return f"{(amount / size).normalize():f}{unit}"
    return f"{amount.normalize():f}"
