"""Names, labels and selectors of everything that the operator makes; nobody else spells them."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.api.base import GROUP

FIELD_MANAGER = "inference-operator"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
KIND_LABEL = f"{GROUP}/kind"
NAME_LABEL = f"{GROUP}/name"
REVISION_LABEL = f"{GROUP}/revision"

UNREADABLE = "unreadable"
"""Key of an object of which only the identity could be read, with the reason. No kind that the
operator watches has such a field."""

# What the operator watches: its own children and nothing else of a namespace.
CHILD_SELECTOR = f"{MANAGED_BY_LABEL}={FIELD_MANAGER}"


@dataclass(frozen=True, slots=True, order=True)
class UnitKey:
    """Identifies one InferenceModel or EnsemblePipeline in the cluster."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class ChildKey:
    """Identifies one child within its unit's namespace."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def unit_labels(kind: str, name: str) -> dict[str, str]:
    """Labels of every child of a unit."""
    return {
        "app.kubernetes.io/name": "triton",
        "app.kubernetes.io/instance": name,
        MANAGED_BY_LABEL: FIELD_MANAGER,
        KIND_LABEL: kind,
        NAME_LABEL: name,
    }


def revision_labels(kind: str, name: str, revision: str) -> dict[str, str]:
    """Labels of a child that belongs to one revision, its pods included."""
    return {**unit_labels(kind, name), REVISION_LABEL: revision}


def unit_selector(kind: str, name: str) -> dict[str, str]:
    """Selects the pods of a unit, of any revision."""
    return {KIND_LABEL: kind, NAME_LABEL: name}


def revision_selector(kind: str, name: str, revision: str) -> dict[str, str]:
    """Selects the pods of one revision."""
    return {**unit_selector(kind, name), REVISION_LABEL: revision}


def selector_text(selector: Mapping[str, str]) -> str:
    """The form that `kubectl -l` and the scale subresource take."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def revision_child_name(unit: str, revision: str) -> str:
    """`<name>-<hash>`: at most 63 characters, since names of units have at most 52."""
    return f"{unit}-{revision}"


def revision_of_child(name: str) -> str:
    """The revision in the name of its child; names, unlike labels, cannot be edited."""
    return name.rpartition("-")[2]


def unit_of(labels: Mapping[str, str], namespace: str) -> UnitKey | None:
    """The unit that a child's labels name, or None for a stranger."""
    kind, name = labels.get(KIND_LABEL), labels.get(NAME_LABEL)
    return UnitKey(kind, namespace, name) if kind and name else None
