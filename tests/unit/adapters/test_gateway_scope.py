"""How a label of a gateway's histogram names a Service."""

import pytest

from inference_operator.adapters.prometheus.gateway_scope import (
    GatewayScope,
    GatewayScopeError,
    by_service,
)
from inference_operator.domain.measurement import Family, FamilySamples, Sample, ServiceName

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
    ],
)
def test_what_reads_no_histogram_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(GatewayScopeError, match=r"found the .*, expected"):
        GatewayScope(**wrong)
