"""The operator's own life: restarts, probes, metrics."""

import time

import pytest

from tests.e2e.harness import ClusterHarness
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def test_a_restart_with_nothing_changed_writes_nothing(
    harness: ClusterHarness, namespace: str
) -> None:
    for name in ("one", "two"):
        harness.model(namespace, name, **{"spec.rollout": {"scaleDownDelay": "1s"}}).apply()
    for name in ("one", "two"):
        harness.model(namespace, name).wait_ready()
    since = harness.audit_position()
    harness.restart_operator()
    eventually(lambda: 'outcome="unchanged"' in harness.metrics(), that="passes after the restart")
    time.sleep(3)
    assert [write for write in harness.writes_of_operator(since) if namespace in write] == []
    assert "api_requests_total" in harness.metrics()


@pytest.mark.alone
def test_nothing_is_requested_at_rest(harness: ClusterHarness, namespace: str) -> None:
    harness.model(namespace).apply().wait_ready()
    eventually(lambda: harness.ending_namespaces() == [], that="other tests' namespaces are gone")
    time.sleep(6)  # past scaleDownDelay and the last status
    before = requests(harness)
    assert before, "the leader counts its requests"
    time.sleep(10)
    assert requests(harness) == before


def requests(harness: ClusterHarness) -> list[str]:
    name = "inference_operator_api_requests_total"
    lines = [line for line in harness.metrics().splitlines() if line.startswith(name)]
    return [line for line in lines if 'resource="leases"' not in line]


def test_the_operator_runs_restricted_and_logs_json(harness: ClusterHarness) -> None:
    import json

    where = ("-n", "inference-operator", "-l", "app.kubernetes.io/name=inference-operator")
    pods = harness.kubectl.get("pods", *where)["items"]
    assert len(pods) == 2, "one leads, the other stands by"
    (container,) = pods[0]["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    lines = harness.kubectl("logs", *where, "--tail=20").splitlines()
    assert lines
    for line in lines:
        assert {"time", "level", "message"} <= set(json.loads(line))


def test_another_process_takes_over_when_the_leader_is_killed(
    harness: ClusterHarness, namespace: str
) -> None:
    served = harness.model(namespace).apply().wait_ready()
    old = harness.holder()
    harness.kill("inference-operator", harness.leader())
    served.kubectl("scale", "imodel/linear", "--replicas=2")
    eventually(lambda: harness.holder() not in ("", old), within=15, that="another holder")
    eventually(lambda: served.status().get("readyReplicas") == 2, within=60)


def test_the_other_replica_takes_over_when_the_leader_is_deleted(
    harness: ClusterHarness, namespace: str
) -> None:
    served = harness.model(namespace).apply().wait_ready()
    old = harness.leader()
    harness.kubectl("delete", "pod", old, "-n", "inference-operator")
    served.kubectl("scale", "imodel/linear", "--replicas=2")
    eventually(lambda: served.status().get("readyReplicas") == 2, within=60)
    assert harness.leader() not in ("", old)
