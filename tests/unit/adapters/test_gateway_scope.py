"""How a label of a gateway's histogram names a Service."""

import re
from typing import Any

import pytest

from inference_operator.adapters.prometheus.gateway_scope import (
    GatewayScope,
    GatewayScopeError,
    by_service,
    crowded_families,
)
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    Outage,
    Sample,
    ServiceName,
)

ROUTE = "httproute-shop-price-gw-gateways-public-ep-web-1-5b0518f534f229abf062"
ONE, TWIN = ServiceName("shop", "b-price-canary"), ServiceName("shop-b", "price-canary")


def found(label: str, *services: ServiceName) -> set[ServiceName]:
    sample = Sample(None, None, (label, "a:1"), 1.0)
    answers = {Family.GATEWAY_FRESHNESS: FamilySamples((sample,), 0, 0, ())}
    return set(by_service(answers, services, GatewayScope()))


def test_a_label_of_traefik_names_one_service_or_none() -> None:
    label = f"{ROUTE}-svc-shop-b-price-canary-1@kubernetesgateway"
    assert found(label, ONE) == {ONE}
    assert found(label, ONE, TWIN) == set()
    assert found(label, ServiceName("shop", "b-price")) == set()
    assert found(f"{label}x", ONE) == set()


def label_of(service: ServiceName, number: int = 0) -> str:
    return f"{ROUTE}-svc-{service.namespace}-{service.name}-{number}@kubernetesgateway"


def test_a_tenant_with_as_many_rows_as_it_may_have_is_named_and_no_other_one() -> None:
    greedy = [ServiceName("shop", f"unit{number}-stable") for number in range(3)]
    modest = ServiceName("shop-b", "price-stable")
    scope = Scope().asking([*greedy, modest]).gateway
    rows = tuple(Sample(None, None, (label_of(each), "a:1"), 1.0) for each in (*greedy, modest))
    strange = Sample(None, None, ("api@internal", "a:1"), 1.0)
    fresh = FamilySamples((*rows, strange, strange), 0, 0, ())
    answers: dict[Family, FamilySamples | NoAnswer] = {
        Family.GATEWAY_FRESHNESS: fresh,
        Family.GATEWAY_BUCKETS: NoAnswer(Outage.REFUSED, "no"),
    }

    (family, answer), *others = crowded_families(answers, scope, 3).items()
    assert family is Family.GATEWAY_FRESHNESS
    assert answer.crowded == frozenset({"shop"})
    assert not others
    assert crowded_families(answers, scope, 4) == {}


def test_labels_of_services_that_are_not_asked_about_do_not_match() -> None:
    scope = Scope().asking([ONE]).gateway
    assert re.fullmatch(scope.asked, label_of(ONE, 12))
    assert not re.fullmatch(scope.asked, label_of(ServiceName("shop", "other")))
    assert not re.fullmatch(scope.asked, label_of(ServiceName("shop", f"{ONE.name}x")))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"label": each} for each in ("", "1a", "a-b", "__name__", "a b", "a" * 64)),
        *({"label": each} for each in ("le", "instance", "code", "method", "protocol", "tenant")),
        {"metric": "requests_total"},
        {"service": "{namespace}"},
        {"service": "{namespace}{service}"},
        {"service": "({namespace}-{service}"},
        {"service": "{namespace}-{service}" + "x" * 500},
        {"service": "(?!x){namespace}-{service}"},
        {"service": r"(a|b){namespace}-{service}\1"},
    ],
)
def test_what_reads_no_histogram_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(GatewayScopeError, match=r"found the .*, expected"):
        GatewayScope(**wrong)
