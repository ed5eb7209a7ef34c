"""Two units of one name: whoever has the Service keeps it, and the elder gets a free name."""

from typing import Any

from inference_operator.domain.names import ChildKey, UnitKey, unit_labels
from inference_operator.observation.observe import observe
from inference_operator.observation.store import Store
from tests.fakes.bodies import KEY, NAMESPACE, epipe, imodel, stored

TWIN = UnitKey("EnsemblePipeline", NAMESPACE, KEY.name)
SERVICE, BUDGET = (ChildKey(kind, KEY.name) for kind in ("Service", "PodDisruptionBudget"))


def world(*bodies: dict[str, Any]) -> Store:
    store = Store()
    for body in bodies:
        store.put(body["kind"], body)
    return store


def model(born: int = 1, **meta: Any) -> dict[str, Any]:
    time = f"2031-01-01T00:00:0{born}Z"
    return stored(imodel(), uid="uid-of-model", creationTimestamp=time, **meta)


def pipeline(born: int = 2, **meta: Any) -> dict[str, Any]:
    time = f"2031-01-01T00:00:0{born}Z"
    return stored(epipe(KEY.name), uid="uid-of-pipeline", creationTimestamp=time, **meta)


def service(of: UnitKey | None, uid: str = "") -> dict[str, Any]:
    meta: dict[str, Any] = {"name": KEY.name, "namespace": NAMESPACE}
    if of is not None:
        meta["labels"] = unit_labels(of.kind, of.name)
    if of is not None and uid:
        meta["ownerReferences"] = [
            {"kind": of.kind, "name": of.name, "uid": uid, "controller": True}
        ]
    return stored({"kind": "Service", "metadata": meta}, uid="uid-of-service")


def taken(store: Store, key: UnitKey) -> dict[ChildKey, UnitKey | None]:
    seen = observe(store, key)
    assert seen is not None
    return dict(seen.children.name_conflicts)


def test_who_is_alone_may_take_both_names() -> None:
    assert taken(world(model()), KEY) == {}


def test_the_younger_leaves_a_free_name_to_the_elder() -> None:
    store = world(model(1), pipeline(2))

    assert taken(store, KEY) == {}
    assert taken(store, TWIN) == {SERVICE: KEY, BUDGET: KEY}


def test_the_elder_may_be_the_pipeline() -> None:
    store = world(model(2), pipeline(1))

    assert taken(store, KEY) == {SERVICE: TWIN, BUDGET: TWIN}
    assert taken(store, TWIN) == {}


def test_of_twins_the_model_comes_first() -> None:
    store = world(model(1), pipeline(1))

    assert taken(store, KEY) == {}
    assert taken(store, TWIN) == {SERVICE: KEY, BUDGET: KEY}


def test_whoever_has_the_service_keeps_it_though_the_other_one_is_elder() -> None:
    store = world(model(2), pipeline(1), service(KEY, "uid-of-model"))

    assert SERVICE not in taken(store, KEY)
    assert taken(store, TWIN)[SERVICE] == KEY


def test_a_service_without_labels_still_belongs_to_its_owner() -> None:
    body = service(KEY, "uid-of-model")
    del body["metadata"]["labels"]
    store = world(model(2), pipeline(1), body)

    assert taken(store, TWIN)[SERVICE] == KEY


def test_a_strangers_service_is_nobodys_of_ours() -> None:
    store = world(model(), pipeline(), service(None))

    assert taken(store, KEY)[SERVICE] is None
    assert taken(store, TWIN)[SERVICE] is None


def test_the_service_of_one_that_is_being_collected_is_waited_for() -> None:
    store = world(pipeline(), service(KEY, "uid-of-a-deleted-model"))

    assert taken(store, TWIN) == {SERVICE: KEY}


def test_the_orphan_of_one_that_is_no_more_is_free() -> None:
    assert taken(world(pipeline(), service(KEY)), TWIN) == {}


def test_the_orphan_of_one_that_lives_is_not() -> None:
    assert taken(world(model(2), pipeline(1), service(KEY)), TWIN) == {SERVICE: KEY}


def test_an_elder_that_goes_leaves_its_name() -> None:
    store = world(model(1, deletionTimestamp="2031-01-01T00:00:09Z"), pipeline(2))

    assert taken(store, TWIN) == {}


def test_a_namesake_elsewhere_is_none() -> None:
    elsewhere = stored(imodel(namespace="desk-9"), creationTimestamp="2030-01-01T00:00:00Z")

    assert taken(world(elsewhere, pipeline()), TWIN) == {}
