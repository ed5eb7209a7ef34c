"""`make demo`, on the cluster that KUBECONFIG names: the path of CLUSTER=current."""

import os
import subprocess
import sys

import pytest

from hack.product import ROOT
from tests.e2e.harness import ClusterHarness

pytestmark = pytest.mark.e2e


@pytest.mark.timeout(900)
def test_the_demo_predicts_what_the_local_model_predicts(harness: ClusterHarness) -> None:
    environment = {
        **os.environ,
        "CLUSTER": "current",
        "KUBECONFIG": str(harness.kubeconfig),
        "OPERATOR_IMAGE": harness.images.operator,
        "TRITON_IMAGE": harness.images.triton,
    }
    done = subprocess.run(
        [sys.executable, "-m", "hack.demo.model", "up"],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "equal to 1e-05" in done.stdout, "hack.demo.predict compares with the local model"
    assert "lstm-price-predictor   True" in done.stdout
    # Not `demo down`: that would take the operator of the other tests along.
    harness.kubectl("delete", "namespace", "trading", "--wait=false")
