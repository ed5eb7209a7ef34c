"""Nodes as placement sees them, for the units that have an accelerator."""

from collections.abc import Mapping
from types import MappingProxyType

from inference_operator.domain.accelerator import Node, Taint
from inference_operator.domain.body import Body
from inference_operator.observation.store import Store


def nodes_for(store: Store, unit: Body) -> tuple[Node, ...] | None:
    """Return the nodes for a unit with an accelerator, since there may be many; None if they may
    not be listed."""
    spec = unit.get("spec")
    if not (isinstance(spec, Mapping) and spec.get("accelerator") is not None):
        return ()
    nodes = store.nodes()
    if nodes is None:
        return None
    use = store.accelerator_use
    return tuple(node_view(node, use.of(node["metadata"]["name"])) for node in nodes)


def node_view(body: Body, used: Mapping[str, int] = MappingProxyType({})) -> Node:
    """Return a node as placement sees it; `used` is what our pods have of its resources."""
    spec = body.get("spec") or {}
    taints = (Taint(t["key"], t.get("value", ""), t["effect"]) for t in spec.get("taints") or ())
    allocatable = (body.get("status") or {}).get("allocatable") or {}
    return Node(
        name=body["metadata"]["name"],
        labels=body["metadata"].get("labels") or {},
        taints=tuple(taints),
        unschedulable=bool(spec.get("unschedulable")),
        extended={k: int(v) for k, v in allocatable.items() if str(v).isdigit()},
        used=used,
    )
