"""One object that cannot be read takes nothing from the others, nor from its own pods."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hack.cluster.apiserver import ApiServer
from hack.services.operator_process import OperatorProcess, operator_process
from tests.conftest import install_crds
from tests.fakes.bodies import imodel, source
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.old_crds import install_old_crds, written
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

COUNT = "inference_operator_unreadable_objects_total"
VICTIM = "tape-writer"
NEW = "tape-cutter"


@pytest.fixture(scope="module")
def old_server() -> Iterator[ApiServer]:
    with ApiServer(controller_manager=True) as server:
        install_old_crds(server)
        yield server


@contextmanager
def operating(server: ApiServer, scene: NamespaceHarness) -> Iterator[OperatorProcess]:
    environment = {"INFERENCE_OPERATOR_NAMESPACES": scene.namespace}
    with operator_process(server.kubeconfig, environment) as process:
        process.await_ready()
        yield process


def put_deep(scene: NamespaceHarness, name: str, version: int) -> None:
    body = imodel(
        name, namespace=scene.namespace, model=source(version), placement={"affinity": "DEEP"}
    )
    scene.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=written(body))


def reported(scene: NamespaceHarness) -> set[tuple[str, str]]:
    events = scene.get("events")["items"]
    unreadable = (event for event in events if event["reason"] == "ObjectUnreadable")
    return {(e["involvedObject"]["kind"], e["involvedObject"]["name"]) for e in unreadable}


def children_of(scene: NamespaceHarness, name: str) -> dict[str, str]:
    """Versions of what was made for the model."""
    kinds = "controllerrevision,configmap,deployment,service,pods"
    selector = f"inference.aipx.io/name={name}"
    items = scene.get(kinds, "-l", selector)["items"]
    return {f"{b['kind']}/{b['metadata']['name']}": b["metadata"]["uid"] for b in items}


def is_ready(scene: NamespaceHarness, name: str) -> bool:
    """Whether it is, asked of kubectl: its `managedFields` are too deep for Python."""
    scene.pods_answer()
    path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
    return scene.run("get", "imodel", name, "-o", path).strip() == "True"


def test_a_deep_object_harms_none_but_itself(old_server: ApiServer) -> None:
    scene = NamespaceHarness.new(old_server)
    with operating(old_server, scene) as process:
        for name in (NAME, VICTIM):
            scene.apply(name, model=source(1))
            scene.await_ready(name)
        before = children_of(scene, VICTIM)
        assert {key.partition("/")[0] for key in before} >= {"Deployment", "Service", "Pod"}

        put_deep(scene, VICTIM, 2)
        put_deep(scene, NEW, 1)
        models = {("InferenceModel", VICTIM), ("InferenceModel", NEW)}
        eventually(lambda: reported(scene) == models, lambda: process.log)
        assert process.metric(COUNT, kind="InferenceModel") == 2
        scene.apply(model=source(2))
        scene.await_ready()
        assert children_of(scene, VICTIM) == before
        assert process.ask("/readyz") == (200, "ready")
        process.stop()

    with operating(old_server, scene) as process:
        # Another process reports them again, and lists.
        eventually(lambda: process.metric(COUNT, kind="InferenceModel") == 2)
        scene.apply(model=source(3))
        scene.await_ready()
        assert children_of(scene, VICTIM) == before
        assert children_of(scene, NEW) == {}

        scene.run("delete", "imodel", NEW, "--wait=true")
        scene.apply(NEW, model=source(1))
        scene.await_ready(NEW)
        # The deep edit is taken back.
        words = ("--type=json", "-p", '[{"op": "remove", "path": "/spec/placement"}]')
        scene.run("patch", "imodel", VICTIM, *words)
        scene.await_ready(VICTIM)
        assert process.metric("inference_operator_errors_total") == 0, process.log
        process.stop()


def test_the_new_schema_makes_it_readable(old_server: ApiServer) -> None:
    scene = NamespaceHarness.new(old_server)
    put_deep(scene, VICTIM, 1)
    install_crds(old_server)
    try:
        with operating(old_server, scene) as process:
            eventually(lambda: is_ready(scene, VICTIM), lambda: process.log)
            assert process.metric(COUNT) == 0
            process.stop()
    finally:
        install_old_crds(old_server)


def test_a_deep_record_harms_none_but_itself(old_server: ApiServer) -> None:
    scene = NamespaceHarness.new(old_server)
    with operating(old_server, scene) as process:
        scene.apply(model=source(1))
        scene.await_ready()
        record = next(b for b in scene.children("controllerrevision"))
        meta = record["metadata"]
        forged = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": f"{NAME}-0123456789",
                "namespace": scene.namespace,
                "labels": meta["labels"],
                "ownerReferences": meta["ownerReferences"],
            },
            "revision": 7,
            "data": {"children": "DEEP"},
        }
        scene.kubectl("create", "-f", "-", stdin=written(forged))
        eventually(lambda: process.metric(COUNT, kind="ControllerRevision") == 1)
        eventually(lambda: reported(scene) == {("ControllerRevision", f"{NAME}-0123456789")})
        process.stop()

    with operating(old_server, scene) as process:
        scene.apply(model=source(2))
        scene.await_ready()
        assert process.metric(COUNT, kind="ControllerRevision") == 1
        process.stop()
