"""The revisions that clients may still reach, whose pods must stay."""

from inference_operator.domain.body import Body
from inference_operator.domain.observed import Observed
from inference_operator.planning.children.headless import headless_key, main_key
from inference_operator.resources.service import selected_revision, selects_all


def has_clients(seen: Observed, revision: str) -> bool:
    """Return whether a route or a Service leads clients to a revision now."""
    view = seen.children.gateway
    if view is not None and view.may_lead_to(revision):
        return True
    return seen.children.traffic.leads_to(revision) > 0 or _has_headless_clients(seen, revision)


def _has_headless_clients(seen: Observed, revision: str) -> bool:
    """Return whether the headless Service leads to a revision although the main one leads
    elsewhere."""
    live, main = (seen.children.live.get(key(seen)) for key in (headless_key, main_key))
    if live is None or (main is not None and _selector(live) == _selector(main)):
        return False
    return selects_all(live) or selected_revision(live) == revision


def _selector(service: Body) -> object:
    return (service.get("spec") or {}).get("selector")
