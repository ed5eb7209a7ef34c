"""`docs/quickstart.md`, command by command, as someone runs it who has the demo's cluster."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from hack.product import ROOT
from tests.e2e.artifacts import linear_onnx
from tests.e2e.harness import ClusterHarness
from tests.e2e.new_user import NAMESPACE, SET_UP, Shell, shells
from tests.unit.docs.test_docs import blocks

pytestmark = pytest.mark.e2e

PAGE = ROOT / "docs" / "quickstart.md"


@pytest.fixture
def shell(harness: ClusterHarness, tmp_path: Path) -> Iterator[Shell]:
    yield from shells(harness, tmp_path)


@pytest.mark.timeout(900)
def test_every_command_of_the_quickstart_does_what_the_page_says(
    shell: Shell, harness: ClusterHarness
) -> None:
    set_up, *commands = blocks(PAGE, "sh")
    assert set_up == SET_UP, "test_demo runs the first line, and this fixture has what it makes"
    printed = [shell.run(block) for block in commands]
    model, init, push, _, serve, call, addresses, _, other, broken, back, _ = printed

    assert model == ""
    assert "{name: x, dataType: FP32, shape: [4]}" in init
    digest = re.search(r"^sha256: ([0-9a-f]{64})$", push, re.MULTILINE)
    assert digest is not None
    assert digest.group(1) in init
    assert "apply  Service/double (missing)" in serve
    assert f"InferenceModel/{shell.namespace}/double: Ready: model double" in serve
    assert call.count("y FP32 [1, 4]: 0 0 0 0") == 1
    assert call.count("y FP32 [1, 4]: 2 4 6 8") == 2
    assert "answered over gRPC" in call
    assert f"double.{shell.namespace}.svc:8001" in addresses
    assert '"name":"x","shape":[-1,4]' in addresses
    assert "+    uri: " in other or "+      uri: " in other
    assert "y FP32 [1, 4]: 3 6 9 12" in other
    assert "exit status 1" in broken
    assert "ArtifactNotFound" in broken
    assert "y FP32 [1, 4]: 3 6 9 12" in broken, "clients keep their answers"
    assert "y FP32 [1, 4]: 2 4 6 8" in back
    history = back[back.index("FROM") :].splitlines()
    assert [row.count(digest.group(1)) for row in history[1:]] == [1, 0, 1]
    assert [path.name for path in shell.folder.iterdir()] == [".venv"], "it removes what it made"


CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: models, namespace: trading}
spec:
  storageClassName: local
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""


@pytest.mark.timeout(900)
def test_the_first_screen_of_the_readme_needs_a_claim_and_no_more(
    shell: Shell, record_property: Callable[[str, object], None]
) -> None:
    (shell.folder / "linear.onnx").write_bytes(linear_onnx(2.0, 1.0))
    (shell.folder / "claim.yaml").write_text(CLAIM.replace(NAMESPACE, shell.namespace))
    shell.run("kubectl apply -f claim.yaml")

    _, first_screen, *_ = blocks(ROOT / "README.md", "sh")
    assert len(first_screen.splitlines()) == 4
    since = monotonic()
    assert "y FP32 [1, 4]: 1 1 1 1" in shell.run(first_screen)
    record_property("seconds from a file to an answer", round(monotonic() - since, 1))

    pods = "kubectl get pods -n trading -l app.kubernetes.io/name=inference-operator-push -o name"
    assert "pod/" not in shell.run(pods), "the pod of the copy is gone"
    shell.run("kubectl delete imodel linear -n trading; kubectl delete -f claim.yaml")
    shell.run("until ! kubectl get pv | grep -q trading/models; do sleep 1; done")


def test_plan_reads_the_cluster_and_says_what_its_nodes_rule_out(shell: Shell) -> None:
    (shell.folder / "linear.onnx").write_bytes(linear_onnx(2.0, 1.0))
    shell.run("inference-operator init linear.onnx -n trading > linear.yaml")
    shell.run("printf '  accelerator: {count: 1}\n' | cat linear.yaml - > gpu.yaml")
    context = shell.run("kubectl config current-context").strip()

    waits = shell.run(f"inference-operator plan -f gpu.yaml --context {context}")
    assert "would wait: no node offers nvidia.com/gpu (1 node checked)" in waits
    assert "would wait" not in shell.run("inference-operator plan -f linear.yaml")
    assert "would wait" not in shell.run("inference-operator plan -f gpu.yaml --offline")
    assert "imodel" not in shell.run("kubectl get imodel -n trading -o name"), "plan only reads"


def test_env_leads_a_shell_to_the_cluster(harness: ClusterHarness) -> None:
    name = os.environ["CLUSTER_NAME"]
    words = [sys.executable, "-m", "hack.cluster", "env", "--name", name]
    printed = subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=True).stdout
    script = f"{printed}\nkubectl version --client >/dev/null && echo $KUBECONFIG"
    shown = subprocess.run(["bash", "-euc", script], text=True, capture_output=True, check=True)

    assert shown.stdout.strip() == str(harness.kubeconfig)
    assert shlex.quote(str(harness.kubeconfig)) in printed
