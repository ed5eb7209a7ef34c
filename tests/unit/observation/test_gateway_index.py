"""Hostnames and Services that several units want: who keeps them, and who is woken."""

from typing import Any

import pytest

from inference_operator.domain.names import ChildKey, UnitKey
from inference_operator.observation.gateway_index import GatewayIndex, Parent
from inference_operator.observation.name_conflicts import name_conflicts
from inference_operator.observation.store import Store
from tests.fakes.bodies import KEY, NAMESPACE, epipe, imodel, stored
from tests.fakes.gateways import GRPC_HOST, HOST, rollout

OTHER = UnitKey(KEY.kind, NAMESPACE, "fx-other")
GATE = {"name": "public", "namespace": "gateways"}


def unit(key: UnitKey = KEY, born: int = 1, **gateway: Any) -> dict[str, Any]:
    body = imodel(key.name, namespace=key.namespace, rollout=rollout(**gateway))
    return stored(body, creationTimestamp=f"2031-01-01T00:00:0{born}Z")


def index(*bodies: dict[str, Any]) -> GatewayIndex:
    built = GatewayIndex()
    for body in bodies:
        built.update(key_of(body), body)
    return built


def key_of(body: dict[str, Any]) -> UnitKey:
    return UnitKey(body["kind"], body["metadata"]["namespace"], body["metadata"]["name"])


def test_the_older_unit_keeps_each_hostname() -> None:
    built = index(unit(born=1), unit(OTHER, born=2))

    assert built.rivals(KEY) == {}
    assert built.rivals(OTHER) == {HOST: KEY, GRPC_HOST: KEY}


def test_hostnames_are_compared_across_protocols() -> None:
    built = index(
        unit(born=1, grpc=None), unit(OTHER, born=2, http=None, grpc={"hostnames": [HOST]})
    )

    assert built.rivals(OTHER) == {HOST: KEY}


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        (GATE, GATE, True),
        (GATE, {**GATE, "sectionName": "web"}, True),
        ({**GATE, "sectionName": "web"}, {**GATE, "sectionName": "web"}, True),
        ({**GATE, "sectionName": "web"}, {**GATE, "sectionName": "api"}, False),
        ({**GATE, "port": 80}, {**GATE, "port": 81}, False),
        (GATE, {"name": "public"}, False),
        ({"name": "public"}, {"name": "public", "namespace": NAMESPACE}, True),
        (GATE, {**GATE, "name": "inner"}, False),
    ],
)
def test_hostnames_meet_on_the_same_listener_only(
    first: dict[str, Any], second: dict[str, Any], meet: bool
) -> None:
    built = index(
        unit(UnitKey(KEY.kind, NAMESPACE, "a"), 1, parentRefs=[first]),
        unit(OTHER, 2, parentRefs=[second]),
    )

    assert bool(built.rivals(OTHER)) is meet


def test_no_namespace_takes_a_hostname_of_another_one() -> None:
    foreign = UnitKey(KEY.kind, "desk-9", "older")
    built = index(unit(foreign, born=0), unit(born=1))

    assert built.rivals(KEY) == {}
    assert built.update(foreign, unit(foreign, born=0, grpc=None)) & {KEY} == set()


