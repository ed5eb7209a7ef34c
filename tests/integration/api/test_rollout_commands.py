"""`kubectl inference` against a real API server: rights, conflicts, managed fields, statuses."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from hack.cluster.apiserver import ApiServer
from hack.cluster.kubectl import Kubectl
from inference_operator.cli.cluster_access import connected
from inference_operator.cli.rollout_commands import checks
from inference_operator.cli.rollout_commands.change import Change
from inference_operator.cli.rollout_commands.main import main
from inference_operator.cli.rollout_commands.sending import send
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.domain.names import UnitKey
from inference_operator.observation.command_setters import setters_of
from tests.fakes.bodies import KEY, Body, epipe, imodel
from tests.integration.api.resources import apply, patch_status
from tests.unit.cli.rollout_situations import (
    ANALYSIS,
    CANARY,
    NOON,
    STABLE,
    STEPS,
    aborted,
    at_step,
    steady,
)

pytestmark = pytest.mark.integration

MODEL = f"imodel/{KEY.name}"
ANNOTATION = "inference.aipx.io/{}".format
Run = Callable[..., int]


def status(body: Body) -> Body:
    """The status about the first generation, which a new object has."""
    conditions = [{**c, "observedGeneration": 1} for c in body.get("conditions", ())]
    return {**body, "observedGeneration": 1, "conditions": conditions}


@pytest.fixture
def model(kubectl: Kubectl, namespace: str) -> Callable[[Body], None]:
    """Creates the model, or gives it another status."""
    rollout = {"canary": {"steps": list(STEPS), "analysis": ANALYSIS}}

    def put(body: Body) -> None:
        apply(kubectl, namespace, imodel(namespace=namespace, rollout=rollout))
        patch_status(kubectl, namespace, MODEL, status(body))

    return put


@pytest.fixture
def run(server_with_crds: ApiServer, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as the administrator, or as the user of a kubeconfig."""
    # The command sets it for itself.
    monkeypatch.setenv("KUBECONFIG", "")

    def command(*words: str, kubeconfig: Any = server_with_crds.kubeconfig) -> int:
        return main([*words, "-n", namespace, "--kubeconfig", str(kubeconfig)])

    return command


def live(kubectl: Kubectl, namespace: str) -> Body:
    body: Body = kubectl.get(MODEL, "-n", namespace, "--show-managed-fields")
    return body


def annotations(kubectl: Kubectl, namespace: str) -> dict[str, str]:
    meta = live(kubectl, namespace)["metadata"]
    return {
        key: value
        for key, value in meta.get("annotations", {}).items()
        if key.startswith("inference.aipx.io/")
    }


