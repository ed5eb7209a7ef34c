"""The headless Service of a unit: whether there shall be one, and what its writes wait for."""

from inference_operator.domain.names import ChildKey, headless_name
from inference_operator.domain.observed import Observed
from inference_operator.domain.serving_unit import ServingUnit


def has_headless(seen: Observed, unit: ServingUnit | None) -> bool:
    """Return whether the unit shall have a headless Service. Without a legible spec it keeps what
    it has."""
    return unit.headless if unit is not None else headless_key(seen) in seen.children.live


def headless_key(seen: Observed) -> ChildKey:
    return ChildKey("Service", headless_name(seen.owner.key.name))


def main_key(seen: Observed) -> ChildKey:
    """Return the Service that is named after the unit."""
    return ChildKey("Service", seen.owner.key.name)


def is_blocked_with_main(seen: Observed, key: ChildKey) -> bool:
    """Return whether a write of the headless Service waits until the unit can write its main one:
    both lead to the same pods at all times."""
    children, main = seen.children, main_key(seen)
    is_blocked = main in children.name_conflicts or main in children.orphans_of_predecessor
    return is_blocked and key == headless_key(seen)
