"""Real servers behind the gateway."""

from collections.abc import Iterator

import pytest

from hack.services.redis import LocalRedis


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRedis]:
    with LocalRedis(tmp_path_factory.mktemp("redis"), most_memory="8mb") as running:
        yield running
