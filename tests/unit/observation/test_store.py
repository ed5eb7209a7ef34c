"""The cache: the newest version wins, whichever way it comes."""

from typing import Any

import pytest

from inference_operator.domain.names import UnitKey
from inference_operator.observation.store import Cache
from tests.fakes import bodies
from tests.fakes.bodies import KEY, NAMESPACE, imodel, node, stored

NAME = (NAMESPACE, "fx-drift")


def model(version: int, uid: str = "uid-1") -> dict[str, Any]:
    return stored(imodel(replicas=version), resourceVersion=str(version), uid=uid)


def replicas(cache: Cache) -> int | None:
    body = cache.get("InferenceModel", NAME)
    return body["spec"]["replicas"] if body else None


def test_the_newer_version_wins() -> None:
    cache = Cache()
    assert cache.put("InferenceModel", model(4))
    assert cache.put("InferenceModel", model(5))

    assert replicas(cache) == 5


@pytest.mark.parametrize("version", [3, 4])
def test_an_older_or_equal_version_does_not(version: int) -> None:
    cache = Cache()
    cache.put("InferenceModel", model(4))

    assert not cache.put("InferenceModel", model(version))
    assert replicas(cache) == 4


def test_versions_are_compared_as_numbers() -> None:
    cache = Cache()
    cache.put("InferenceModel", model(99))
    cache.put("InferenceModel", model(100))

    assert replicas(cache) == 100


def test_a_successor_wins_and_a_late_word_of_its_predecessor_does_not() -> None:
    cache = Cache()
    cache.put("InferenceModel", model(4, "uid-1"))
    cache.put("InferenceModel", model(9, "uid-2"))
    cache.put("InferenceModel", model(6, "uid-1"))

    assert replicas(cache) == 9


def test_a_deletion_forgets() -> None:
    cache = Cache()
    cache.put("InferenceModel", model(4))
    cache.drop("InferenceModel", model(5))

    assert replicas(cache) is None
    assert cache.units() == []


def test_the_deletion_of_a_predecessor_leaves_its_successor() -> None:
    cache = Cache()
    cache.put("InferenceModel", model(9, "uid-2"))
    cache.drop("InferenceModel", model(5, "uid-1"))

    assert replicas(cache) == 9


def test_dropping_what_is_unknown_is_fine() -> None:
    Cache().drop("InferenceModel", model(1))


def pod(name: str, version: int = 1, **labels: str) -> dict[str, Any]:
    body = stored(bodies.pod("aaa", name=name), resourceVersion=str(version), uid=name)
    body["metadata"]["labels"] |= labels
    return body


def names(cache: Cache, key: UnitKey = KEY) -> list[str]:
    return [body["metadata"]["name"] for _, body in cache.children(key)]


def test_children_are_found_by_their_unit() -> None:
    cache = Cache()
    for name in ("b", "a"):
        cache.put("Pod", pod(name))

    assert names(cache) == ["a", "b"]
    assert names(cache, UnitKey("InferenceModel", "elsewhere", "fx-drift")) == []


def test_a_child_that_changes_its_unit_leaves_the_old_one() -> None:
    other = UnitKey("InferenceModel", NAMESPACE, "other")
    cache = Cache()
    cache.put("Pod", pod("a"))
    cache.put("Pod", pod("a", 2, **{"inference.aipx.io/name": "other"}))

    assert (names(cache), names(cache, other)) == ([], ["a"])
    cache.drop("Pod", pod("a", 3))
    assert (names(cache), names(cache, other)) == ([], [])


def test_an_owned_child_stays_whatever_its_labels_say() -> None:
    owner = {"kind": "InferenceModel", "name": KEY.name, "uid": "u", "controller": True}
    cache = Cache()
    body = pod("a", **{"inference.aipx.io/name": "other"})
    body["metadata"]["ownerReferences"] = [owner]
    cache.put("Service", body)

    assert names(cache) == ["a"]


def test_nothing_is_kept_that_nobody_reads() -> None:
    cache = Cache()
    body = pod("a")
    body["metadata"] |= {"managedFields": [{"manager": "kubelet"}], "annotations": {"a": "b"}}
    body["spec"] = {"containers": []}
    body["status"]["podIP"] = "10.0.0.9"
    cache.put("Pod", body)
    ((_, kept),) = cache.children(KEY)

    assert "spec" not in kept
    assert "managedFields" not in kept["metadata"]
    assert set(kept["status"]) == {"conditions"}


def test_of_a_node_only_what_placement_needs_is_kept() -> None:
    cache = Cache()
    cache.put("Node", stored(node("gpu-a", gpus=2, taints=[], podCIDR="10.1.0.0/24")))
    (kept,) = cache.nodes()

    assert kept["spec"] == {"taints": []}
    assert kept["status"] == {"allocatable": {"nvidia.com/gpu": "2"}}


def test_names_come_with_uids() -> None:
    cache = Cache()
    cache.put("Pod", pod("a"))

    assert cache.names("Pod") == {(NAMESPACE, "a"): "a"}
