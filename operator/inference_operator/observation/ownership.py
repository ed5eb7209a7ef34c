"""Owner references of objects to units."""

from inference_operator.domain.body import Body
from inference_operator.observation.kinds import UNIT_BY_KIND


def owners(body: Body) -> tuple[Body, ...]:
    """Return the references to units that control the object: the API server allows one."""
    references = body["metadata"].get("ownerReferences") or ()
    return tuple(r for r in references if r.get("controller") and r.get("kind") in UNIT_BY_KIND)


def is_owned_by(body: Body, uid: str) -> bool:
    """Return whether the unit of that uid controls the object, not an earlier one of its name."""
    return any(owner.get("uid") == uid for owner in owners(body))
