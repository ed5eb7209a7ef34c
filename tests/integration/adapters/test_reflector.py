"""Reflectors over a real API server: what they list, follow, and catch up with."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from kubernetes.aio import config
from kubernetes.aio.client import Configuration

from hack.cluster.apiserver import ApiServer
from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.client import KubeCluster
from inference_operator.adapters.kubernetes.reflector import Reflector
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.api_resource import ApiResource
from inference_operator.observation.kinds import CHILD_BY_KIND, INFERENCE_MODEL
from tests.fakes.bodies import imodel

pytestmark = pytest.mark.integration
CONFIG_MAP = CHILD_BY_KIND["ConfigMap"]
OURS = {"app.kubernetes.io/managed-by": "inference-operator"}


class Told:
    """Names by what was told of them."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def on_initial_list(self, resource: ApiResource, body: Mapping[str, Any]) -> None:
        self.words.append(f"listed {body['metadata']['name']}")

    def on_event(self, resource: ApiResource, change: str, body: Mapping[str, Any]) -> None:
        self.words.append(f"{change} {body['metadata']['name']}")

    def on_relist(
        self, resource: ApiResource, namespace: str, seen: set[tuple[str, str]], version: int
    ) -> None:
        self.words.append(f"only {' '.join(sorted(name for _, name in seen))}")


@asynccontextmanager
async def cluster_of(server: ApiServer, namespace: str) -> AsyncIterator[KubeCluster]:
    configuration = Configuration()
    await config.load_kube_config(
        config_file=os.fspath(server.kubeconfig), client_configuration=configuration
    )
    cluster = KubeCluster(configuration, Telemetry(), timeout=10, namespaces=(namespace,))
    try:
        yield cluster
    finally:
        await cluster.close()


def make(server: ApiServer, namespace: str, *names: str, labels: Mapping[str, str] = OURS) -> None:
    maps = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        }
        for name in names
    ]
    body = {"apiVersion": "v1", "kind": "List", "items": maps}
    server.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(body))


async def until(holds: Callable[[], bool], recorder: Told) -> None:
    for _ in range(200):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(recorder.words)


async def test_it_lists_what_is_ours_and_follows_it(api_server: ApiServer, namespace: str) -> None:
    make(api_server, namespace, "ours")
    make(api_server, namespace, "theirs", labels={})
    recorder = Told()
    async with cluster_of(api_server, namespace) as cluster:
        reflector = Reflector(cluster, CONFIG_MAP, recorder, asyncio.Semaphore(1))
        task = asyncio.ensure_future(reflector.run())
        await asyncio.wait_for(reflector.listed.wait(), 10)
        assert recorder.words == ["listed ours"]

        await asyncio.to_thread(make, api_server, namespace, "later")
        await until(lambda: "ADDED later" in recorder.words, recorder)
        await asyncio.to_thread(api_server.kubectl, "delete", "cm", "ours", "-n", namespace)
        await until(lambda: "DELETED ours" in recorder.words, recorder)
        task.cancel()


async def test_a_list_of_many_comes_in_pages(api_server: ApiServer, namespace: str) -> None:
    names = [f"many-{number:03d}" for number in range(300)]
    make(api_server, namespace, *names)
    async with cluster_of(api_server, namespace) as cluster:
        pages = [p async for p in cluster.pages(CONFIG_MAP, namespace, "")]

    assert len(pages) == 2
    assert {i["metadata"]["name"] for p in pages for i in p["items"]} >= set(names)


class Forgetful:
    """The real cluster, whose first watch starts from a version that is long gone."""

    def __init__(self, cluster: KubeCluster) -> None:
        self._cluster = cluster
        self.spaces = cluster.spaces
        self.pages = cluster.pages
        self.watched: list[str] = []

    def watch(
        self, resource: ApiResource, space: str, selector: str, version: str
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        self.watched.append(version)
        since = "1" if len(self.watched) == 1 else version
        return self._cluster.watch(resource, space, selector, since)


async def test_a_version_that_is_gone_is_caught_up_with(
    server_with_crds: ApiServer, namespace: str
) -> None:
    # The API server remembers the events of a custom resource only since it knows the kind.
    def apply(name: str) -> None:
        body = imodel(name, namespace=namespace)
        server_with_crds.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(body))

    apply("ours")
    recorder = Told()
    async with cluster_of(server_with_crds, namespace) as cluster:
        forgetful = Forgetful(cluster)
        task = asyncio.ensure_future(
            Reflector(forgetful, INFERENCE_MODEL, recorder, asyncio.Semaphore(1)).run()
        )
        await until(lambda: len(forgetful.watched) == 2, recorder)
        await asyncio.to_thread(apply, "later")
        await until(lambda: "ADDED later" in recorder.words, recorder)
        task.cancel()

    assert recorder.words[:3] == ["listed ours", "MODIFIED ours", "only ours"]


async def test_a_refused_watch_is_an_error_with_the_servers_words(
    api_server: ApiServer, namespace: str
) -> None:
    async with cluster_of(api_server, namespace) as cluster:
        with pytest.raises(ApiError, match="no-version") as caught:
            async for _ in cluster.watch(CONFIG_MAP, namespace, "", "no-version"):
                pass

    assert caught.value.status >= 400
