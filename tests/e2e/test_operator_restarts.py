"""The successor of an operator that ends in the middle of a change finishes the change."""

import json

import pytest

from tests.e2e.harness import ClusterHarness
from tests.e2e.pipelines import TRIPLE_TWICE, answers, chain, records, revisions, tripled
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def test_operator_killed_in_mid_rollout_goes_on(harness: ClusterHarness, namespace: str) -> None:
    served = harness.model(namespace, **{"spec.replicas": 2}).apply().wait_ready()
    old = served.stable()
    with served.called_throughout() as caller:
        served.apply(**{"spec.triton.dynamicBatching.maxQueueDelay": "6ms"})
        eventually(lambda: served.status().get("canary"), that="a canary")
        harness.restart_operator(kill=True)
        served.wait_ready()
        eventually(lambda: served.has_no_pod_of(old), that="old pods gone")
    assert served.stable() != old
    assert caller.failures == []


@pytest.mark.parametrize("kill", [False, True], ids=["restarted", "killed"])
def test_an_operator_that_ends_in_mid_change_goes_on(
    harness: ClusterHarness, namespace: str, linear: Served, kill: bool
) -> None:
    served = chain(harness, namespace).apply().wait_ready()
    with served.called_throughout() as caller:
        tripled(harness, linear)
        eventually(lambda: served.status().get("canary"), that="a canary")
        harness.restart_operator(kill=kill)
        eventually(lambda: answers(served) == TRIPLE_TWICE, that="the new version answers")
        eventually(lambda: len(revisions(served)) == 1, that="the old revision's pods are gone")
    assert caller.failures == []
    distinct = {json.dumps(answer) for answer in caller.answers}
    assert len(distinct) == 2, distinct
    served.wait_ready()
    assert len(records(served)) == 2
