"""Numbers of pods: no other module of planning computes one."""

from inference_operator.api.canary import Canary, CanaryScale, DynamicStableScale
from inference_operator.api.reasons import Reason
from inference_operator.domain.autoscaled import Autoscaled
from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.sizes import Pair, Sizes
from inference_operator.domain.tracks import Role, Track, Tracks
from inference_operator.domain.traffic import Split
from inference_operator.validation.invalid import Invalid

MOST_REPORTED = 1000
"""A status may be edited: a size that is read from it is no larger."""


def unit_size(
    seen: Observed, state: RolloutState, invalid: Invalid | None, scaled: Autoscaled | None
) -> int:
    """Return the pods that one revision needs to serve all clients.

    The spec says how many, or `scaled` does. What the allow-lists refuse is well-formed, so its
    size is meant. Another invalid spec names none: the unit keeps its last size.
    """
    if is_illegible(invalid):
        return last_size(seen, state)
    if scaled is not None:
        return scaled.size
    replicas: int = seen.spec.get("replicas", 1)
    return replicas


def is_illegible(invalid: Invalid | None) -> bool:
    """Return whether the spec is invalid so that not even its size can be believed."""
    return invalid is not None and invalid.reason is not Reason.NOT_ALLOWED


def pair_of(
    unit: int, weight: int, canary: Canary, split: Split, scale: CanaryScale | None
) -> Pair:
    """Return the pods of both revisions while the canary shall get `weight` percent.

    The stable revision keeps all `unit` pods, unless `dynamicStableScale` allows less. `scale` is
    the last `setCanaryScale`, if it still holds.

    >>> from inference_operator.api.canary import Canary
    >>> halves = Canary.model_validate({"steps": [{"setWeight": 50}]})
    >>> pair_of(8, 50, halves, Split.ROUTE, None)
    Pair(stable=8, canary=4)
    >>> pair_of(8, 50, halves, Split.REPLICAS, None)
    Pair(stable=8, canary=8)
    >>> given = {"steps": [{"setWeight": 50}], "dynamicStableScale": "WhenWeighted"}
    >>> shrinking = Canary.model_validate(given)
    >>> pair_of(8, 50, shrinking, Split.ROUTE, CanaryScale(replicas=2))
    Pair(stable=6, canary=2)
    """
    may_shrink = canary.dynamic_stable_scale is DynamicStableScale.WHEN_WEIGHTED
    if unit == 0:
        return Pair(0, 0)
    if split is Split.REPLICAS and 0 < weight < 100:
        pair = replica_split(unit, weight, may_shrink=may_shrink)
    else:
        left = _share_of(unit, 100 - weight) if may_shrink else unit
        pair = Pair(max(left, 1), max(_share_of(unit, weight), 1))
    if scale is None or scale.match_traffic_weight is not None:
        return pair
    canary_pods = scale.replicas or max(_share_of(unit, scale.weight or 0), 1)
    # Both together serve all clients, whatever a step says about the canary.
    return Pair(max(pair.stable, unit - canary_pods), canary_pods)


def replica_split(unit: int, weight: int, *, may_shrink: bool) -> Pair:
    """Return the numbers of pods whose ratio is nearest to a weight between 1 and 99 percent.

    Neither number exceeds `unit`, and together they are no fewer. Of equally near ones, those with
    the fewest pods are taken.

    >>> replica_split(3, 10, may_shrink=False)   # 25 %
    Pair(stable=3, canary=1)
    >>> replica_split(9, 10, may_shrink=False)   # 10 %
    Pair(stable=9, canary=1)
    >>> replica_split(4, 75, may_shrink=False)   # 50 %: the stable revision keeps its pods
    Pair(stable=4, canary=4)
    >>> replica_split(4, 75, may_shrink=True)
    Pair(stable=1, canary=3)
    >>> replica_split(8, 50, may_shrink=True)
    Pair(stable=4, canary=4)
    """
    pairs = []
    for stable in range(1 if may_shrink else unit, unit + 1):
        ideal = stable * weight // (100 - weight)
        for canary in (ideal, ideal + 1):
            pairs.append(Pair(stable, min(max(canary, unit - stable, 1), unit)))
    return min(pairs, key=lambda pair: (abs(100 * pair.share - weight), pair.total, pair.canary))


def held_pair(pair: Pair, unit: int, ready: int) -> Pair:
    """Return the pods while the canary, of which `ready` pods answer, shall get no more requests,
    and pods divide them. Those that still start would raise its share.

    >>> held_pair(Pair(stable=4, canary=4), 8, 2)
    Pair(stable=6, canary=2)
    >>> held_pair(Pair(stable=4, canary=4), 8, 5)
    Pair(stable=4, canary=4)
    """
    canary = min(pair.canary, max(ready, 1))
    return Pair(max(pair.stable, unit - canary), canary)


def sizes(
    seen: Observed, tracks: Tracks, unit: int, pair: Pair | None = None, weight: int = 0
) -> Sizes:
    """Return the pods of each track; a revision needs `unit` pods to serve all clients.

    `pair` are the pods that the present step asks for, if there is one, and `weight` is the share
    that it gives the canary. Pods are given up only once their clients have left.
    """
    pods = {track.revision: _pods_of(seen, track, unit, pair) for track in tracks.items}
    stable, canary = tracks.stable, tracks.canary
    if pair is not None and pair.stable > 0 and stable in pods and canary in pods:
        pods[stable] = max(pods[stable], _stable_keeps(seen, tracks, unit, pair, weight))
        pods[canary] = max(pods[canary], _canary_keeps(seen, tracks, unit, pair, weight))
    return Sizes(unit, pods)


