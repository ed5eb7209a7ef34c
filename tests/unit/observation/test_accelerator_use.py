"""Use of accelerators by the operator's own pods, as events come and go."""

from typing import Any

from inference_operator.observation.nodes import nodes_for
from inference_operator.observation.observe import pod_view
from inference_operator.observation.store import Store
from tests.fakes.bodies import node, pod, stored

GPU = "nvidia.com/gpu"


def with_gpus(name: str, on: str | None, gpus: Any = "1", version: str = "1") -> dict[str, Any]:
    """A pod with two containers, of which one has GPUs."""
    body = stored(pod("aaa", name=name, ready=True), resourceVersion=version, uid=f"uid-{name}")
    containers = [
        {"name": "triton", "resources": {"limits": {GPU: gpus, "memory": "2Gi"}}},
        {"name": "other", "resources": {}},
    ]
    spec = {"containers": containers, **({"nodeName": on} if on else {})}
    return {**body, "spec": spec}


def test_pods_on_a_node_are_counted_until_they_go_or_end() -> None:
    store = Store()
    for name in ("a", "b"):
        store.put("Pod", with_gpus(name, "one", "2"))
    assert store.accelerator_use.of("one") == {GPU: 4}

    # The same pod is reported again, and ends.
    store.put("Pod", with_gpus("a", "one", "2", version="2"))
    assert store.accelerator_use.of("one") == {GPU: 4}
    ended = with_gpus("a", "one", "2", version="3")
    ended["status"]["phase"] = "Succeeded"
    store.put("Pod", ended)
    assert store.accelerator_use.of("one") == {GPU: 2}

    store.record_deletion("Pod", with_gpus("b", "one", "2", version="4"))
    assert store.accelerator_use.of("one") == {}


def test_a_pod_without_a_node_uses_none() -> None:
    store = Store()
    store.put("Pod", with_gpus("a", None))

    assert store.accelerator_use.of("") == {}


def test_pods_without_accelerators_keep_nothing() -> None:
    store = Store()
    plain = {**stored(pod("aaa", ready=True)), "spec": {"nodeName": "one", "containers": []}}
    store.put("Pod", plain)
    kept = store.get("Pod", (plain["metadata"]["namespace"], plain["metadata"]["name"]))

    assert kept is not None
    assert "spec" not in kept
    assert store.accelerator_use.of("one") == {}


def test_a_number_that_is_none_is_not_counted() -> None:
    store = Store()
    store.put("Pod", with_gpus("a", "one", "many"))

    assert store.accelerator_use.of("one") == {}


def test_nodes_of_a_unit_show_what_its_pods_and_others_use() -> None:
    store = Store()
    store.put("Node", stored(node("one", gpus=4)))
    store.put("Pod", with_gpus("a", "one"))
    (view,) = nodes_for(store, {"spec": {"accelerator": {"resource": GPU}}}) or ()

    assert (view.extended[GPU], view.used) == (4, {GPU: 1})


def test_a_pod_with_an_accelerator_names_its_node() -> None:
    store = Store()
    body = with_gpus("a", "one")
    store.put("Pod", body)
    kept = store.get("Pod", (body["metadata"]["namespace"], "a"))

    assert kept is not None
    assert pod_view(kept).node == "one"
