"""A node drain evicts pods one by one, and a rollout that does not come up blocks none."""

import json

import pytest

from hack.console import StepError
from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def pods_of(served: Served, revision: str) -> list[str]:
    pods = served.cluster.get(
        "pods", "-n", served.namespace, "-l", f"inference.aipx.io/revision={revision}"
    )["items"]
    return [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def evict(served: Served, pod: str) -> bool:
    """Evict a pod as `kubectl drain` does; return whether the API server allows it."""
    meta = {"name": pod, "namespace": served.namespace}
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}
    path = f"/api/v1/namespaces/{served.namespace}/pods/{pod}/eviction"
    try:
        served.cluster("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
    except StepError as error:
        if "disruption budget" not in str(error):
            raise
        return False
    return True


def test_a_rollout_that_does_not_come_up_blocks_no_drain(
    harness: ClusterHarness, namespace: str
) -> None:
    served = harness.model(namespace, **{"spec.replicas": 2}).apply().wait_ready()
    old = served.stable()
    served.apply(**{"spec.triton.image": "inference-operator.invalid/none:1"})
    canary = eventually(lambda: (served.status().get("canary") or {}).get("revision"))
    stuck = eventually(lambda: len(pods := pods_of(served, canary)) == 2 and pods)
    allowed = ("get", "pdb", served.name, "-o", "jsonpath={.status.disruptionsAllowed}")
    eventually(lambda: served.kubectl(*allowed) == "1", that="a budget of one pod")

    assert [evict(served, pod) for pod in stuck] == [True, True]
    first, second = pods_of(served, old)
    assert evict(served, first)
    assert not evict(served, second), "the last pod that answers must stay"
