"""Room for a unit's pods: the accelerators that the nodes have left."""

from collections.abc import Mapping

from pydantic import ValidationError

from inference_operator.api.workload import Accelerator, Placement
from inference_operator.domain.accelerator import Mode, Node
from inference_operator.domain.observed import Observed
from inference_operator.domain.scaling import Capacity
from inference_operator.validation.accelerator import offers


def capacity_of(
    seen: Observed, revision: str, canary: str = "", *, is_divided: bool = False
) -> Capacity | None:
    """Return for how many pods of a unit the nodes have accelerators, and which pods it has.

    `revision` serves all clients; if the unit's pods are divided, together with its `canary`.
    Accelerators of pods that this operator has not made count as free. Nothing is free while a pod
    of another revision of the unit waits for a node. None for a revision without an accelerator,
    and while nodes are not known.
    """
    record, nodes = seen.children.revisions.get(revision), seen.inputs.nodes
    asked = _asked(seen)
    if record is None or record.mode is not Mode.ACCELERATOR or nodes is None or asked is None:
        return None
    accelerator, placement = asked
    fitting = [node for node in nodes if offers(node, accelerator, placement)]
    free = sum(_left(node, accelerator) for node in fitting)
    sized = (revision, canary) if is_divided else (revision,)
    living = [pod for pod in seen.children.pods if not pod.terminating and not pod.finished]
    own = [pod for pod in living if pod.revision in sized]
    placed = sum(1 for pod in own if pod.node)
    waiting = sum(1 for pod in own if pod.unschedulable and not pod.node)
    new = len(own) - placed - waiting
    free = max(free - new, 0)
    if canary and not is_divided:
        free = _beside_canary(seen, free, revision, canary)
    if not waiting and any(pod.unschedulable for pod in living):
        free = 0
    return Capacity(placed, free, accelerator.resource, len(fitting), new, waiting)


def _beside_canary(seen: Observed, free: int, revision: str, canary: str) -> int:
    """Return how many pods the stable revision can have more, if a canary grows by its share with
    it: of 6 free ones, 4 beside a canary with half of its pods."""
    stable, other = (
        deployment.replicas if (deployment := seen.children.deployments.get(name)) else 0
        for name in (revision, canary)
    )
    return free * stable // (stable + other) if stable else free


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
