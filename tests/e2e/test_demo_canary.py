"""`make demo-canary`, on the cluster that KUBECONFIG names."""

import os
import re
import subprocess
import sys

import pytest

from hack.demo.canary import NAMESPACE
from hack.product import ROOT
from tests.e2e.harness import ClusterHarness

# Beside three other workers on 2 cores, the stub processes of Triton starve and are restarted.
pytestmark = [pytest.mark.e2e, pytest.mark.long]


def test_the_demo_shows_how_the_weights_move(harness: ClusterHarness) -> None:
    environment = {**os.environ, "CLUSTER": "current", "KUBECONFIG": str(harness.kubeconfig)}
    done = subprocess.run(
        [sys.executable, "-m", "hack.demo.canary"],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
    )
    harness.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    shares = re.findall(r"clients over (\w+): y = 2x \d+%, y = 3x (\d+)%", done.stdout)
    assert [protocol for protocol, _ in shares] == ["HTTP", "gRPC"] * 3
    expected = [10, 10, 50, 50, 100, 100]
    assert [int(share) for _, share in shares] == pytest.approx(expected, abs=2), done.stdout
    for line in ("canary  ", "  10 %    10 %", "it was the last one", ", 0 failed\n"):
        assert line in done.stdout
    assert done.stdout.count("$ kubectl inference status") == 3
