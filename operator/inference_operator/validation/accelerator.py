"""Whether a unit runs on its accelerator or, where no node can offer it, on the CPU."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.api.workload import Accelerator, Placement, WhenUnavailable
from inference_operator.domain.accelerator import Mode, Node, tolerates


@dataclass(frozen=True, slots=True)
class Choice:
    """The mode, and why."""

    mode: Mode
    message: str = ""
    fallback_is_off: bool = False
    """Whether nodes are not known, so that a fallback that the spec asks for cannot be decided."""

    way_out: str = ""
    """What else than another accelerator would let pods start that wait for one."""


def choose_mode(
    accelerator: Accelerator | None,
    placement: Placement,
    nodes: tuple[Node, ...] | None,
    *,
    fell_back: bool = False,
    gpu_only: bool = False,
) -> Choice:
    """The accelerator if it is to be waited for, or some node could ever offer it; else the CPU.

    A node whose accelerators are all in use counts as offering them: pods then wait for it.
    Without known nodes (None) nothing changes: what `fell_back` to the CPU before stays there. A
    model that is `gpu_only` has no way out to the CPU.
    """
    if accelerator is None:
        return Choice(Mode.CPU)
    if accelerator.when_unavailable is WhenUnavailable.WAIT:
        helps = nodes is not None and not any(offers(n, accelerator, placement) for n in nodes)
        return Choice(Mode.ACCELERATOR, way_out=_USE_CPU if helps and not gpu_only else "")
    if nodes is None:
        mode = Mode.CPU if fell_back else Mode.ACCELERATOR
        return Choice(mode, _unknown(mode, accelerator), fallback_is_off=True, way_out=_LIST_NODES)
    offering = [node.name for node in nodes if offers(node, accelerator, placement)]
    wanted = f"{accelerator.count} {accelerator.resource}"
    if offering:
        return Choice(Mode.ACCELERATOR, f"{len(offering)} of {len(nodes)} nodes offer {wanted}")
    return Choice(
        Mode.CPU,
        f"none of {len(nodes)} nodes offers {wanted} to these pods, so the model runs on the CPU"
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
        f"the fallback to the CPU is off, since the operator may not list nodes, and {stays}; let"
        " the operator list and watch nodes (a ClusterRole), or set accelerator.whenUnavailable to"
        " Wait"
    )


def offers(node: Node, accelerator: Accelerator, placement: Placement) -> bool:
    """Whether the node could ever take a pod with this accelerator and placement."""
    return (
        not node.unschedulable
        and node.extended.get(accelerator.resource, 0) >= accelerator.count
        and _selected(node.labels, placement.node_selector)
        and all(tolerates(placement.tolerations, taint) for taint in node.taints)
    )


def _selected(labels: Mapping[str, str], selector: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())
