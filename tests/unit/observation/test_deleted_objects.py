"""What was deleted takes no memory, however large it was."""

import pytest

from inference_operator.observation.store import Store
from tests.heavy import HEAVY, labels
from tests.memory import measure


@pytest.mark.parametrize("kind", HEAVY)
def test_large_objects_leave_nothing_behind(kind: str) -> None:
    output = measure("delete", kind, "40")

    assert output.answer == "deleted"
    # One takes up to 10 MiB while it is built.
    assert output.growth < 48


def test_of_labels_only_ours_are_kept() -> None:
    store = Store()
    body = labels(7)
    body["metadata"] |= {"annotations": {"a": "b"}, "finalizers": ["f"] * 1000}
    store.put(body["kind"], body)

    live = store.get("InferenceModel", ("a", "m-7"))
    assert live is not None
    assert live["metadata"] == {
        "name": "m-7",
        "namespace": "a",
        "uid": "u7",
        "resourceVersion": "8",
        "labels": {"app.kubernetes.io/managed-by": "inference-operator"},
    }
