"""Names, labels and selectors of everything that the operator creates; no other module spells
them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from inference_operator.api.base import GROUP

FIELD_MANAGER = "inference-operator"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
KIND_LABEL = f"{GROUP}/kind"
NAME_LABEL = f"{GROUP}/name"
REVISION_LABEL = f"{GROUP}/revision"
TRACK_LABEL = f"{GROUP}/track"
"""Label of the two Services that routes lead to; Kubernetes copies it to their EndpointSlices."""

WEIGHTS_ANNOTATION = f"{GROUP}/weights"
"""Annotation of a route: the weights as the operator wrote them, `90/10`."""

UNREADABLE = "unreadable"
"""Key of an object of which only the identity could be read; its value is the reason. No watched
kind has such a field."""

# The operator watches its own children and nothing else of a namespace.
CHILD_SELECTOR = f"{MANAGED_BY_LABEL}={FIELD_MANAGER}"


BASELINE = "baseline"
"""Value of that label on the pods of a baseline, and the end of the name of their Deployment."""

_DIGESTS = ".digests"
_BASELINE = f"-{BASELINE}"
_HEADLESS = "-headless"


class Backend(StrEnum):
    """One of the two Services that the routes of a unit lead to."""

    STABLE = "stable"
    CANARY = "canary"


@dataclass(frozen=True, slots=True, order=True)
class UnitKey:
    """Identity of one InferenceModel or EnsemblePipeline in the cluster."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class ChildKey:
    """Identity of one child within its unit's namespace."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def unit_labels(kind: str, name: str) -> dict[str, str]:
    """Return the labels of every child of a unit."""
    return {
        "app.kubernetes.io/name": "triton",
        "app.kubernetes.io/instance": name,
        MANAGED_BY_LABEL: FIELD_MANAGER,
        KIND_LABEL: kind,
        NAME_LABEL: name,
    }


def revision_labels(kind: str, name: str, revision: str) -> dict[str, str]:
    """Return the labels of a child of one revision, which its pods have too."""
    return {**unit_labels(kind, name), REVISION_LABEL: revision}


def unit_selector(kind: str, name: str) -> dict[str, str]:
    """Return the selector of a unit's pods, of any revision."""
    return {KIND_LABEL: kind, NAME_LABEL: name}


def revision_selector(kind: str, name: str, revision: str) -> dict[str, str]:
    """Return the selector of one revision's pods."""
    return {**unit_selector(kind, name), REVISION_LABEL: revision}


def selector_text(selector: Mapping[str, str], *, without_baseline: bool = False) -> str:
    """Return the selector in the form of `kubectl -l` and the scale subresource, if asked for
    without the pods of a baseline."""
    pairs = [f"{key}={value}" for key, value in sorted(selector.items())]
    return ",".join([*pairs, f"!{TRACK_LABEL}"] if without_baseline else pairs)


def revision_child_name(unit: str, revision: str) -> str:
    """Return `<name>-<hash>`: at most 63 characters, since names of units have at most 52."""
    return f"{unit}-{revision}"


def track_service_name(unit: str, backend: Backend) -> str:
    """Return `<name>-stable` or `<name>-canary`: the name of a Service that routes lead to."""
    return f"{unit}-{backend}"


def units_with_track_service(service: str) -> tuple[str, ...]:
    """Return the name of the unit whose routes lead to a Service of that name, if there is one.

    >>> units_with_track_service("foo-canary"), units_with_track_service("foo")
    (('foo',), ())
    """
    ends = (f"-{backend}" for backend in Backend)
    return tuple(service.removesuffix(end) for end in ends if service.endswith(end))


def headless_name(unit: str) -> str:
    """Return the name of a unit's headless Service: at most 61 characters."""
    return f"{unit}{_HEADLESS}"


def unit_of_headless(service: str) -> str | None:
    """Return the unit whose headless Service would have that name; None if no unit's would.

    >>> unit_of_headless("fx-drift-headless"), unit_of_headless("fx-drift")
    ('fx-drift', None)
    """
    unit = service.removesuffix(_HEADLESS)
    return unit if unit and unit != service else None


def digests_name(child: str) -> str:
    """Return `<name>-<hash>.digests` for the children called `<name>-<hash>`: the ConfigMap of what
    the revision has served. No unit has a dot in its name, so no other child has this one."""
    return f"{child}{_DIGESTS}"


def is_digests(name: str) -> bool:
    return name.endswith(_DIGESTS)


def baseline_name(child: str) -> str:
    """Return `<name>-<hash>-baseline` for the children called `<name>-<hash>`: the Deployment of
    the revision's baseline. No revision is called `baseline`, so no other Deployment is."""
    return f"{child}{_BASELINE}"


def is_baseline(key: ChildKey) -> bool:
    """Return whether a child is the Deployment of a baseline.

    >>> is_baseline(ChildKey("Deployment", "fx-0123456789-baseline"))
    True
    >>> is_baseline(ChildKey("Service", "fx-baseline"))
    False
    """
    return key.kind == "Deployment" and key.name.endswith(_BASELINE)


def revision_of_child(name: str) -> str:
    """Return the revision in the name of its child; names, unlike labels, cannot be edited.

    >>> revision_of_child("fx-0123456789"), revision_of_child("fx-0123456789-baseline")
    ('0123456789', '0123456789')
    """
    return name.removesuffix(_DIGESTS).removesuffix(_BASELINE).rpartition("-")[2]


def unit_of(labels: Mapping[str, str], namespace: str) -> UnitKey | None:
    """Return the unit in a child's labels; None if the labels name no unit."""
    kind, name = labels.get(KIND_LABEL), labels.get(NAME_LABEL)
    return UnitKey(kind, namespace, name) if kind and name else None
