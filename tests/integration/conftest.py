"""A real API server for the session, and a namespace of its own for each test."""

import uuid
from collections.abc import Iterator

import pytest

from hack.cluster.apiserver import ApiServer


@pytest.fixture(scope="session")
def api_server() -> Iterator[ApiServer]:
    with ApiServer() as server:
        yield server


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    """A new namespace; nothing deletes it: the server ends with the session."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    api_server.kubectl("create", "namespace", name)
    return name
