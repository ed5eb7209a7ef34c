"""Causes and remedies that are read from what the scheduler and the API server write."""

from dataclasses import replace

import pytest

from inference_operator.domain.accelerator import Node
from inference_operator.domain.observed import DeploymentView
from inference_operator.planning.status.diagnosis import diagnose
from tests.unit.planning.pod_cases import message_of, pods_of, triton_with
from tests.unit.planning.seen import case

GPU = "nvidia.com/gpu"
SCHEDULERS = {
    "what preemption would do": (
        "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3"
        " Preemption is not helpful for scheduling.",
        "0/3 nodes are available: 3 Insufficient memory; lower spec.resources.requests or"
        " spec.replicas, or add a node",
    ),
    "what dynamic resources would do": (
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new"
        " claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful.",
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector; correct"
        " spec.placement, or label a node",
    ),
    "a taint": (
        "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}.",
        "1 node(s) had untolerated taint {gpu: true}; tolerate the taint in"
        " spec.placement.tolerations, or add a node without it",
    ),
    "a node that was cordoned": (
        "0/1 nodes are available: 1 node(s) were unschedulable.",
        "1 node(s) were unschedulable; make a node schedulable (`kubectl uncordon NODE`), or add"
        " one",
    ),
    "anything else": (
        "0/1 nodes are available: 1 node(s) are in a bad mood.",
        "1 node(s) are in a bad mood; adjust spec.resources or spec.placement, or add nodes",
    ),
}


@pytest.mark.parametrize(("words", "expected"), SCHEDULERS.values(), ids=SCHEDULERS)
def test_the_scheduler_s_message_is_cut_to_its_cause(words: str, expected: str) -> None:
    message = message_of(case(), unschedulable=words)
    assert message.startswith("Unschedulable: no node accepts the pod: 0/")
    assert message.endswith(expected)


NO_GPU = f"0/2 nodes are available: 2 Insufficient {GPU}. preemption: none"
OFFERS = {
    "no node has any": (
        (Node("a"), Node("b")),
        f"no node offers {GPU} (2 nodes checked): 0/2 nodes are available: 2 Insufficient {GPU};"
        " add a node that does",
    ),
    "no node has so many": (
        (Node("a", extended={GPU: 1}),),
        f"no node offers 2 {GPU} (the largest has 1): 0/2 nodes are available: 2 Insufficient"
        f" {GPU}; lower spec.accelerator.count, or add such a node",
    ),
    "all are in use": (
        (Node("a", extended={GPU: 4}),),
        f"no node that may run the pod has {GPU} free: 0/2 nodes are available: 2 Insufficient"
        f" {GPU}; free or add one",
    ),
    "the nodes are not known": (
        None,
        f"no node has {GPU} free: 0/2 nodes are available: 2 Insufficient {GPU}; free or add one",
    ),
}


@pytest.mark.parametrize(("nodes", "expected"), OFFERS.values(), ids=OFFERS)
def test_a_gpu_that_is_in_use_is_told_apart_from_none(
    nodes: tuple[Node, ...] | None, expected: str
) -> None:
    about = replace(triton_with(resources={"limits": {GPU: "2"}}), nodes=nodes)
    assert message_of(about, unschedulable=NO_GPU) == f"GPUUnavailable: {expected}"


def test_a_claim_that_is_not_bound_is_not_a_lack_of_nodes() -> None:
    words = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption"
    volumes = [{"name": "claim-0", "persistentVolumeClaim": {"claimName": "models"}}]
    assert message_of(pods_of(volumes=volumes), unschedulable=words) == (
        "ClaimNotBound: spec.model.source.uri: PersistentVolumeClaim models is not bound to a"
        " volume; correct its storage class, or add a PersistentVolume that fits; `kubectl -n"
        " desk-7 describe pvc models` shows why"
    )


REFUSALS = {
    'error looking up service account desk-7/nobody: serviceaccount "nobody" not found': (
        "create the ServiceAccount in namespace desk-7, or correct spec.serviceAccountName"
    ),
    "no PriorityClass with name urgent was found": "correct spec.placement.priorityClassName",
    'pod rejected: RuntimeClass "gvisor" not found': "correct spec.placement.runtimeClassName",
    "exceeded quota: gpus, requested: 2": "ask for a larger ResourceQuota; see `kubectl -n desk-7",
    "failed quota: q: must specify limits.cpu": "set these in spec.resources",
    "maximum memory usage per Container is 1Gi, but limit is 2Gi": "limit in the LimitRange",
    "anything else": "correct the field of spec that it names, or ask for the quota or permission",
}


@pytest.mark.parametrize(("words", "remedy"), REFUSALS.items(), ids=REFUSALS)
def test_refused_pods_have_the_remedy_of_their_cause(words: str, remedy: str) -> None:
    diagnosis = diagnose(case(), DeploymentView(2, 0, words), ())
    assert diagnosis is not None
    assert diagnosis.message.startswith(f"pods are refused: {words}; ")
    assert remedy in diagnosis.message
