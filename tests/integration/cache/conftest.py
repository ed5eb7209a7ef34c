"""A node's cache on loopback, and two pods of the node."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest

from inference_operator.adapters.web.listener import Listener
from inference_operator.artifact_cache.server import CacheServer, serve
from inference_operator.artifact_cache.store import ArtifactStore
from tests.integration.load.conftest import (
    Authority,
    Pod,
    authority,
    no_proxy,
    pod,
    start_store,
    store,
)

__all__ = ["authority", "no_proxy", "pod", "start_store", "store"]


@dataclass
class Cache:
    """A running cache: its address, and what it holds."""

    url: str
    held: ArtifactStore


class Running:
    """An event loop of its own thread, which serves a cache."""

    def __init__(self, held: ArtifactStore, longest_wait: float) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server = CacheServer(held, longest_wait)
        begun: Future[Listener] = asyncio.run_coroutine_threadsafe(
            serve(server, "127.0.0.1", 0), self._loop
        )
        self._runner = begun.result(10)
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def end(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    held = ArtifactStore(tmp_path / "artifacts", 1 << 20)
    running = Running(held, longest_wait=0.3)
    yield Cache(running.url, held)
    running.end()


@pytest.fixture
def second(tmp_path: Path, authority: Authority) -> Pod:
    """Another pod of the same node."""
    return _made(tmp_path / "second", authority)


@pytest.fixture
def third(tmp_path: Path, authority: Authority) -> Pod:
    """One more."""
    return _made(tmp_path / "third", authority)


def _made(root: Path, authority: Authority) -> Pod:
    (root / "models").mkdir(parents=True)
    made = Pod(root, root / "models")
    made.secret(ca_crt=authority.ca.read_text())
    return made