def test_many_units_with_the_same_hostnames_cost_little() -> None:
    names = [f"h{number}.example.com" for number in range(16)]
    sections = [{**GATE, "sectionName": f"s{number}"} for number in range(8)]
    keys = [UnitKey(KEY.kind, NAMESPACE, f"u{number:03}") for number in range(200)]
    meetings = 0
    original = Parent.meets

    def counted(self: Parent, other: Parent) -> bool:
        nonlocal meetings
        meetings += 1
        return original(self, other)

    built = index(
        *(
            unit(
                key,
                1,
                http={"hostnames": names},
                parentRefs=[{**each, "port": number + 1} for each in sections],
            )
            for number, key in enumerate(keys)
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parent, "meets", counted)
        assert built.rivals(keys[-1]) == {}
    assert 0 < meetings <= 17 * 8 * 64


def test_a_unit_that_is_being_deleted_claims_nothing() -> None:
    built = index(unit(born=1), unit(OTHER, born=2))
    leaving = unit(born=1)
    leaving["metadata"]["deletionTimestamp"] = "2031-01-02T00:00:00Z"

    assert OTHER in built.update(KEY, leaving)
    assert built.rivals(OTHER) == {}
    assert not built.has(KEY)


def test_a_new_spec_wakes_those_that_it_concerns_and_nothing_else_does() -> None:
    built = index(unit(OTHER, born=2))

    assert OTHER in built.update(KEY, unit(born=1))
    assert built.update(KEY, unit(born=1)) == set()
    assert OTHER in built.update(KEY, unit(born=1, http={"hostnames": ["new.example.com"]}))
    assert OTHER in built.update(KEY, None)


def test_a_unit_without_a_gateway_concerns_nobody() -> None:
    built = index(unit(OTHER))

    assert built.update(KEY, stored(imodel())) == set()
    assert built.units() == (OTHER,)


@pytest.mark.parametrize(
    "section",
    [
        {"parentRefs": 7, "http": {"hostnames": [HOST]}},
        {"parentRefs": [7, None], "http": 3, "grpc": {"hostnames": [4, [5]]}},
        {"parentRefs": [{"name": ["x"], "port": "y"}] * 999, "http": {"hostnames": ["h"] * 999}},
    ],
)
def test_whatever_a_spec_holds_is_read(section: dict[str, Any]) -> None:
    body = stored(imodel(rollout={"canary": {"gateway": section}}))
    built = index(body, unit(OTHER))

    assert built.rivals(KEY) == {}


def taken(store: Store, key: UnitKey) -> dict[ChildKey, UnitKey | None]:
    return dict(name_conflicts(store, key, ()))


def store_of(*bodies: dict[str, Any]) -> tuple[Store, list[UnitKey]]:
    woken: list[UnitKey] = []
    store = Store(woken.append)
    for number, body in enumerate(bodies, 1):
        meta = {**body["metadata"], "uid": f"uid-{number}"}
        store.put(body["kind"], {**body, "metadata": meta})
    return store, woken


BESIDE = UnitKey(KEY.kind, NAMESPACE, "fx-drift-canary")
SERVICE = ChildKey("Service", BESIDE.name)


def beside(born: int) -> dict[str, Any]:
    body = imodel(BESIDE.name)
    return stored(body, creationTimestamp=f"2031-01-01T00:00:0{born}Z")


@pytest.mark.parametrize(("born", "loser"), [(2, BESIDE), (0, KEY)])
def test_of_a_unit_and_one_called_as_its_service_the_older_gets_the_name(
    born: int, loser: UnitKey
) -> None:
    store, _ = store_of(unit(born=1), beside(born))
    winner = KEY if loser == BESIDE else BESIDE

    assert taken(store, loser) == {SERVICE: winner}
    assert SERVICE not in taken(store, winner)


def test_without_a_gateway_there_is_no_such_service() -> None:
    store, _ = store_of(stored(imodel()), beside(0))

    assert taken(store, KEY) == {}


def test_two_kinds_of_one_name_compete_for_the_routes_only_with_gateways() -> None:
    twin = epipe(KEY.name, rollout=rollout())
    store, _ = store_of(unit(born=1), stored(twin, creationTimestamp="2031-01-01T00:00:05Z"))
    key = UnitKey("EnsemblePipeline", NAMESPACE, KEY.name)

    assert ChildKey("HTTPRoute", KEY.name) in taken(store, key)
    assert ChildKey("Service", "fx-drift-stable") in taken(store, key)


def test_who_waits_for_a_name_or_a_hostname_is_woken() -> None:
    store, woken = store_of(beside(0), unit(born=1))
    woken.clear()
    store.drop(KEY.kind, store.get(KEY.kind, (NAMESPACE, BESIDE.name)) or {})
    assert woken == [KEY]

    store, woken = store_of(unit(born=0), beside(1))
    woken.clear()
    store.drop(KEY.kind, store.get(KEY.kind, (NAMESPACE, KEY.name)) or {})
    assert woken == [BESIDE]
