"""A user who may write ControllerRevisions in one namespace, against a real API server."""

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from inference_operator.domain.names import REVISION_LABEL
from tests.fakes.bodies import source
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import NAME, OURS, NamespaceHarness
from tests.integration.operator.waiting import eventually
from tests.unit.resources.test_record_attacks import CHILDREN, TEMPLATE

pytestmark = pytest.mark.integration

Body = dict[str, Any]
USER = "mallory"
FINALIZER = "example.com/keep"
# Python cannot write these as JSON.
DEEP = {
    "a deep affinity",
    "a deep affinity below a field",
    "a deep spread",
    "a deep toleration",
}
# The API server itself refuses these numbers, and JSON has no such keys.
NOT_JSON = {"a huge number", "no number", "a key that is no text"}


@pytest.fixture
def attacked(scene: NamespaceHarness, start: Start) -> NamespaceHarness:
    """Return a namespace with a model that serves, no operator, and rights for the attacker."""
    verbs = ("--verb=create", "--verb=delete", "--verb=patch", "--verb=get")
    scene.run("create", "role", USER, *verbs, "--resource=controllerrevisions")
    scene.run("create", "rolebinding", USER, f"--role={USER}", f"--user={USER}")
    operator = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    operator.await_ready()
    scene.apply(model=source(1))
    scene.await_pods(1)
    scene.await_ready()
    operator.stop()
    return scene


def record_of(scene: NamespaceHarness) -> Body:
    body: Body = scene.get("controllerrevision", f"{NAME}-{scene.served()}")
    return body


def write(
    scene: NamespaceHarness, record: Body, spoil: Callable[[Body], object], **meta: Any
) -> None:
    """Create a record with spoiled content as the attacker, in the place of one of its name."""
    forged = copy.deepcopy(record)
    kept = {k: forged["metadata"][k] for k in ("name", "namespace", "labels", "ownerReferences")}
    forged["metadata"] = {**kept, **meta}
    spoil(forged)
    attacker = f"--as={USER}"
    name = forged["metadata"]["name"]
    scene.run("delete", "controllerrevision", name, "--ignore-not-found", attacker)
    scene.kubectl("create", "-f", "-", attacker, stdin=json.dumps(forged))


def take_over(record: Body) -> None:
    """Put a privileged Deployment in kube-system in the place of ours."""
    deployment = record["data"]["children"][1]
    deployment["metadata"]["namespace"] = "kube-system"
    pod = deployment["spec"]["template"]["spec"]
    pod.update(hostPID=True, serviceAccountName="node-controller")
    pod["containers"][0]["securityContext"] = {"privileged": True}


def inventory(scene: NamespaceHarness) -> dict[str, str]:
    """Return the uids of everything that could have been applied, in the whole cluster."""
    kinds = "deployments,daemonsets,configmaps,clusterrolebindings,services,secrets"
    items = json.loads(scene.kubectl("get", kinds, "--all-namespaces", "-o", "json"))["items"]
    return {
        "/".join((i["kind"], i["metadata"].get("namespace", ""), i["metadata"]["name"])): (
            i["metadata"]["uid"]
        )
        for i in items
    }


def pods(scene: NamespaceHarness) -> set[str]:
    return {pod["metadata"]["uid"] for pod in scene.get("pods", "-l", OURS)["items"]}


def rejected(scene: NamespaceHarness) -> bool:
    return "RecordRejected" in scene.event_reasons()


def test_a_forged_record_is_reported_and_made_again(
    attacked: NamespaceHarness, start: Start
) -> None:
    record = record_of(attacked)
    before, running = inventory(attacked), pods(attacked)
    write(attacked, record, take_over)
    operator = start(INFERENCE_OPERATOR_NAMESPACES=attacked.namespace)
    operator.await_ready()

    eventually(lambda: rejected(attacked), lambda: operator.log)
    eventually(lambda: record_of(attacked)["data"] == record["data"], lambda: operator.log)
    attacked.await_ready()
    assert inventory(attacked) == before
    assert pods(attacked) == running
    described = attacked.run("describe", f"inferencemodel/{NAME}")
    assert "data.children[1].metadata.namespace: found 'kube-system'" in described


def test_a_forged_record_that_cannot_be_deleted_stops_nothing(
    attacked: NamespaceHarness, start: Start
) -> None:
    record = record_of(attacked)
    before, running = inventory(attacked), pods(attacked)
    write(attacked, record, take_over, finalizers=[FINALIZER])
    name = record["metadata"]["name"]
    operator = start(INFERENCE_OPERATOR_NAMESPACES=attacked.namespace)
    operator.await_ready()
    eventually(lambda: rejected(attacked), lambda: operator.log)
    held = record_of(attacked)
    assert held["metadata"].get("deletionTimestamp"), operator.log

    # Its deletion is asked for once, and what else is missing is repaired.
    deletions = operator.metric("inference_operator_api_requests_total", verb="DELETE")
    attacked.run("delete", "service", NAME)
    eventually(lambda: attacked.children("service"), lambda: operator.log)
    asked = operator.metric("inference_operator_api_requests_total", verb="DELETE")
    assert asked == deletions, operator.log
    assert inventory(attacked).keys() == before.keys()
    assert pods(attacked) == running

    # The user's next version does not wait for it.
    attacked.apply(model=source(2))
    eventually(lambda: len(attacked.get("pods", "-l", OURS)["items"]) == 2, lambda: operator.log)
    attacked.await_ready()
    assert attacked.served() not in name
    patch = json.dumps({"metadata": {"finalizers": None}})
    attacked.run("patch", "controllerrevision", name, "--type=merge", "-p", patch, f"--as={USER}")
    eventually(lambda: name not in names(attacked), lambda: names(attacked))


def write_beside(
    scene: NamespaceHarness, record: Body, attacks: Mapping[str, Callable[[Body], object]]
) -> None:
    """Create a record per attack, which but for it is a true record of a further revision."""
    text = json.dumps(record)
    forged = []
    for number, name in enumerate(sorted(attacks.keys() - NOT_JSON - DEEP)):
        body = json.loads(
            text.replace(record["metadata"]["labels"][REVISION_LABEL], f"{number:010x}")
        )
        body["revision"] = number + 2
        kept = ("name", "namespace", "labels", "ownerReferences")
        body["metadata"] = {key: body["metadata"][key] for key in kept}
        attacks[name](body)
        forged.append(body)
    everything = {"apiVersion": "v1", "kind": "List", "items": forged}
    words = ("create", "--validate=false", "-f", "-", f"--as={USER}")
    scene.kubectl(*words, stdin=json.dumps(everything))


def names(scene: NamespaceHarness) -> list[str]:
    return [body["metadata"]["name"] for body in scene.get("controllerrevision")["items"]]


def test_no_attack_applies_anything(attacked: NamespaceHarness, start: Start) -> None:
    """Each is a record of its own, beside the true one."""
    record = record_of(attacked)
    before, running = inventory(attacked), pods(attacked)
    write_beside(attacked, record, {**CHILDREN, **TEMPLATE})
    assert len(names(attacked)) > 100
    operator = start(INFERENCE_OPERATOR_NAMESPACES=attacked.namespace)
    operator.await_ready()
    eventually(lambda: rejected(attacked), lambda: operator.log)
    attacked.await_ready()

    assert inventory(attacked) == before
    assert pods(attacked) == running
    assert operator.metric("inference_operator_errors_total") == 0, operator.log
