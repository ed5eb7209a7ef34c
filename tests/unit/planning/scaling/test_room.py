"""Room for pods: what nodes have left of an accelerator, whatever its name is."""

from typing import Any

import pytest

from inference_operator.domain.accelerator import Mode, Node
from inference_operator.domain.observed import Observed, Pod
from inference_operator.planning.scaling.room import capacity_of
from tests.fakes.bodies import spec
from tests.unit.planning.seen import observed, record

GPU = "nvidia.com/gpu"
MIG = "nvidia.com/mig-1g.10gb"


def seen(
    nodes: tuple[Node, ...] | None,
    pods: tuple[Pod, ...] = (),
    mode: Mode = Mode.ACCELERATOR,
    **changes: Any,
) -> Observed:
    accelerator = {"resource": GPU, **changes.pop("accelerator", {})}
    body = spec(accelerator=accelerator, **changes)
    revision = record("aaa", mode=mode)
    return observed(body=body, records=(revision,), pods=pods, nodes=nodes)  # type: ignore[arg-type]


def node(name: str = "a", have: int = 4, used: int = 0, resource: str = GPU) -> Node:
    return Node(name, extended={resource: have}, used={resource: used})


def placed(count: int) -> tuple[Pod, ...]:
    return tuple(Pod(f"fx-{number}", "aaa", ready=True, node="a") for number in range(count))


def test_own_pods_and_what_is_left_count() -> None:
    capacity = capacity_of(seen((node("a", 4, 3), node("b", 2, 2)), placed(2)), "aaa")

    assert capacity is not None
    assert (capacity.pods, capacity.nodes, capacity.resource) == (3, 2, GPU)


def test_a_pod_that_needs_two_takes_two_of_one_node() -> None:
    nodes = (node("a", 3), node("b", 3))
    capacity = capacity_of(seen(nodes, accelerator={"count": 2}), "aaa")

    assert capacity is not None
    assert capacity.pods == 2


def test_slices_of_a_gpu_are_a_resource_like_others() -> None:
    nodes = (node("a", 7, 2, MIG), node("b", 8))
    capacity = capacity_of(seen(nodes, accelerator={"resource": MIG}), "aaa")

    assert capacity is not None
    assert (capacity.pods, capacity.nodes, capacity.resource) == (5, 1, MIG)


def test_nothing_is_left_once_an_own_pod_waits_for_a_node() -> None:
    waiting = Pod("fx-9", "aaa", unschedulable="0/1 nodes are available: Insufficient GPU")
    capacity = capacity_of(seen((node("a", 8),), (*placed(3), waiting)), "aaa")

    assert capacity is not None
    assert capacity.pods == 3


def test_a_waiting_pod_that_ends_says_nothing() -> None:
    ending = Pod("fx-9", "aaa", unschedulable="Insufficient GPU", terminating=True)
    capacity = capacity_of(seen((node("a", 8, 3),), (*placed(3), ending)), "aaa")

    assert capacity is not None
    assert capacity.pods == 8


@pytest.mark.parametrize("node_labels", [{}, {"zone": "b"}])
def test_nodes_that_may_not_have_the_pods_do_not_count(node_labels: dict[str, str]) -> None:
    other = Node("b", labels=node_labels, extended={GPU: 8})
    placement = {"nodeSelector": {"zone": "a"}}
    capacity = capacity_of(seen((other,), placement=placement), "aaa")

    assert capacity is not None
    assert (capacity.pods, capacity.nodes) == (0, 0)


def test_more_than_there_is_leaves_nothing() -> None:
    capacity = capacity_of(seen((node("a", 2, 5),)), "aaa")

    assert capacity is not None
    assert capacity.pods == 0


@pytest.mark.parametrize(
    "view",
    [seen(None), seen((node(),), mode=Mode.CPU), observed(records=(record("aaa"),))],
    ids=["nodes may not be listed", "it runs on the CPU", "no accelerator"],
)
def test_nobody_knows_or_nothing_limits(view: Observed) -> None:
    assert capacity_of(view, "aaa") is None


def test_an_unknown_revision_has_no_capacity() -> None:
    assert capacity_of(seen((node(),)), "bbb") is None
