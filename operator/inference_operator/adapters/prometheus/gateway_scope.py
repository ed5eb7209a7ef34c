"""The histogram of a gateway: its metric, and how a label of it names a Service."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from inference_operator.domain.measurement import (
    GATEWAY_FAMILIES,
    Family,
    FamilySamples,
    NoAnswer,
    Sample,
    ServiceName,
)

TRAEFIK_METRIC = "traefik_service_request_duration_seconds_bucket"
# `httproute-NAMESPACE-NAME-gw-...-HASH-svc-NAMESPACE-SERVICE-0@kubernetesgateway` in Traefik 3.
TRAEFIK_SERVICE = ".+-[0-9a-f]{20}-svc-{namespace}-{service}-[0-9]+@kubernetesgateway"
LABEL = "service"
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,62}")
TENANT = "tenant"
"""Label by which an answer says whose limit a row counts for."""

TAKEN = frozenset({"le", "instance", "code", "method", "protocol", TENANT})
"""Labels of a gateway's rows that say something else than the Service."""

LONGEST_LABEL = 1000
"""Characters of a label that names a Service: it may have a namespace and a name twice."""

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,200}_bucket")
# Python's regular expressions have more than Prometheus' (RE2).
_NOT_OF_RE2 = re.compile(r"\(\?[^:]|\\[1-9]")
_PLACES = re.compile(r"\{namespace\}([^{}\\()\[\]|*+?.^$]+)\{service\}")
_NAME_OF_SERVICE = "[a-z0-9-]+"
_LONGEST = 500


class GatewayScopeError(ValueError):
    """A setting by which no histogram can be read; the message has its value and a remedy."""


@dataclass(frozen=True, slots=True)
class GatewayScope:
    """The histogram of request durations, in seconds, that a gateway has for each Service.

    Raises:
        GatewayScopeError: for a setting that is no metric, no label of a Service, or no pattern
            with both placeholders.

    >>> scope = GatewayScope()
    >>> route = "httproute-shop-price-gw-gateways-public-ep-web-1-5b0518f534f229abf062"
    >>> scope.text_of(f"{route}-svc-shop-price-canary-1@kubernetesgateway")
    'shop-price-canary'
    """

    metric: str = TRAEFIK_METRIC
    label: str = LABEL
    service: str = TRAEFIK_SERVICE
    """A regular expression of the whole label, with `{namespace}` and `{service}` in it."""

    services: tuple[ServiceName, ...] = ()
    """The Services that are asked about, in order. Empty: all."""

    def __post_init__(self) -> None:
        if not _METRIC.fullmatch(self.metric):
            raise GatewayScopeError(
                f"found the metric {self.metric[:80]!r}, expected the buckets of a histogram, whose"
                " name ends in `_bucket`"
            )
        label = self.label
        if not LABEL_NAME.fullmatch(label) or label.startswith("__") or label in TAKEN:
            raise GatewayScopeError(
                f"found the label {label[:80]!r}, expected the one that names the Service, of"
                " letters, digits and `_`, at most 63, not beginning with `__` or a digit, and none"
                f" of {', '.join(sorted(TAKEN))}; `{LABEL}` is that of Traefik"
            )
        _compiled(self.service)

    @property
    def asked(self) -> str:
        """Return a regular expression of the labels of the Services that are asked about.

        >>> scope = GatewayScope(service="{namespace}-{service}@x")
        >>> replace(scope, services=(ServiceName("shop", "a"), ServiceName("shop", "b"))).asked
        '(?:shop-a|shop-b)@x'
        """
        texts = dict.fromkeys(map(self.written, self.services))
        return self._filled(f"(?:{'|'.join(texts)})")

    @property
    def tenants(self) -> str:
        """Return a regular expression of labels whose group `tenant` is a namespace.

        Where one namespace begins as another one, the longer name is tried first: a label that
        may be of both has one tenant.
        """
        names = {service.namespace for service in self.services}
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        return self._filled(rf"(?P<{TENANT}>{'|'.join(longest_first)})\1{_NAME_OF_SERVICE}")

    def _filled(self, places: str) -> str:
        """Return the pattern with that in place of both placeholders, and of what is between."""
        return _PLACES.sub(places, self.service, count=1)

    def text_of(self, label: str) -> str | None:
        """Return the part of a label that names the Service; None if the label has another form."""
        match = _compiled(self.service).fullmatch(label)
        return match["name"] if match else None

    def written(self, service: ServiceName) -> str:
        """Return how a label writes a Service.

        >>> GatewayScope().written(ServiceName("shop", "price-canary"))
        'shop-price-canary'
        """
        between = _PLACES.search(self.service)
        assert between is not None
        return f"{service.namespace}{between[1]}{service.name}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return the pattern with a group `name` in place of both placeholders."""
    problem = f"found the pattern {pattern[:80]!r}, expected"
    if len(pattern) > _LONGEST:
        raise GatewayScopeError(f"{problem} at most {_LONGEST} characters")
    if len(_PLACES.findall(pattern)) != 1:
        raise GatewayScopeError(
            f"{problem} `{{namespace}}` and `{{service}}` once, with plain text such as `-` between"
        )
    if _NOT_OF_RE2.search(pattern):
        raise GatewayScopeError(f"{problem} one of RE2, without `(?=`, `(?P<` or `\\1`")
    try:
        return re.compile(_PLACES.sub("(?P<name>[a-z0-9.@/_-]+)", pattern, count=1))
    except re.error as error:
        raise GatewayScopeError(f"{problem} a regular expression: {error}") from None


def crowded_families(
    answers: Mapping[Family, FamilySamples | NoAnswer], scope: GatewayScope, most: int
) -> dict[Family, FamilySamples]:
    """Return the gateway's answers in which tenants have `most` rows, with these tenants.

    A tenant that has as many rows as it may have may have had more.
    """
    crowded = {}
    tenants = re.compile(scope.tenants)
    for family in GATEWAY_FAMILIES:
        answer = answers.get(family)
        if not isinstance(answer, FamilySamples) or len(answer.samples) < most:
            continue
        rows: Counter[str] = Counter()
        for label, count in Counter(sample.labels[0] for sample in answer.samples).items():
            if match := tenants.fullmatch(label):
                rows[match[TENANT]] += count
        names = frozenset(name for name, count in rows.items() if count >= most)
        if names:
            crowded[family] = replace(answer, crowded=names)
    return crowded


def by_service(
    answers: Mapping[Family, FamilySamples | NoAnswer],
    services: Iterable[ServiceName],
    scope: GatewayScope,
) -> dict[ServiceName, dict[Family, tuple[Sample, ...]]]:
    """Return the gateway's samples of the Services that are asked about.

    Two of these Services may be written alike, as `a-b` in `c` and `b` in `c-a`: then neither has
    samples, because those of both would be mixed.
    """
    written: dict[str, ServiceName | None] = {}
    for service in services:
        text = scope.written(service)
        written[text] = None if text in written else service
    owners: dict[str, ServiceName | None] = {}
    indexed: dict[ServiceName, dict[Family, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for family in GATEWAY_FAMILIES:
        answer = answers.get(family)
        for sample in answer.samples if isinstance(answer, FamilySamples) else ():
            label = sample.labels[0]
            if label not in owners:
                owners[label] = written.get(scope.text_of(label) or "")
            owner = owners[label]
            if owner is not None:
                indexed[owner][family].append(sample)
    return {
        service: {family: tuple(samples) for family, samples in of.items()}
        for service, of in indexed.items()
    }
