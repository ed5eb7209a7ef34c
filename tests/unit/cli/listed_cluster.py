"""Lists of a fake cluster, as commands ask for them."""

from collections.abc import AsyncIterator

from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import MutableBody
from tests.fakes.bodies import Body
from tests.fakes.cluster import FakeCluster


class ListedCluster:
    """The requests of commands that only read, to a fake cluster."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster

    async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody:
        return await self._cluster.get(resource, namespace, name)

    async def pages(
        self, resource: ApiResource, space: str, selector: str
    ) -> AsyncIterator[MutableBody]:
        labels = dict(part.split("=") for part in selector.split(","))
        items: list[Body] = [
            body
            for body in self._cluster.all(resource.kind)
            if labels.items() <= body["metadata"]["labels"].items()
        ]
        yield {"metadata": {}, "items": items}