def baseline_size(seen: Observed, state: RolloutState, canary: int, *, may_grow: bool) -> int:
    """Return the pods that the canary, which shall have `canary`, is compared with: as many.

    They come after the canary's, which must not wait for a node that they take. They never exceed
    them.
    """
    baseline = state.baseline
    if baseline is None or baseline.late_at is not None:
        return 0
    if may_grow and seen.children.ready_of(state.canary) >= canary:
        return canary
    reported, live = seen.status.baseline, seen.children.baselines.get(baseline.revision)
    is_reported = reported is not None and reported.revision == baseline.revision
    last = (reported.replicas if reported and is_reported else 0) or (live.replicas if live else 0)
    return min(last, canary)


def _stable_keeps(seen: Observed, tracks: Tracks, unit: int, pair: Pair, weight: int) -> int:
    """Return the pods that the stable revision must not give up yet."""
    traffic, canary = seen.children.traffic, tracks.canary
    if not tracks.weight_of(canary):
        # It serves alone, or shall again.
        return unit
    if traffic.split is Split.ROUTE:
        has_share = traffic.effective and traffic.leads_to(canary) >= weight
    else:
        has_share = traffic.leads_to(canary) > 0
    has_moved = has_share and seen.children.ready_of(canary) >= pair.canary
    return 0 if has_moved else min(unit, _has(seen, tracks.stable, unit))


def _canary_keeps(seen: Observed, tracks: Tracks, unit: int, pair: Pair, weight: int) -> int:
    """Return the pods that the canary must not give up yet: clients may still be led to it, or the
    stable revision has too few."""
    traffic, canary = seen.children.traffic, tracks.canary
    is_released = traffic.split is not Split.ROUTE or (
        traffic.effective and traffic.leads_to(canary) <= weight
    )
    if not traffic.leads_to(canary):
        return 0
    has_enough = seen.children.ready_of(tracks.stable) >= pair.stable
    return 0 if is_released and has_enough else min(unit, _has(seen, canary, 0))


def _has(seen: Observed, revision: str | None, otherwise: int) -> int:
    """Return the pods that a revision's Deployment asks for; `otherwise` without one."""
    deployment = seen.children.deployments.get(revision or "")
    return deployment.replicas if deployment else otherwise


def last_size(seen: Observed, state: RolloutState) -> int:
    """Return the size that the unit has, while its spec names none that is valid.

    An invalid edit must not change what serves, not even by a default that it brings along.
    """
    # Where the old revision ends before the new one starts, the stable one may have no pod.
    return _last_size_of(seen, state.stable) or _last_size_of(seen, state.canary)


def live_size(seen: Observed, *, may_divide: bool) -> int:
    """Return the number of pods that the unit has, when nobody remembers a decision.

    It is that of its live Deployments, since a status may be edited. The number that was reported
    last counts beside them, as far as the pods that were seen then or are there now make it
    possible: a Deployment may have been edited while no operator ran, and a canary may have taken
    pods from the stable revision. `may_divide`: whether the spec lets it.
    """
    status = seen.status
    if status.stable is None and status.canary is None:
        # The status was lost, or there is none yet.
        numbers = [each.replicas for each in seen.children.deployments.values()]
        return min(sum(numbers), MOST_REPORTED) if may_divide else max(numbers, default=0)
    tracks = [track for track in (status.stable, status.canary) if track is not None]
    stable, canary = (
        _has(seen, track.revision if track else None, 0) for track in (status.stable, status.canary)
    )
    number = status.autoscaling.desired_replicas if status.autoscaling else None
    reported = min(number or 0, MOST_REPORTED)
    if not stable and not canary:
        # One revision has ended and the next has not begun, or somebody has deleted Deployments.
        return reported
    most = sum(max(track.replicas or 0, _has(seen, track.revision, 0)) for track in tracks)
    if reported <= most:
        return max(reported, stable or canary)
    return stable + canary if may_divide else stable or canary


def last_pair(seen: Observed, state: RolloutState, unit: int) -> Pair | None:
    """Return the pods that both revisions have, while the spec names no step; None without a
    canary beside a stable revision."""
    if state.canary is None or state.stable is None:
        return None
    return Pair(
        _last_size_of(seen, state.stable) or unit, _last_size_of(seen, state.canary) or unit
    )


def _last_size_of(seen: Observed, revision: str | None) -> int:
    if revision is None:
        return 0
    shown = (seen.status.stable, seen.status.canary)
    reported = [view.replicas for view in shown if view is not None and view.revision == revision]
    last = next((number for number in reported if number), 0)
    return min(last, MOST_REPORTED) or _has(seen, revision, 0)


def _share_of(unit: int, percent: int) -> int:
    """Return that share of the pods, rounded up."""
    return -(-unit * percent // 100)


def _pods_of(seen: Observed, track: Track, unit: int, pair: Pair | None) -> int:
    """Return the number of pods. A revision that clients have left gets no more than it has."""
    if track.role in (Role.PREVIOUS, Role.ABORTED):
        deployment = seen.children.deployments.get(track.revision)
        return min(unit, deployment.replicas) if deployment else unit
    if pair is None:
        return unit
    return pair.canary if track.role is Role.CANARY else pair.stable
