"""Choice of a unit's device: its accelerator, or the CPU if no node can offer that."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.api.quoting import counted
from inference_operator.api.workload import Accelerator, Placement, WhenUnavailable
from inference_operator.domain.accelerator import Mode, Node, tolerates


@dataclass(frozen=True, slots=True)
class AcceleratorChoice:
    """The chosen mode, and why."""

    mode: Mode
    message: str = ""
    fallback_is_off: bool = False
    """Whether the fallback to the CPU cannot be decided, because the nodes are unknown."""

    way_out: str = ""
    """How waiting pods could start without another accelerator."""


def choose_mode(
    accelerator: Accelerator | None,
    placement: Placement,
    nodes: tuple[Node, ...] | None,
    *,
    fell_back: bool = False,
    gpu_only: bool = False,
) -> AcceleratorChoice:
    """Choose the accelerator if the spec waits for it or any node could offer it, else the CPU.

    A node whose accelerators are all in use still offers them: pods wait for it. If the nodes are
    unknown (None), a unit that `fell_back` stays on the CPU. `gpu_only` models cannot use it.
    """
    if accelerator is None:
        return AcceleratorChoice(Mode.CPU)
    if accelerator.when_unavailable is WhenUnavailable.WAIT:
        helps = nodes is not None and not any(offers(n, accelerator, placement) for n in nodes)
        way_out = _USE_CPU if helps and not gpu_only else ""
        return AcceleratorChoice(Mode.ACCELERATOR, way_out=way_out)
    if nodes is None:
        mode = Mode.CPU if fell_back else Mode.ACCELERATOR
        message = _unknown(mode, accelerator)
        return AcceleratorChoice(mode, message, fallback_is_off=True, way_out=_LIST_NODES)
    offering = [node.name for node in nodes if offers(node, accelerator, placement)]
    request = f"{accelerator.count} {accelerator.resource}"
    total = counted(len(nodes), "node")
    if offering:
        offer = "offers" if len(offering) == 1 else "offer"
        return AcceleratorChoice(Mode.ACCELERATOR, f"{len(offering)} of {total} {offer} {request}")
    return AcceleratorChoice(
        Mode.CPU,
        f"no node offers {request} to these pods ({total} checked), so the model runs on the CPU"
        " (accelerator.whenUnavailable: UseCPU)",
    )


_USE_CPU = "set spec.accelerator.whenUnavailable to UseCPU"
_LIST_NODES = "let the operator list and watch nodes, for the fallback to the CPU"


def _unknown(mode: Mode, accelerator: Accelerator) -> str:
    stays = (
        "the model stays on the CPU, where it ran before"
        if mode is Mode.CPU
        else f"pods run only where a node offers {accelerator.count} {accelerator.resource}"
    )
    return (
        f"the fallback to the CPU is off because the operator may not list nodes; {stays}; let"
        " the operator list and watch nodes (a ClusterRole), or set accelerator.whenUnavailable to"
        " Wait"
    )


def offers(node: Node, accelerator: Accelerator, placement: Placement) -> bool:
    """Return whether the node could ever run a pod with this accelerator and placement."""
    return (
        not node.unschedulable
        and node.extended.get(accelerator.resource, 0) >= accelerator.count
        and _selected(node.labels, placement.node_selector)
        and all(tolerates(placement.tolerations, taint) for taint in node.taints)
    )


def _selected(labels: Mapping[str, str], selector: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())
