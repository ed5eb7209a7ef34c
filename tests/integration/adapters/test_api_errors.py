"""Causes that a real API server names in its refusals."""

import pytest

from hack.cluster.apiserver import ApiServer
from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.observation.kinds import CHILD_BY_KIND

from .test_reflector import cluster_of

pytestmark = pytest.mark.integration


async def test_a_namespace_that_is_being_deleted(api_server: ApiServer) -> None:
    # No namespace controller runs, so that it stays in this phase.
    name = "ends-for-ever"
    api_server.kubectl("create", "namespace", name)
    api_server.kubectl("delete", "namespace", name, "--wait=false")
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "late", "namespace": name},
    }
    async with cluster_of(api_server, name) as cluster:
        with pytest.raises(ApiError) as caught:
            await cluster.create(CHILD_BY_KIND["ConfigMap"], body)

    assert caught.value.is_namespace_ending
