"""A cluster whose answers about one model are written down."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.domain.api_resource import ApiResource
from tests.fakes.bodies import KEY, Body

Answer = Sequence[Body] | ApiError
Watched = Sequence[tuple[str, Body]] | ApiError


class ScriptedCluster:
    """Each list and each watch takes its next answer. A watch after the last one stays open."""

    def __init__(self, lists: Sequence[Answer], watches: Sequence[Watched] = ()) -> None:
        self.lists, self.watches = list(lists), list(watches)
        self.names: set[str] = set()

    async def pages(
        self, resource: ApiResource, space: str, selector: str, accept: str = "", name: str = ""
    ) -> AsyncIterator[Body]:
        assert (resource.kind, space) == (KEY.kind, KEY.namespace)
        self.names.add(name)
        answer = self.lists.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        yield {"metadata": {"resourceVersion": "1"}, "items": list(answer)}

    async def watch(
        self, resource: ApiResource, space: str, selector: str, version: str, name: str = ""
    ) -> AsyncIterator[tuple[str, Body]]:
        self.names.add(name)
        if not self.watches:
            await asyncio.Event().wait()
        answer = self.watches.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        for event in answer:
            yield event
