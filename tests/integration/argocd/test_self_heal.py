"""Changes by hand, which Argo CD and the operator put back once and without a fight."""

import json
import time
from collections.abc import Callable

import pytest

from tests.integration.argocd.application import Application
from tests.integration.argocd.git import Repository
from tests.integration.argocd.steps import first_sync
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.long,
    pytest.mark.usefixtures("operator"),
    # The quiet minutes are longer than a usual test.
    pytest.mark.timeout(1200),
]

QUIET_SECONDS = 300
SILENCE_SECONDS = 20


def test_argo_cd_and_the_operator_put_back_what_is_theirs_and_then_write_nothing(
    scene: NamespaceHarness,
    repository: Repository,
    application: Application,
    writes: Callable[[], list[str]],
) -> None:
    first_sync(scene, repository, application, replicas=2)
    # A child is the operator's: Argo CD shows it and does not write it.
    deleted = scene.get("service", NAME)["metadata"]["uid"]
    scene.run("delete", "service", NAME)
    eventually(lambda: "Service" in scene.kinds())
    assert scene.get("service", NAME)["metadata"]["uid"] != deleted
    # The spec is Git's: an edit by hand does not last.
    scene.run("patch", "imodel", NAME, "--type=merge", "-p", json.dumps({"spec": {"replicas": 3}}))
    eventually(lambda: scene.model()["spec"]["replicas"] == 2, scene.model)
    # The model is Git's too.
    deleted = scene.model()["metadata"]["uid"]
    scene.run("delete", "imodel", NAME)
    eventually(lambda: uid_of_model(scene) not in ("", deleted))
    scene.await_ready()
    application.await_state("Synced", "Healthy")

    await_silence(writes)
    before = writes()
    time.sleep(QUIET_SECONDS)
    assert writes()[len(before) :] == []


def test_a_field_that_git_leaves_out_belongs_to_whoever_sets_it(
    scene: NamespaceHarness, repository: Repository, application: Application
) -> None:
    first_sync(scene, repository, application)
    scene.run("scale", "imodel", NAME, "--replicas=2")
    scene.await_pods(2)
    scene.await_ready()
    application.refresh()
    application.await_refreshed()
    application.await_state("Synced", "Healthy")
    assert scene.model()["spec"]["replicas"] == 2


def uid_of_model(scene: NamespaceHarness) -> str:
    return scene.run("get", "imodel", NAME, "--ignore-not-found", "-o", "jsonpath={.metadata.uid}")


def await_silence(writes: Callable[[], list[str]]) -> None:
    """Wait until nobody has written for some time: the last Events come late."""
    count, since = len(writes()), time.monotonic()

    def is_silent() -> bool:
        nonlocal count, since
        if len(writes()) != count:
            count, since = len(writes()), time.monotonic()
        return time.monotonic() - since > SILENCE_SECONDS

    eventually(is_silent, writes)
