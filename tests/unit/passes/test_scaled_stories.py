"""Any sequence of load, outages, restarts and edits: the pods stay within what is allowed."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from inference_operator.domain.commands import Verb, promote_all
from tests.examples import examples
from tests.fakes.bodies import KEY

from .scaled_harness import DOWN, Scaled

STEPS = [{"setWeight": 50}, {"pause": {}}]
PERIOD = 60
MOST_ADDED, MOST_REMOVED = 2, 1
"""Pods that the policies allow in a period of so many seconds, from the pods at its start."""

BEHAVIOR = {
    "scaleUp": {"policies": [{"type": "Pods", "value": MOST_ADDED, "periodSeconds": PERIOD}]},
    "scaleDown": {
        "stabilizationWindowSeconds": 0,
        "policies": [{"type": "Pods", "value": MOST_REMOVED, "periodSeconds": PERIOD}],
    },
}
Deed = tuple[str, int]
DEEDS = st.one_of(
    st.tuples(st.just("load"), st.sampled_from([0, 1, 5, 9, 40])),
    st.tuples(st.just("sweep"), st.sampled_from([1, 4, 12])),
    st.tuples(st.just("outage"), st.integers(0, 1)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("lose_status"), st.just(0)),
    st.tuples(st.just("edit_status"), st.sampled_from([0, 1, 999])),
    st.tuples(st.just("least"), st.integers(1, 6)),
    st.tuples(st.just("most"), st.integers(1, 9)),
    st.tuples(st.just("artifact"), st.integers(1, 2)),
    st.tuples(st.just("promote"), st.just(0)),
)


class Story(Scaled):
    """An autoscaled model, and a look at its pods after each deed and each sweep."""

    def __init__(self) -> None:
        super().__init__()
        self.number, self.least, self.most = 1, 1, 8
        self.sizes: list[tuple[float, int]] = []
        """Times and numbers of pods that this process decided."""

        self.is_new = True
        """Whether this process has not swept yet: its memory begins with the first sweep."""

        self.is_edited = False
        """Whether a bound was edited since the last look."""

    def applies(self) -> None:
        bounds: dict[str, Any] = {"minReplicas": self.least, "maxReplicas": self.most}
        self.scales(artifact=self.number, steps=STEPS, behavior=BEHAVIOR, **bounds)

    async def begin(self) -> None:
        self.applies()
        await self.settle(self.rounds)
        self.sizes = [(self.seconds(), self.decided)]

    @property
    def size(self) -> int:
        """Pods at the last look."""
        return self.sizes[-1][1]

    @property
    def size_at_start(self) -> int:
        """Pods at the start of the policies' period."""
        start = self.seconds() - PERIOD
        return next((size for at, size in reversed(self.sizes) if at <= start), self.sizes[0][1])

    @property
    def decided(self) -> int:
        assert self.autoscaling.desired_replicas is not None
        return self.autoscaling.desired_replicas

    async def do(self, word: str, number: int) -> None:
        if word == "sweep":
            for _ in range(number):
                await self.sweep()
                if self.is_new:
                    self.sizes, self.is_new = self.sizes[-1:], False
                await self.look()
            return
        getattr(self, f"_{word}")(number)
        await self.look()

    async def look(self) -> None:
        # A sweep wakes only for a decision; what time alone changes is due in a later pass.
        await self.settle(self.rounds)
        size = self.decided
        assert self.least <= size <= self.most
        if self.status.canary is None:
            assert self.replicas == size
        if size != self.size and not self.is_edited:
            start = self.size_at_start
            assert size <= max(start + MOST_ADDED, self.size), "rose beyond the policy"
            assert size >= min(start - MOST_REMOVED, self.size), "fell beyond the policy"
        if self.outage is not None:
            assert size >= min(self.size, self.most), "pods were removed without data"
        self.sizes.append((self.seconds(), size))
        self.is_edited = False
        writes = len(self.cluster.writes)
        await self.one_pass()
        assert len(self.cluster.writes) == writes, "a second pass wrote"

    def _load(self, milliseconds: int) -> None:
        self.requests = 150 if milliseconds else 0
        self.queue_ms = lambda _: float(milliseconds)

    def _outage(self, number: int) -> None:
        self.outage = DOWN if number else None

    def _restart(self, _: int) -> None:
        self.is_new = True
        self.start()

    def _lose_status(self, _: int) -> None:
        self.cluster.edit(KEY.kind, KEY.name, {"status": None})
        self._restart(0)

    def _edit_status(self, number: int) -> None:
        edited = {"status": {"autoscaling": {"desiredReplicas": number}}}
        self.cluster.edit(KEY.kind, KEY.name, edited)
        self._restart(0)

    def _least(self, number: int) -> None:
        self.least, self.most, self.is_edited = number, max(self.most, number), True
        self.applies()

    def _most(self, number: int) -> None:
        self.least, self.most, self.is_edited = min(self.least, number), number, True
        self.applies()

    def _artifact(self, number: int) -> None:
        self.number = number
        self.applies()

    def _promote(self, _: int) -> None:
        if self.status.canary is not None:
            self.says(Verb.PROMOTE, promote_all(self.canary))


async def tell(deeds: list[Deed]) -> Story:
    story = Story()
    await story.begin()
    for word, number in deeds:
        await story.do(word, number)
    return story


GROWN = [("sweep", 4), ("load", 40), ("sweep", 12)]


@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(DEEDS, max_size=8))
@example([*GROWN, ("outage", 1), ("restart", 0), ("sweep", 12), ("outage", 0), ("load", 0)])
@example([*GROWN, ("artifact", 2), ("load", 0), ("sweep", 12), ("promote", 0), ("sweep", 4)])
@example([("load", 40), ("least", 6), ("sweep", 4)])
@example([*GROWN, ("most", 3), ("edit_status", 999), ("lose_status", 0), ("sweep", 4)])
def test_the_pods_stay_within_what_is_allowed(deeds: list[Deed]) -> None:
    asyncio.run(tell(deeds))


def test_the_story_grows_and_shrinks() -> None:
    # Otherwise the stories above would look at a model that never changes.
    grown = asyncio.run(tell(GROWN))
    shrunk = asyncio.run(tell([*GROWN, ("load", 0), ("sweep", 40)]))

    assert grown.size > 3
    assert shrunk.size < grown.size
