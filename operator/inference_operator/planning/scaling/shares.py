"""Shares of a canary, and of a baseline beside it, in the requests of a unit."""

from inference_operator.domain.observed import Observed
from inference_operator.domain.scaling_question import Shares
from inference_operator.domain.traffic import Split


def shares_of(seen: Observed, *, is_divided: bool) -> Shares:
    """Return how the requests of a unit are divided. `is_divided`: whether its revisions divide the
    unit's pods, too."""
    children, tracks = seen.children, (seen.status.stable, seen.status.canary)
    stable, canary = (track.revision if track else "" for track in tracks)
    if canary in ("", stable) or not children.ready_of(stable):
        return Shares()
    traffic = children.traffic
    of_stable, of_canary = children.ready_of(stable), children.ready_of(canary)
    baseline = children.baseline_ready_of(stable)
    spread = 1.0
    if traffic.split is Split.REPLICAS:
        sized = of_stable + of_canary if is_divided else of_stable
        spread = (of_stable + of_canary + baseline) / sized
    needed = _pods_for(traffic.leads_to(canary), of_stable + of_canary if is_divided else of_stable)
    is_small = traffic.split is Split.ROUTE and of_canary < needed
    return Shares(spread, baseline / of_stable, is_small)


def _pods_for(weight: int, pods: int) -> int:
    """Return the pods that a canary needs for its weight, where `pods` serve all clients.

    >>> _pods_for(50, 7), _pods_for(10, 8)
    (3, 0)
    """
    return pods * weight // 100
