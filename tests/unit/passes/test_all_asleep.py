"""A unit that was not woken has nothing left to do, after any sequence of edits."""

import asyncio
from collections.abc import Callable
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference_operator.domain.names import UnitKey
from tests.examples import examples
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, source, step
from tests.unit.passes.wake_driven_harness import INLINE, TWIN, WakeDrivenHarness, lose

INNER = {"kind": "EnsemblePipeline", "name": PIPELINE.name}
OUTER = {"kind": "EnsemblePipeline", "name": "outer"}
# The units that a test writes: a model, its namesake, and two pipelines that refer to each other
# in a chain or a ring.
BODIES: dict[UnitKey, Callable[[int], dict[str, object]]] = {
    KEY: lambda number: imodel(model=source(number)),
    TWIN: lambda number: epipe(KEY.name, steps=[INLINE], maxBatchSize=0, replicas=number),
    PIPELINE: lambda number: epipe(
        steps=[step(modelRef=OUTER)] if number == 3 else None, replicas=number
    ),
    UnitKey(PIPELINE.kind, PIPELINE.namespace, "outer"): lambda number: epipe(
        "outer", steps=[step(modelRef=INNER)] if number != 2 else [step()]
    ),
}
WORDS = (
    "apply",
    "remove",
    "remove at once",
    "forget status",
    "lose the service",
    "lose the records",
    "rest",
)
DEEDS = st.tuples(st.sampled_from(WORDS), st.sampled_from(sorted(BODIES)), st.integers(1, 3))


def do(harness: WakeDrivenHarness, word: str, key: UnitKey, number: int) -> None:
    cluster = harness.cluster
    if word == "apply":
        harness.applied(BODIES[key](number))
    elif cluster.live(key.kind, key.name) is not None:
        others: dict[str, Callable[[], None]] = {
            "remove": lambda: cluster.remove(key.kind, key.name),
            "remove at once": lambda: remove(harness, key),
            "forget status": lambda: forget_status(harness, key),
            "lose the service": lambda: lose(harness, key, "Service"),
            "lose the records": lambda: lose(harness, key, "ControllerRevision"),
            "rest": lambda: None,
        }
        others[word]()


def remove(harness: WakeDrivenHarness, key: UnitKey) -> None:
    harness.cluster.remove(key.kind, key.name)
    harness.cluster.collect_garbage()


def forget_status(harness: WakeDrivenHarness, key: UnitKey) -> None:
    harness.cluster.edit(key.kind, key.name, {"status": None})


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(DEEDS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_when_nobody_is_awake_nobody_has_anything_to_do(
    deeds: list[tuple[str, UnitKey, int]], chance: Random
) -> None:
    async def story() -> None:
        harness = WakeDrivenHarness(chance.choice)
        for body in BODIES.values():
            harness.applied(body(1))
        await harness.rest()
        for word, key, number in deeds:
            do(harness, word, key, number)
            if word == "rest":
                await harness.rest()
        harness.cluster.collect_garbage()
        await harness.rest()
        before = len(harness.cluster.writes)
        for key in harness.store.units():
            harness._wake(key)
        await harness.rest()
        assert [str(write) for write in harness.cluster.writes[before:]] == []

    asyncio.run(story())
