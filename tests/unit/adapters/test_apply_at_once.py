"""A plan of very many writes sends only some of them at once."""

import asyncio
from dataclasses import replace

from inference_operator.adapters.kubernetes.apply import AT_ONCE, Executor
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import ChildKey
from inference_operator.observation.store import Store
from inference_operator.planning.plan import Delete
from tests.fakes.bodies import KEY
from tests.fakes.cluster import FakeCluster
from tests.unit.adapters.test_objections import planned


class Slow(FakeCluster):
    """Counts the deletions that are under way."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = self.done = 0

    async def delete(self, resource: ApiResource, namespace: str, name: str, uid: str) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        self.done += 1


async def test_a_thousand_deletions_are_sent_a_few_at_a_time() -> None:
    cluster = Slow()
    actions = tuple(
        Delete(ChildKey("ControllerRevision", f"{KEY.name}-{n}"), f"u{n}", "forged")
        for n in range(1000)
    )
    outcome = await Executor(cluster, Store()).execute(replace(planned(), actions=actions))

    assert (cluster.done, cluster.most) == (1000, AT_ONCE)
    assert outcome.written == 1000
