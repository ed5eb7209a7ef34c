"""The operator's own life: restarts, probes, metrics."""

import time

import pytest

from hack.console import StepError
from tests.e2e.patience import eventually
from tests.e2e.world import World

pytestmark = pytest.mark.e2e


def test_a_restart_with_nothing_changed_writes_nothing(world: World, namespace: str) -> None:
    for name in ("one", "two"):
        world.model(namespace, name, **{"spec.rollout": {"scaleDownDelay": "1s"}}).apply()
    for name in ("one", "two"):
        world.model(namespace, name).wait_ready()
    since = world.audit_position()
    world.restart_operator()
    eventually(lambda: 'outcome="unchanged"' in metrics(world), that="passes after the restart")
    time.sleep(3)
    assert [write for write in world.writes_of_operator(since) if namespace in write] == []
    assert "api_requests_total" in metrics(world)


def metrics(world: World) -> str:
    """Of the pod that leads; empty while none does, or the one that did does not answer."""
    holder = world.leader()
    path = f"/api/v1/namespaces/inference-operator/pods/{holder}:8080/proxy/metrics"
    try:
        return world.kubectl("get", "--raw", path) if holder else ""
    except StepError:
        return ""


@pytest.mark.alone
def test_nothing_is_requested_at_rest(world: World, namespace: str) -> None:
    world.model(namespace).apply().wait_ready()
    eventually(lambda: world.ending_namespaces() == [], that="other tests' namespaces are gone")
    time.sleep(6)  # past scaleDownDelay and the last status
    before = requests(world)
    assert before, "the leader counts its requests"
    time.sleep(10)
    assert requests(world) == before


def requests(world: World) -> list[str]:
    name = "inference_operator_api_requests_total"
    lines = [line for line in metrics(world).splitlines() if line.startswith(name)]
    return [line for line in lines if 'resource="leases"' not in line]


def test_the_operator_runs_restricted_and_logs_json(world: World) -> None:
    import json

    where = ("-n", "inference-operator", "-l", "app.kubernetes.io/name=inference-operator")
    pods = world.kubectl.get("pods", *where)["items"]
    assert len(pods) == 2, "one leads, the other stands by"
    (container,) = pods[0]["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    lines = world.kubectl("logs", *where, "--tail=20").splitlines()
    assert lines
    for line in lines:
        assert {"time", "level", "message"} <= set(json.loads(line))


def test_another_process_takes_over_when_the_leader_is_killed(world: World, namespace: str) -> None:
    served = world.model(namespace).apply().wait_ready()
    old = world.holder()
    world.kill("inference-operator", world.leader())
    served.kubectl("scale", "imodel/linear", "--replicas=2")
    eventually(lambda: world.holder() not in ("", old), within=15, that="another holder")
    eventually(lambda: served.status().get("readyReplicas") == 2, within=60)


def test_the_other_replica_takes_over_when_the_leader_is_deleted(
    world: World, namespace: str
) -> None:
    served = world.model(namespace).apply().wait_ready()
    old = world.leader()
    world.kubectl("delete", "pod", old, "-n", "inference-operator")
    served.kubectl("scale", "imodel/linear", "--replicas=2")
    eventually(lambda: served.status().get("readyReplicas") == 2, within=60)
    assert world.leader() not in ("", old)
