"""Which unit an object belongs to by its owner references."""

from collections.abc import Mapping
from typing import Any

from inference_operator.observation.kinds import UNIT_BY_KIND

Body = Mapping[str, Any]


def owners(body: Body) -> tuple[Body, ...]:
    """The references to units that control the object: one at most, as the API server has it."""
    references = body["metadata"].get("ownerReferences") or ()
    return tuple(r for r in references if r.get("controller") and r.get("kind") in UNIT_BY_KIND)


def is_owned_by(body: Body, uid: str) -> bool:
    """Whether the unit of that uid controls the object, not a predecessor of the same name."""
    return any(owner.get("uid") == uid for owner in owners(body))
