"""The CRD, installed once on the session's API server."""

from pathlib import Path

import pytest

from hack.cluster.apiserver import ApiServer
from hack.cluster.kubectl import Kubectl

CRD = Path(__file__).parents[3] / "crds" / "inference.aipx.io_inferencemodels.yaml"


@pytest.fixture(scope="session")
def kubectl(api_server: ApiServer) -> Kubectl:
    """kubectl, once the API server serves InferenceModels."""
    run = api_server.kubectl
    run("apply", "--server-side", "-f", str(CRD))
    run.wait_for_crds()
    return run
