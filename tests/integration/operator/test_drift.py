"""Children that another client deletes or edits."""

import time

import pytest

from hack.services.operator_process import OperatorProcess
from tests.fakes.bodies import source
from tests.integration.operator.harness import NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "kind", ["controllerrevision", "configmap", "deployment", "service", "poddisruptionbudget"]
)
def test_a_child_deleted_by_hand_comes_back(
    kind: str, operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply(model=source(1), replicas=2)
    scene.await_pods(2)
    scene.await_ready()
    name, uid = _name_and_uid(scene, kind)

    scene.run("delete", kind, name, "--wait=true")

    eventually(lambda: _name_and_uid(scene, kind) not in ((name, uid), ("", "")))
    assert _name_and_uid(scene, kind)[0] == name
    scene.await_ready()
    eventually(lambda: "DriftRepaired" in scene.event_reasons())


def _name_and_uid(scene: NamespaceHarness, kind: str) -> tuple[str, str]:
    children = scene.children(kind)
    meta = children[0]["metadata"] if children else {"name": "", "uid": ""}
    return meta["name"], meta["uid"]


@pytest.mark.parametrize(
    ("kind", "patch", "path"),
    [
        ("deployment", '{"spec":{"replicas":5}}', "{.spec.replicas}"),
        (
            "deployment",
            '{"spec":{"template":{"spec":{"priorityClassName":"","containers":[{"name":"triton",'
            '"image":"registry.example/else:1"}]}}}}',
            "{.spec.template.spec.containers[0].image}",
        ),
        ("service", '{"spec":{"selector":{"app":"else"}}}', "{.spec.selector}"),
        (
            "service",
            '{"metadata":{"labels":{"inference.aipx.io/name":null}}}',
            "{.metadata.labels}",
        ),
        ("poddisruptionbudget", '{"spec":{"maxUnavailable":2}}', "{.spec.maxUnavailable}"),
        (
            "controllerrevision",
            '{"metadata":{"labels":{"inference.aipx.io/revision":"else"}}}',
            "{.metadata.labels}",
        ),
        ("configmap", '{"metadata":{"ownerReferences":null}}', "{.metadata.ownerReferences}"),
    ],
)
def test_a_child_edited_by_hand_is_put_back(
    kind: str, patch: str, path: str, operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply(model=source(1), replicas=2)
    scene.await_pods(2)
    scene.await_ready()
    name, _ = _name_and_uid(scene, kind)

    def value() -> str:
        return scene.run("get", kind, name, "-o", f"jsonpath={path}")

    before = value()
    scene.run("patch", kind, name, "--type=strategic", "-p", patch)

    eventually(lambda: value() == before, lambda: (before, value(), operator.log))


@pytest.mark.parametrize(
    ("kind", "writes"),
    # A ConfigMap that seems to be missing is created first, and applied once the API server says
    # that it exists.
    [("controllerrevision", 1), ("configmap", 2), ("deployment", 1), ("service", 1)],
)
def test_a_child_that_loses_its_label_gets_it_back_once(
    kind: str, writes: int, operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    # To a watch with a selector that is a deletion, though the object lives on.
    scene.apply(model=source(1))
    scene.await_pods(1)
    scene.await_ready()
    name, uid = _name_and_uid(scene, kind)
    before = _writes_once_settled(operator)
    scene.run("label", kind, name, "app.kubernetes.io/managed-by-")

    eventually(lambda: _name_and_uid(scene, kind) == (name, uid), lambda: operator.log)
    eventually(lambda: "DriftRepaired" in scene.event_reasons(), lambda: operator.log)
    # The repair, and its Event.
    assert _writes_once_settled(operator) - before == writes + 1, operator.log
    assert scene.condition("Ready")["status"] == "True"


def _writes_once_settled(operator: OperatorProcess) -> float:
    """How much the operator has written, once it has written nothing for 2 s."""
    counts = [operator.writes]

    def settled() -> bool:
        time.sleep(2)
        counts.append(operator.writes)
        return counts[-1] == counts[-2]

    eventually(settled, lambda: (counts, operator.log))
    return counts[-1]
