"""Steps that several tests of Argo CD take: a commit, its first sync, pods that answer."""

from collections.abc import Callable
from typing import Any

from tests.fakes.bodies import imodel, source
from tests.integration.argocd.application import Application
from tests.integration.argocd.git import Repository
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.waiting import eventually


def manifest(scene: NamespaceHarness, artifact: int, **spec: Any) -> dict[str, Any]:
    """A model as it lies in Git: its namespace is the application's."""
    return imodel(NAME, namespace=scene.namespace, model=source(artifact), **spec)


def first_sync(
    scene: NamespaceHarness, repository: Repository, application: Application, **spec: Any
) -> str:
    """Commit a model and its application; return the revision that is served at the end."""
    repository.commit("Add the model", model=manifest(scene, 1, **spec))
    application.apply(repository.uri)
    application.await_health("InferenceModel", NAME, "Progressing")
    scene.await_ready()
    application.await_state("Synced", "Healthy")
    return scene.served()


def await_with_pods(scene: NamespaceHarness, holds: Callable[[], bool]) -> None:
    """Wait, with pods that answer as they come."""

    def asked() -> bool:
        scene.pods_answer()
        return holds()

    eventually(asked, lambda: scene.model().get("status"))
