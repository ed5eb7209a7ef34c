"""The wishes of units for headless Services, in their unchecked specs."""

from collections.abc import Callable, Mapping

from inference_operator.domain.body import Body, MutableBody, NamespacedName
from inference_operator.domain.names import UnitKey, unit_of_headless
from inference_operator.observation.kinds import UNITS


def wants_headless(unit: Body | None) -> bool:
    """Return whether the spec of a custom resource asks for a headless Service."""
    # An older CRD may have admitted anything.
    spec = unit.get("spec") if unit is not None else None
    service = spec.get("service") if isinstance(spec, Mapping) else None
    return isinstance(service, Mapping) and service.get("headless") is True


def units_with_headless(
    get: Callable[[str, NamespacedName], MutableBody | None], service: NamespacedName
) -> list[UnitKey]:
    """Return the units whose headless Service has that name; `get` returns a custom resource."""
    namespace, unit = service[0], unit_of_headless(service[1]) or ""
    keys = (UnitKey(each.kind, namespace, unit) for each in UNITS)
    return [key for key in keys if wants_headless(get(key.kind, (namespace, unit)))]
