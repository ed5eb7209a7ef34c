"""Settings of all queries: which series they read, and which labels name a pod."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from inference_operator.adapters.prometheus.gateway_scope import LABEL_NAME, GatewayScope
from inference_operator.domain.measurement import ServiceName

# A quoted text of Prometheus: no raw quote, no raw end of line.
_MATCHER = re.compile(
    r'\s*([a-zA-Z_][a-zA-Z0-9_]{0,62})\s*(?:=~|!~|!=|=)\s*"(?:[^"\\\n]|\\.)*+"\s*'
)
_LONGEST = 1000
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
RESERVED = frozenset({"model", "version", "reason", "le", "gpu_uuid", "service", "window"})
"""Labels that the queries use for something else."""


class ScopeError(ValueError):
    """A setting that no query can be made of; the message has its value and what is required."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The series that belong to this operator's cluster, and the labels that name their pods.

    Raises:
        ScopeError: for a setting that would not be a part of a valid query.

    >>> Scope(selector='cluster="eu1"').matchers
    'namespace!="",cluster="eu1"'
    >>> Scope(namespaces=("b", "a")).matchers
    'namespace=~"a|b"'
    """

    selector: str = ""
    """Matchers that each query has, such as `cluster="eu1"`."""

    namespaces: tuple[str, ...] = ()
    """Namespaces that the operator serves. Empty: all."""

    namespace_label: str = "namespace"
    pod_label: str = "pod"
    gateway: GatewayScope = field(default_factory=GatewayScope)

    def __post_init__(self) -> None:
        for label in (self.namespace_label, self.pod_label):
            _check_label(label)
        if self.namespace_label == self.pod_label:
            raise ScopeError(f"found {self.pod_label!r} as both labels, expected two labels")
        _check_selector(self.selector)
        for namespace in self.namespaces:
            if not _NAMESPACE.fullmatch(namespace):
                raise ScopeError(f"found {namespace[:80]!r}, expected the name of a namespace")

    def asking(self, services: Iterable[ServiceName]) -> "Scope":
        """Return the scope of the queries of a sweep that needs these Services."""
        ordered = tuple(sorted(services, key=lambda each: (each.namespace, each.name)))
        return replace(self, gateway=replace(self.gateway, services=ordered))

    @property
    def matchers(self) -> str:
        """Return the matchers of every query of pods."""
        if self.namespaces:
            names = "|".join(sorted(set(self.namespaces)))
            first = f'{self.namespace_label}=~"{names}"'
        else:
            first = f'{self.namespace_label}!=""'
        return ",".join([first, *self.extra_matchers])

    @property
    def extra_matchers(self) -> tuple[str, ...]:
        """Return the selector alone, for series that no serving pod has; empty if there is none."""
        selector = self.selector.strip()
        return (selector,) if selector else ()

    @property
    def pod_labels(self) -> tuple[str, str]:
        return self.namespace_label, self.pod_label


def _check_label(label: str) -> None:
    if not LABEL_NAME.fullmatch(label) or label.startswith("__") or label in RESERVED:
        taken = ", ".join(sorted(RESERVED))
        raise ScopeError(
            f"found the label {label[:80]!r}, expected letters, digits and `_`, at most 63, not"
            f" beginning with `__` or a digit, and none of {taken}"
        )


def _check_selector(selector: str) -> None:
    problem = f"found the selector {selector[:80]!r}, expected"
    if len(selector) > _LONGEST:
        raise ScopeError(f"{problem} at most {_LONGEST:,} characters")
    if not selector.strip() or _is_list_of_matchers(selector):
        return
    raise ScopeError(f'{problem} matchers such as `cluster="eu1"`, separated by commas')


def _is_list_of_matchers(selector: str) -> bool:
    position = 0
    while match := _MATCHER.match(selector, position):
        position = match.end()
        if position == len(selector):
            return True
        if selector[position] != ",":
            return False
        position += 1
    return False
