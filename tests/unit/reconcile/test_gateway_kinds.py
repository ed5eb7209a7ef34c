"""Events of routes and EndpointSlices concern units with a gateway, and no others."""

import pytest

from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import UnitKey, unit_labels
from inference_operator.observation.kinds import CHILD_BY_KIND, NODE, OF_GATEWAYS, selector_of
from tests.fakes.bodies import KEY, NAMESPACE, imodel, stored
from tests.fakes.gateways import rollout
from tests.unit.reconcile.heard import Heard

PLAIN = UnitKey(KEY.kind, NAMESPACE, "fx-plain")


def heard_of_both() -> Heard:
    heard = Heard()
    heard.store.put(KEY.kind, stored(imodel(rollout=rollout())))
    heard.store.put(KEY.kind, stored(imodel("fx-plain"), uid="uid-of-plain"))
    heard.woken.clear()
    return heard


@pytest.mark.parametrize("resource", OF_GATEWAYS, ids=lambda resource: resource.kind)
def test_units_with_a_gateway_learn_that_a_kind_comes_and_goes(resource: ApiResource) -> None:
    heard = heard_of_both()
    heard.router.refused(resource)
    assert heard.woken == [KEY]
    heard.router.granted(resource)
    assert heard.woken == [KEY, KEY]


@pytest.mark.parametrize("resource", OF_GATEWAYS, ids=lambda resource: resource.kind)
def test_a_kind_is_needed_only_while_a_unit_has_a_gateway(resource: ApiResource) -> None:
    heard = Heard()
    heard.store.put(KEY.kind, stored(imodel()))
    assert not heard.router.needs(resource)
    assert heard.router.needs(NODE)

    heard.store.put(KEY.kind, stored(imodel(rollout=rollout()), resourceVersion="2"))
    assert heard.router.needs(resource)


def test_endpoints_wake_the_unit_of_their_labels() -> None:
    heard = heard_of_both()
    labels = {**unit_labels(KEY.kind, KEY.name), "inference.aipx.io/track": "stable"}
    meta = {"name": "fx-drift-stable-x", "namespace": NAMESPACE, "labels": labels}
    body = {"kind": "EndpointSlice", "metadata": meta, "endpoints": []}
    heard.event(CHILD_BY_KIND["EndpointSlice"], "ADDED", stored(body, uid="uid-of-slice"))

    assert heard.woken == [KEY]


def test_only_endpoints_behind_routes_are_watched() -> None:
    assert selector_of(CHILD_BY_KIND["EndpointSlice"]) == "inference.aipx.io/track"
    assert selector_of(CHILD_BY_KIND["HTTPRoute"]) == (
        "app.kubernetes.io/managed-by=inference-operator"
    )
