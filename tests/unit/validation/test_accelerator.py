"""The choice between the accelerator and the CPU."""

import pytest

from inference_operator.api.workload import Accelerator, Placement, Toleration
from inference_operator.domain.accelerator import Mode, Node, Taint
from inference_operator.validation.accelerator import choose_mode

GPU = "nvidia.com/gpu"
WAITS = Accelerator()
FALLS_BACK = Accelerator.model_validate({"whenUnavailable": "UseCPU"})
OFFERS = Node("gpu-a", extended={GPU: 2})
ANYWHERE = Placement()
ON_A100 = Placement.model_validate({"nodeSelector": {"gpu": "a100"}})
TAINTED = Node("gpu-b", taints=(Taint(GPU, "", "NoSchedule"),), extended={GPU: 1})
TOLERATES = Placement.model_validate({"tolerations": [{"key": GPU, "operator": "Exists"}]})

TABLE = {
    "no accelerator is the CPU": (None, ANYWHERE, (OFFERS,), Mode.CPU),
    "Wait waits without any node": (WAITS, ANYWHERE, (), Mode.ACCELERATOR),
    "UseCPU without any node": (FALLS_BACK, ANYWHERE, (), Mode.CPU),
    "UseCPU with a node that offers it": (FALLS_BACK, ANYWHERE, (OFFERS,), Mode.ACCELERATOR),
    "too few on every node": (
        FALLS_BACK.model_copy(update={"count": 3}),
        ANYWHERE,
        (OFFERS, OFFERS),
        Mode.CPU,
    ),
    "a cordoned node offers nothing": (
        FALLS_BACK,
        ANYWHERE,
        (Node("gpu-a", unschedulable=True, extended={GPU: 2}),),
        Mode.CPU,
    ),
    "a taint keeps the pods away": (FALLS_BACK, ANYWHERE, (TAINTED,), Mode.CPU),
    "a tolerated taint does not": (FALLS_BACK, TOLERATES, (TAINTED,), Mode.ACCELERATOR),
    "a taint that only prefers does not": (
        FALLS_BACK,
        ANYWHERE,
        (Node("n", taints=(Taint("busy", "", "PreferNoSchedule"),), extended={GPU: 1}),),
        Mode.ACCELERATOR,
    ),
    "a node without the selected label": (FALLS_BACK, ON_A100, (OFFERS,), Mode.CPU),
    "a node with the selected label": (
        FALLS_BACK,
        ON_A100,
        (Node("n", labels={"gpu": "a100"}, extended={GPU: 1}),),
        Mode.ACCELERATOR,
    ),
    "another resource does not count": (
        FALLS_BACK.model_copy(update={"resource": "amd.com/gpu"}),
        ANYWHERE,
        (OFFERS,),
        Mode.CPU,
    ),
}


@pytest.mark.parametrize(("accelerator", "placement", "nodes", "mode"), TABLE.values(), ids=TABLE)
def test_the_mode_is(
    accelerator: Accelerator | None, placement: Placement, nodes: tuple[Node, ...], mode: Mode
) -> None:
    assert choose_mode(accelerator, placement, nodes).mode is mode


def test_it_says_why_on_the_cpu() -> None:
    assert choose_mode(FALLS_BACK, ANYWHERE, (TAINTED,)).message == (
        "no node offers 1 nvidia.com/gpu to these pods (1 node checked), so the model runs on the"
        " CPU (accelerator.whenUnavailable: UseCPU)"
    )


def test_it_says_how_many_nodes_offer_it() -> None:
    assert choose_mode(FALLS_BACK, ANYWHERE, (TAINTED, OFFERS)).message == (
        "1 of 2 nodes offers 1 nvidia.com/gpu"
    )


@pytest.mark.parametrize(
    ("toleration", "accepts"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "team", "value": "rates"}, True),
        ({"key": "team", "operator": "Equal", "value": "credit"}, False),
        ({"key": "team"}, False),
        ({"key": "team", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "team", "operator": "Exists", "effect": "NoSchedule"}, True),
    ],
)
def test_tolerations_are_read_as_the_scheduler_does(
    toleration: dict[str, str], accepts: bool
) -> None:
    node = Node("n", taints=(Taint("team", "rates", "NoSchedule"),), extended={GPU: 1})
    placement = Placement(tolerations=(Toleration.model_validate(toleration),))
    expected = Mode.ACCELERATOR if accepts else Mode.CPU

    assert choose_mode(FALLS_BACK, placement, (node,)).mode is expected


def test_without_known_nodes_the_accelerator_is_waited_for_and_the_message_says_so() -> None:
    choice = choose_mode(FALLS_BACK, ANYWHERE, None)
    assert (choice.mode, choice.fallback_is_off) == (Mode.ACCELERATOR, True)
    assert choice.message == (
        "the fallback to the CPU is off because the operator may not list nodes; pods run only"
        " where a node offers 1 nvidia.com/gpu; let the operator list and watch nodes (a"
        " ClusterRole), or set accelerator.whenUnavailable to Wait"
    )


def test_without_known_nodes_what_fell_back_stays_on_the_cpu() -> None:
    choice = choose_mode(FALLS_BACK, ANYWHERE, None, fell_back=True)
    assert (choice.mode, choice.fallback_is_off) == (Mode.CPU, True)
    assert "the model stays on the CPU, where it ran before" in choice.message


@pytest.mark.parametrize("accelerator", [None, WAITS])
def test_whom_nodes_do_not_concern_is_not_told_of_them(accelerator: Accelerator | None) -> None:
    choice = choose_mode(accelerator, ANYWHERE, None, fell_back=True)
    assert (choice.fallback_is_off, choice.message) == (False, "")


@pytest.mark.parametrize(
    ("accelerator", "nodes", "gpu_only", "way_out"),
    [
        (WAITS, (), False, "set spec.accelerator.whenUnavailable to UseCPU"),
        (WAITS, (), True, ""),
        # The accelerator is in use: pods wait for the node, without a fallback.
        (WAITS, (OFFERS,), False, ""),
        (WAITS, None, False, ""),
        (FALLS_BACK, (OFFERS,), False, ""),
        (FALLS_BACK, (), False, ""),
        (FALLS_BACK, None, False, "let the operator list and watch nodes"),
        (None, (), False, ""),
    ],
)
def test_the_way_out_fits_what_the_spec_says_and_what_is_known(
    accelerator: Accelerator | None,
    nodes: tuple[Node, ...] | None,
    gpu_only: bool,
    way_out: str,
) -> None:
    offered = choose_mode(accelerator, ANYWHERE, nodes, gpu_only=gpu_only).way_out
    assert offered.startswith(way_out)
    assert bool(offered) == bool(way_out)
