"""Use of the nodes' accelerators by the operator's own pods."""

from collections import Counter
from collections.abc import Mapping

from inference_operator.domain.body import Body, NamespacedName
from inference_operator.observation.projection import FINISHED


class AcceleratorUse:
    """What the pods on each node have of its extended resources."""

    def __init__(self) -> None:
        self._pods: dict[NamespacedName, tuple[str, Mapping[str, int]]] = {}
        self._nodes: dict[str, Counter[str]] = {}

    def update(self, kind: str, name: NamespacedName, pod: Body | None) -> None:
        """Count a pod as it is stored now; None for one that has gone. Other kinds do not count."""
        if kind != "Pod":
            return
        former = self._pods.pop(name, None)
        if former is not None:
            self._forget(*former)
        spec = (pod or {}).get("spec") or {}
        if pod is None or not spec.get("nodeName") or _is_finished(pod):
            return
        node, extended = spec["nodeName"], spec.get("extended") or {}
        self._pods[name] = node, extended
        self._nodes.setdefault(node, Counter()).update(extended)

    def _forget(self, node: str, extended: Mapping[str, int]) -> None:
        self._nodes[node].subtract(extended)
        # Nodes come and go.
        self._nodes[node] = +self._nodes[node]
        if not self._nodes[node]:
            del self._nodes[node]

    def of(self, node: str) -> Mapping[str, int]:
        """Return how much of each resource the pods on a node have."""
        return dict(self._nodes.get(node, {}))


def _is_finished(pod: Body) -> bool:
    return (pod.get("status") or {}).get("phase") in FINISHED
