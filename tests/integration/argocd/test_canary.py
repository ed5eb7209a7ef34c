"""A canary that Argo CD shows: at its gate, promoted by a button, taken back by a revert."""

import pytest

from hack.console import StepError
from tests.integration.argocd.application import Application
from tests.integration.argocd.git import Repository
from tests.integration.argocd.steps import await_with_pods, first_sync, manifest
from tests.integration.operator.harness import NAME, NamespaceHarness

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.usefixtures("operator")]

GATE = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}


def test_a_canary_waits_at_its_gate_a_button_promotes_it_and_a_revert_brings_the_old_one_back(
    scene: NamespaceHarness, repository: Repository, application: Application
) -> None:
    first = first_sync(scene, repository, application, replicas=2, rollout=GATE)
    assert application.buttons(NAME) == set()
    repository.commit("A new artifact", model=manifest(scene, 2, replicas=2, rollout=GATE))
    application.refresh()
    application.await_health("InferenceModel", NAME, "Progressing")
    await_with_pods(scene, lambda: application.health_of("InferenceModel", NAME)[0] == "Suspended")
    assert (
        "pause until somebody promotes revision" in application.health_of("InferenceModel", NAME)[1]
    )
    assert application.buttons(NAME) == {"promote", "promote-full", "abort", "pause"}

    application.press(NAME, "promote")
    await_with_pods(scene, lambda: application.state() == ("Synced", "Healthy"))
    second = scene.model()["status"]["stable"]["revision"]
    assert second != first
    assert application.buttons(NAME) == {"rollback"}

    repository.revert()
    application.refresh()
    await_with_pods(scene, lambda: "promote-full" in application.buttons(NAME))
    assert scene.model()["status"]["canary"]["revision"] == first, "the kept revision, as it was"
    application.press(NAME, "promote-full")
    await_with_pods(scene, lambda: scene.model()["status"]["stable"]["revision"] == first)
    await_with_pods(scene, lambda: application.state() == ("Synced", "Healthy"))
    with pytest.raises(StepError, match="no canary is at a step"):
        application.press(NAME, "promote")
