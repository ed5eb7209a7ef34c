"""What people see of a problem: columns, `wait` and `history`, with the real process."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hack.cluster.apiserver import ApiServer
from hack.services.operator_process import OperatorProcess
from tests.fakes.bodies import source
from tests.integration.operator.harness import NAME, PIPELINE, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


@pytest.fixture
def command(control_plane: ApiServer, scene: NamespaceHarness) -> Any:
    """Starts a command of `inference-operator` in the scene's namespace."""

    def started(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "inference_operator.cli", *words, "-n", scene.namespace],
            env={
                "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}",
                "PATH": "/usr/bin:/bin",
                "KUBECONFIG": str(control_plane.kubeconfig),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def row(scene: NamespaceHarness, *words: str) -> list[str]:
    return scene.run("get", *words, "--no-headers").split()


def test_wait_ends_when_the_present_generation_is_ready(
    operator: OperatorProcess, scene: NamespaceHarness, command: Any
) -> None:
    scene.apply(model=source(1))
    scene.await_pods(1)
    scene.await_ready()
    first = scene.served()
    scene.apply(model=source(2))
    waiting = command("wait", NAME, "--timeout", "2m")
    time.sleep(3)
    assert waiting.poll() is None, "the old generation is Ready, the new one is not"
    scene.await_ready()
    status, out, _ = ended(waiting)
    assert (status, out.count(": Ready: model")) == (0, 1)

    served = scene.served()
    assert row(scene, "imodel", NAME)[:5] == [NAME, "True", "Ready", served, "1/1"]
    assert row(scene, "imodel", NAME, "-o", "wide")[-2:] == [
        served,
        "https://store.example/fx/2/model.onnx",
    ]
    status, out, _ = ended(command("history", NAME, "--kind", "imodel"))
    _, before, now = out.splitlines()
    assert status == 0
    assert (first in before, served in now, " now " in now) == (True, True, True)
    assert before.rstrip("- ").endswith("https://store.example/fx/1/model.onnx")
    assert now.rstrip("- ").endswith("https://store.example/fx/2/model.onnx")


def test_a_missing_reference_is_stalled_after_twenty_seconds_and_written_once(
    operator: OperatorProcess, scene: NamespaceHarness, command: Any
) -> None:
    began = time.monotonic()
    scene.apply_pipeline()
    status, out, _ = ended(command("wait", PIPELINE, "--timeout", "1m"))
    waited = time.monotonic() - began
    assert status == 1
    assert "Stalled: ReferenceNotFound: spec.steps[drift].modelRef: InferenceModel" in out
    assert 18 <= waited < 40
    assert row(scene, "epipe", PIPELINE)[:3] == [PIPELINE, "False", "ReferenceNotFound"]
    time.sleep(1)
    writes = operator.writes
    time.sleep(3)
    assert operator.writes == writes

    scene.apply(model=source(1))
    scene.await_ready()
    scene.await_ready(f"epipe/{PIPELINE}")
    assert scene.condition("Stalled", f"epipe/{PIPELINE}") == {}


def test_an_absent_operator_is_seen(scene: NamespaceHarness, command: Any) -> None:
    scene.apply(model=source(1))
    status, _, err = ended(command("wait", NAME, "--timeout", "12s"))
    assert status == 2
    assert "generation 1 is not observed yet" in err
    assert "get lease inference-operator" in err


def test_a_resource_that_is_missing_or_deleted_is_reported(
    scene: NamespaceHarness, command: Any
) -> None:
    status, _, err = ended(command("history", "nobody"))
    assert (status, "has no InferenceModel or EnsemblePipeline nobody" in err) == (3, True)

    scene.apply(model=source(1))
    waiting = command("wait", NAME)
    # Its first words tell that it has read the resource, and watches it.
    assert "not observed yet" in waiting.stderr.readline()
    scene.run("delete", "imodel", NAME)
    status, _, err = ended(waiting)
    assert (status, f"{NAME} was deleted" in err) == (3, True)


def test_another_operator_goes_on_with_the_same_twenty_seconds(
    start: Any, scene: NamespaceHarness
) -> None:
    first = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    first.await_ready()
    scene.apply_pipeline()
    name = f"epipe/{PIPELINE}"
    eventually(lambda: scene.model(name).get("status", {}).get("problemSince"))
    first.stop()
    since = scene.model(name)["status"]["problemSince"]
    time.sleep(20)

    second = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    second.await_ready()
    eventually(lambda: scene.condition("Stalled", name))
    assert scene.model(name)["status"]["problemSince"] == since
    time.sleep(1)
    assert second.writes == 1
