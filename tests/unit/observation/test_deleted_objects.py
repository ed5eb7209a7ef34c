"""What was deleted takes no memory, however large it was."""

import pytest

from inference_operator.observation.store import Cache
from tests.heavy import HEAVY, labels
from tests.memory import measure


@pytest.mark.parametrize("what", HEAVY)
def test_large_objects_leave_nothing_behind(what: str) -> None:
    found = measure("delete", what, "40")

    assert found.answer == "deleted"
    # One takes up to 10 MiB while it is built.
    assert found.growth < 48


def test_of_labels_only_ours_are_kept() -> None:
    cache = Cache()
    body = labels(7)
    body["metadata"] |= {"annotations": {"a": "b"}, "finalizers": ["f"] * 1000}
    cache.put(body["kind"], body)

    known = cache.get("InferenceModel", ("a", "m-7"))
    assert known is not None
    assert known["metadata"] == {
        "name": "m-7",
        "namespace": "a",
        "uid": "u7",
        "resourceVersion": "8",
        "labels": {"app.kubernetes.io/managed-by": "inference-operator"},
    }
