"""The CRDs, installed once on the session's API server."""

import pytest

from hack.cluster.apiserver import ApiServer
from hack.cluster.kubectl import Kubectl


@pytest.fixture(scope="session")
def kubectl(server_with_crds: ApiServer) -> Kubectl:
    """kubectl, once the API server serves our kinds."""
    return server_with_crds.kubectl
