"""The cache: the newest version wins, whichever way it comes."""

from typing import Any

import pytest

from inference_operator.domain.names import UnitKey
from inference_operator.observation.store import Store
from tests.fakes import bodies
from tests.fakes.bodies import KEY, NAMESPACE, imodel, node, stored

NAME = (NAMESPACE, "fx-drift")


def model(version: int, uid: str = "uid-1") -> dict[str, Any]:
    return stored(imodel(replicas=version), resourceVersion=str(version), uid=uid)


def replicas(store: Store) -> int | None:
    body = store.get("InferenceModel", NAME)
    return body["spec"]["replicas"] if body else None


def test_the_newer_version_wins() -> None:
    store = Store()
    assert store.put("InferenceModel", model(4))
    assert store.put("InferenceModel", model(5))

    assert replicas(store) == 5


@pytest.mark.parametrize("version", [3, 4])
def test_an_older_or_equal_version_does_not(version: int) -> None:
    store = Store()
    store.put("InferenceModel", model(4))

    assert not store.put("InferenceModel", model(version))
    assert replicas(store) == 4


def test_versions_are_compared_as_numbers() -> None:
    store = Store()
    store.put("InferenceModel", model(99))
    store.put("InferenceModel", model(100))

    assert replicas(store) == 100


def test_a_successor_wins_and_a_late_word_of_its_predecessor_does_not() -> None:
    store = Store()
    store.put("InferenceModel", model(4, "uid-1"))
    store.put("InferenceModel", model(9, "uid-2"))
    store.put("InferenceModel", model(6, "uid-1"))

    assert replicas(store) == 9


def test_a_deletion_forgets() -> None:
    store = Store()
    store.put("InferenceModel", model(4))
    store.drop("InferenceModel", model(5))

    assert replicas(store) is None
    assert store.units() == []


def test_the_deletion_of_a_predecessor_leaves_its_successor() -> None:
    store = Store()
    store.put("InferenceModel", model(9, "uid-2"))
    store.drop("InferenceModel", model(5, "uid-1"))

    assert replicas(store) == 9


def test_dropping_what_is_unknown_is_fine() -> None:
    Store().drop("InferenceModel", model(1))


def pod(name: str, version: int = 1, **labels: str) -> dict[str, Any]:
    body = stored(bodies.pod("aaa", name=name), resourceVersion=str(version), uid=name)
    body["metadata"]["labels"] |= labels
    return body


def names(store: Store, key: UnitKey = KEY) -> list[str]:
    return [body["metadata"]["name"] for _, body in store.children(key)]


def test_children_are_found_by_their_unit() -> None:
    store = Store()
    for name in ("b", "a"):
        store.put("Pod", pod(name))

    assert names(store) == ["a", "b"]
    assert names(store, UnitKey("InferenceModel", "elsewhere", "fx-drift")) == []


def test_a_child_that_changes_its_unit_leaves_the_old_one() -> None:
    other = UnitKey("InferenceModel", NAMESPACE, "other")
    store = Store()
    store.put("Pod", pod("a"))
    store.put("Pod", pod("a", 2, **{"inference.aipx.io/name": "other"}))

    assert (names(store), names(store, other)) == ([], ["a"])
    store.drop("Pod", pod("a", 3))
    assert (names(store), names(store, other)) == ([], [])


def test_an_owned_child_stays_whatever_its_labels_say() -> None:
    owner = {"kind": "InferenceModel", "name": KEY.name, "uid": "u", "controller": True}
    store = Store()
    body = pod("a", **{"inference.aipx.io/name": "other"})
    body["metadata"]["ownerReferences"] = [owner]
    store.put("Service", body)

    assert names(store) == ["a"]


def test_nothing_is_kept_that_nobody_reads() -> None:
    store = Store()
    body = pod("a")
    body["metadata"] |= {"managedFields": [{"manager": "kubelet"}], "annotations": {"a": "b"}}
    body["spec"] = {"containers": []}
    body["status"]["podIP"] = "10.0.0.9"
    store.put("Pod", body)
    ((_, kept),) = store.children(KEY)

    assert "spec" not in kept
    assert "managedFields" not in kept["metadata"]
    assert set(kept["status"]) == {"conditions"}


def test_of_a_node_only_what_placement_needs_is_kept() -> None:
    store = Store()
    store.put("Node", stored(node("gpu-a", gpus=2, taints=[], podCIDR="10.1.0.0/24")))
    (kept,) = store.nodes()

    assert kept["spec"] == {"taints": []}
    assert kept["status"] == {"allocatable": {"nvidia.com/gpu": "2"}}


def test_names_come_with_uids() -> None:
    store = Store()
    store.put("Pod", pod("a"))

    assert store.names("Pod") == {(NAMESPACE, "a"): "a"}
