"""Room for a unit's pods: the accelerators that the nodes have left."""

from collections.abc import Mapping

from pydantic import ValidationError

from inference_operator.api.workload import Accelerator, Placement
from inference_operator.domain.accelerator import Mode, Node
from inference_operator.domain.observed import Observed
from inference_operator.domain.scaling import Capacity
from inference_operator.validation.accelerator import offers


def capacity_of(seen: Observed, revision: str) -> Capacity | None:
    """Return for how many pods of a revision the nodes have accelerators, with those that it has.

    Pods of others on the nodes are not seen. So nothing is left once one of the unit's own pods
    waits for a node. None for a revision without an accelerator, and while nodes are not known.
    """
    record, nodes = seen.children.revisions.get(revision), seen.inputs.nodes
    asked = _asked(seen)
    if record is None or record.mode is not Mode.ACCELERATOR or nodes is None or asked is None:
        return None
    accelerator, placement = asked
    fitting = [node for node in nodes if offers(node, accelerator, placement)]
    pods = seen.children.pods_of(revision)
    placed = sum(1 for pod in pods if pod.node and not pod.finished)
    is_full = any(pod.unschedulable for pod in seen.children.pods if not pod.terminating)
    left = 0 if is_full else sum(_left(node, accelerator) for node in fitting)
    return Capacity(placed + left, accelerator.resource, len(fitting))


def _left(node: Node, accelerator: Accelerator) -> int:
    """Return for how many pods the node has accelerators left.

    >>> four = Accelerator.model_validate({"resource": "nvidia.com/gpu", "count": 2})
    >>> node = Node("a", extended={"nvidia.com/gpu": 8}, used={"nvidia.com/gpu": 3})
    >>> _left(node, four)
    2
    """
    resource = accelerator.resource
    free = node.extended.get(resource, 0) - node.used.get(resource, 0)
    return max(free, 0) // accelerator.count


def _asked(seen: Observed) -> tuple[Accelerator, Placement] | None:
    """Return the accelerator and the placement of the spec; None without, or if unreadable."""
    spec = seen.spec
    if not isinstance(spec, Mapping) or spec.get("accelerator") is None:
        return None
    try:
        accelerator = Accelerator.model_validate(spec["accelerator"])
        return accelerator, Placement.model_validate(spec.get("placement") or {})
    except ValidationError:
        return None