def test_a_command_sets_one_annotation_and_nothing_else(
    kubectl: Kubectl, namespace: str, model: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    model(at_step(2))
    before = live(kubectl, namespace)

    assert run("promote", MODEL) == 0
    after = live(kubectl, namespace)
    assert annotations(kubectl, namespace) == {ANNOTATION("promote"): f"{CANARY}/2"}
    assert (after["spec"], after["status"]) == (before["spec"], before["status"])
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    managers = [entry["manager"] for entry in after["metadata"]["managedFields"]]
    setters = setters_of(after["metadata"], {ANNOTATION("promote")})
    assert setters[ANNOTATION("promote")]["manager"] == "kubectl-inference"
    assert "inference-operator" not in managers
    printed = capsys.readouterr().out
    assert printed == (
        f"InferenceModel/{namespace}/{KEY.name}: revision {CANARY} ends step 3 of 5 (pause);"
        " setWeight 50 follows\n"
    )


def test_a_repeated_command_writes_nothing(
    kubectl: Kubectl, namespace: str, model: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    model(at_step(2))
    assert run("pause", KEY.name) == 0
    version = live(kubectl, namespace)["metadata"]["resourceVersion"]
    capsys.readouterr()

    assert run("pause", KEY.name) == 0
    assert "is paused already" in capsys.readouterr().out
    assert live(kubectl, namespace)["metadata"]["resourceVersion"] == version

    assert run("resume", KEY.name) == 0
    assert annotations(kubectl, namespace) == {}
    assert run("resume", KEY.name) == 1
    assert "is not paused" in capsys.readouterr().err


def test_a_manifest_that_is_applied_again_keeps_the_command(
    kubectl: Kubectl, namespace: str, model: Any, run: Run
) -> None:
    model(at_step(2))
    run("abort", MODEL)
    rollout = {"canary": {"steps": list(STEPS), "analysis": ANALYSIS}}
    apply(kubectl, namespace, imodel(namespace=namespace, rollout=rollout))

    assert annotations(kubectl, namespace) == {ANNOTATION("abort"): CANARY}
    assert live(kubectl, namespace)["metadata"]["generation"] == 1


def test_an_abort_after_a_retry_is_a_new_command(
    kubectl: Kubectl, namespace: str, model: Any, run: Run
) -> None:
    model(at_step(2))
    assert run("abort", MODEL) == 0
    patch_status(kubectl, namespace, MODEL, {**status(aborted()), "canary": None})
    assert run("retry", MODEL) == 0

    again = at_step(0, aborted=None, handled=[f"abort={CANARY}"])
    patch_status(kubectl, namespace, MODEL, status(again))
    assert run("abort", MODEL) == 0
    value = annotations(kubectl, namespace)[ANNOTATION("abort")]
    assert value.startswith(f"{CANARY}@2")


def test_a_command_that_makes_no_sense_is_refused(
    kubectl: Kubectl, namespace: str, model: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    model(steady())
    for command in ("promote", "abort", "retry", "pause", "resume", "rollback", "refresh-alias"):
        assert run(command, MODEL) == 1, command
        assert capsys.readouterr().err.startswith("kubectl inference: ")
    assert annotations(kubectl, namespace) == {}


def test_a_user_without_the_right_to_patch_is_told_so(
    server_with_crds: ApiServer,
    kubectl: Kubectl,
    namespace: str,
    model: Any,
    run: Run,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model(at_step(2))
    rights = ("--verb=get,list,watch", "--resource=inferencemodels,ensemblepipelines")
    kubectl("create", "role", "reader", "-n", namespace, *rights)
    binding = ("rolebinding", "reader", "-n", namespace, "--role=reader", "--user=joe")
    kubectl("create", *binding)
    joe = server_with_crds.kubeconfig_of("joe", "readers")

    assert run("abort", KEY.name, kubeconfig=joe) == 1
    refusal = capsys.readouterr().err
    assert "you may not change" in refusal
    assert f"needs the verb patch for inferencemodels in namespace {namespace}" in refusal
    assert run("status", KEY.name, kubeconfig=joe) == 0
    assert annotations(kubectl, namespace) == {}


async def test_a_change_meanwhile_is_seen_before_anything_is_written(
    server_with_crds: ApiServer,
    kubectl: Kubectl,
    namespace: str,
    model: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model(at_step(2))
    key = UnitKey(KEY.kind, namespace, KEY.name)
    steps: list[int | None] = []

    def decide(given: Situation) -> Change:
        steps.append(given.step)
        if len(steps) == 1:
            patch_status(kubectl, namespace, MODEL, status(at_step(4)))
        return checks.promote(given, NOON, full=False)

    monkeypatch.setenv("KUBECONFIG", str(server_with_crds.kubeconfig))
    async with connected(may_write=True) as cluster:
        change = await send(cluster, key, decide)

    assert steps == [2, 4]
    assert change.value == f"{CANARY}/4"
    assert annotations(kubectl, namespace) == {ANNOTATION("promote"): f"{CANARY}/4"}


def test_a_name_of_both_kinds_must_be_precise(
    kubectl: Kubectl, namespace: str, model: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    model(at_step(2))
    apply(kubectl, namespace, epipe(KEY.name, namespace=namespace))

    assert run("status", KEY.name) == 3
    assert "is InferenceModel and EnsemblePipeline; choose one" in capsys.readouterr().err
    assert run("status", f"epipe/{KEY.name}") == 0
    assert f"EnsemblePipeline {namespace}/{KEY.name}" in capsys.readouterr().out
    assert run("status", "absent") == 3


def test_a_wait_ends_when_the_operator_has_acted(
    kubectl: Kubectl, namespace: str, model: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    model(at_step(2))
    assert run("abort", MODEL, "--wait", "--timeout", "1s") == 2
    assert f"the operator has not acted on abort={CANARY} yet" in capsys.readouterr().err

    done = {**status(aborted()), "canary": None}
    acting = threading.Timer(0.5, patch_status, (kubectl, namespace, MODEL, done))
    acting.start()
    assert run("abort", MODEL, "--wait", "--timeout", "30s") == 0
    acting.join()
    assert f"the operator has acted on abort={CANARY}" in capsys.readouterr().out


def test_the_status_is_shown_and_watched_to_the_end(
    kubectl: Kubectl, namespace: str, model: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    model(at_step(2))
    assert run("status", MODEL) == 0
    assert "▶  3 pause   until somebody promotes it" in capsys.readouterr().out
    assert run("status", MODEL, "-o", "json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["currentStep"], shown["stable"]["revision"]) == (3, STABLE)

    done = {**status(steady()), "canary": None}
    acting = threading.Timer(0.5, patch_status, (kubectl, namespace, MODEL, done))
    acting.start()
    assert run("status", MODEL, "--watch") == 0
    acting.join()
    assert "Ready; stable" in capsys.readouterr().out.splitlines()[-1]


def test_the_history_is_that_of_the_other_program(
    namespace: str, model: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    model(steady())
    assert run("history", MODEL) == 0
    assert capsys.readouterr().out.startswith("FROM ")
