"""Room for pods: what nodes have left of an accelerator, whatever its name is."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.domain.accelerator import Mode, Node
from inference_operator.domain.observed import DeploymentView, Observed, Pod
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
    assert (capacity.placed, capacity.free, capacity.nodes, capacity.resource) == (2, 1, 2, GPU)


def test_a_pod_that_needs_two_takes_two_of_one_node() -> None:
    nodes = (node("a", 3), node("b", 3))
    capacity = capacity_of(seen(nodes, accelerator={"count": 2}), "aaa")

    assert capacity is not None
    assert capacity.free == 2


def test_slices_of_a_gpu_are_a_resource_like_others() -> None:
    nodes = (node("a", 7, 2, MIG), node("b", 8))
    capacity = capacity_of(seen(nodes, accelerator={"resource": MIG}), "aaa")

    assert capacity is not None
    assert (capacity.free, capacity.nodes, capacity.resource) == (5, 1, MIG)


def waiting(name: str = "fx-9", revision: str = "aaa", **more: Any) -> Pod:
    return Pod(name, revision, unschedulable="0/1 nodes: Insufficient nvidia.com/gpu", **more)


def test_pods_that_wait_and_new_ones_are_told_from_those_that_have_a_node() -> None:
    pods = (*placed(3), waiting("fx-8"), waiting("fx-9"), Pod("fx-7", "aaa"))
    capacity = capacity_of(seen((node("a", 8, 3),), pods), "aaa")

    assert capacity is not None
    assert (capacity.placed, capacity.new, capacity.waiting) == (3, 1, 2)
    # Of the five that seem to be left, the new pod will have one.
    assert capacity.free == 4


def test_nothing_is_left_while_a_pod_of_another_revision_waits() -> None:
    capacity = capacity_of(seen((node("a", 8),), (*placed(3), waiting(revision="bbb"))), "aaa")

    assert capacity is not None
    assert (capacity.placed, capacity.free, capacity.waiting) == (3, 0, 0)


@pytest.mark.parametrize(
    "gone",
    [waiting(terminating=True), Pod("fx-9", "aaa", finished=True, node="a")],
    ids=["it ends", "it was evicted"],
)
def test_a_pod_that_is_gone_says_nothing(gone: Pod) -> None:
    capacity = capacity_of(seen((node("a", 8, 3),), (*placed(3), gone)), "aaa")

    assert capacity is not None
    assert (capacity.placed, capacity.free, capacity.new, capacity.waiting) == (3, 5, 0, 0)


def test_a_canary_that_grows_by_its_share_needs_room_too() -> None:
    view = seen((node("a", 12, 6),), placed(4))
    deployments = {"aaa": DeploymentView(4, 4), "bbb": DeploymentView(2, 2)}
    view = replace(view, children=replace(view.children, deployments=deployments))
    beside, divided = (
        capacity_of(view, "aaa", "bbb"),
        capacity_of(view, "aaa", "bbb", is_divided=True),
    )

    assert beside is not None
    assert divided is not None
    assert (beside.free, divided.free) == (4, 6)


def test_pods_of_both_revisions_count_where_they_divide_the_number() -> None:
    canary = tuple(Pod(f"new-{number}", "bbb", ready=True, node="a") for number in range(2))
    view = seen((node("a", 8, 5),), (*placed(3), *canary))
    divided = capacity_of(view, "aaa", "bbb", is_divided=True)

    assert divided is not None
    assert divided.placed == 5


@pytest.mark.parametrize("node_labels", [{}, {"zone": "b"}])
def test_nodes_that_may_not_have_the_pods_do_not_count(node_labels: dict[str, str]) -> None:
    other = Node("b", labels=node_labels, extended={GPU: 8})
    placement = {"nodeSelector": {"zone": "a"}}
    capacity = capacity_of(seen((other,), placement=placement), "aaa")

    assert capacity is not None
    assert (capacity.free, capacity.nodes) == (0, 0)


def test_more_than_there_is_leaves_nothing() -> None:
    capacity = capacity_of(seen((node("a", 2, 5),)), "aaa")

    assert capacity is not None
    assert capacity.free == 0


@pytest.mark.parametrize(
    "view",
    [seen(None), seen((node(),), mode=Mode.CPU), observed(records=(record("aaa"),))],
    ids=["nodes may not be listed", "it runs on the CPU", "no accelerator"],
)
def test_nobody_knows_or_nothing_limits(view: Observed) -> None:
    assert capacity_of(view, "aaa") is None


def test_an_unknown_revision_has_no_capacity() -> None:
    assert capacity_of(seen((node(),)), "bbb") is None
