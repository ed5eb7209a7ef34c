"""The next writes to Services and routes, each of which is safe by what is live now.

A Service selects another revision only while no Gateway sends it requests, and a route gives weight
only to a Service whose endpoints are of the revision that it selects. Each pass takes one such
step; the next pass observes it.

With the serving revision `a` and the canary `b`, a promotion goes:

    NAME  NAME-stable  NAME-canary  weights
    a     a            b            0/100     b answers, and gets all requests
    b     b            b            0/100     b is stable: NAME-stable may move, for it gets none
    b     b            b            100/0     NAME-stable has endpoints of b
    b     b            b            100/0     effective: the pods of a may go
"""

from collections.abc import Iterable, Mapping

from inference_operator.domain.gateway import GatewayView, Routing
from inference_operator.domain.names import Backend
from inference_operator.domain.tracks import Role, Tracks

_ALL = 100


def next_routing(tracks: Tracks, view: GatewayView, answering: Mapping[str, int]) -> Routing | None:
    """Return what to write in this pass; None while no revision shall serve.

    `answering` are the pods in which the model answers, by revision. The weights of the tracks are
    the goal; those of the result may lag behind it.
    """
    serving = _serving(tracks)
    if serving is None:
        return None
    backends = {
        Backend.STABLE: _stable_selects(serving, view, answering),
        Backend.CANARY: _canary_selects(serving, tracks, view, answering),
    }
    moving = [b for b, revision in backends.items() if _moves(view, b, revision)]
    goal = _canary_goal(serving, tracks, view)
    weights = {kind: _next_weight(view, kind, goal, moving) for kind in view.kinds}
    return Routing(_service_selects(serving, tracks, view, answering), backends, weights)


def _service_selects(
    serving: str, tracks: Tracks, view: GatewayView, answering: Mapping[str, int]
) -> str:
    """Return the revision that NAME selects: the serving one, unless none of its pods answers or
    there is no route, and all clients shall be led to another one."""
    has_routes = any(not route.leads_nowhere for route in view.routes.values())
    goal = tracks.selected
    follows = goal is not None and tracks.weight_of(goal) == _ALL
    is_needed = not has_routes or not answering.get(serving)
    return goal if follows and is_needed and goal is not None else serving


def _serving(tracks: Tracks) -> str | None:
    """Return the revision that NAME and NAME-stable select: the stable one, or the first one."""
    by_role = {track.role: track.revision for track in tracks.items}
    return by_role.get(Role.STABLE) or by_role.get(Role.CANARY)


def _canary(serving: str, tracks: Tracks) -> tuple[str | None, int]:
    """Return the canary beside the serving revision, and the weight that it shall have."""
    canaries = (t for t in tracks.items if t.role is Role.CANARY and t.revision != serving)
    canary = next(canaries, None)
    return (canary.revision, canary.weight) if canary else (None, 0)


def _stable_selects(serving: str, view: GatewayView, answering: Mapping[str, int]) -> str:
    live = view.backends[Backend.STABLE].selected
    if live is None or view.is_free(Backend.STABLE) or not answering.get(live):
        return serving
    return live


def _canary_selects(
    serving: str, tracks: Tracks, view: GatewayView, answering: Mapping[str, int]
) -> str:
    live = view.backends[Backend.CANARY].selected
    canary, _ = _canary(serving, tracks)
    if live is not None and not view.is_free(Backend.CANARY):
        return live
    # While NAME-stable leads to an earlier revision, NAME-canary must lead to the serving one.
    is_available = view.backends[Backend.STABLE].selected in (None, serving)
    if canary is None or not is_available:
        return serving
    # It stays with a canary that stops answering: moving it to and fro would be a write each time.
    return canary if live == canary or answering.get(canary) else serving


def _moves(view: GatewayView, backend: Backend, revision: str) -> bool:
    return view.backends[backend].selected not in (None, revision)


def _canary_goal(serving: str, tracks: Tracks, view: GatewayView) -> int:
    """Return the share that NAME-canary shall have in the end, as the Services select now."""
    stable, canary = (view.backends[backend].selected for backend in Backend)
    revision, weight = _canary(serving, tracks)
    if stable == serving:
        return weight if revision is not None and canary == revision else 0
    # NAME-stable leads to an earlier revision: it must get no requests before it moves.
    return _ALL if canary == serving else 0


def _next_weight(view: GatewayView, kind: str, goal: int, moving: Iterable[Backend]) -> int:
    """Return the share of NAME-canary in the next route of that kind.

    It moves to the goal only if the Service that gains is ready. A Service that moves in this pass
    is not, whatever its endpoints say.
    """
    live = view.routes.get(kind)
    if live is None or live.leads_nowhere:
        return _first_weight(view)
    share = live.weights[Backend.CANARY]
    gains = Backend.CANARY if goal > share else Backend.STABLE
    return goal if not moving and view.backends[gains].is_ready else share


def _first_weight(view: GatewayView) -> int:
    """Return the share of NAME-canary in a route that does not exist yet: none, unless only
    NAME-canary has endpoints, as when somebody deletes the route during a promotion."""
    stable, canary = (view.backends[backend] for backend in Backend)
    return _ALL if canary.is_ready and not stable.is_ready else 0
