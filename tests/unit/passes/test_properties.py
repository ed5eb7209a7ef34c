"""After any sequence of edits and pod failures, clients reach a pod that answers."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.reconcile.reconciler import PassError
from tests.examples import examples
from tests.fakes.bodies import KEY, source
from tests.fakes.harness import OperatorHarness, refuse

Step = tuple[str, int]
STEPS = st.one_of(
    st.tuples(st.just("edit"), st.integers(1, 4)),
    st.tuples(st.just("scale"), st.integers(0, 3)),
    st.tuples(st.just("break spec"), st.just(0)),
    st.tuples(st.just("pause"), st.integers(0, 1)),
    st.tuples(st.just("nobody answers but version"), st.integers(0, 4)),
    st.tuples(st.just("all answer"), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, 31, 700])),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("service refused"), st.integers(0, 1)),
    st.tuples(st.just("pass"), st.just(0)),
)


class Story:
    """A sequence of steps with a pass and a check of the clients after each."""

    def __init__(self) -> None:
        self.world = OperatorHarness()
        self.spec: dict[str, object] = {"model": source(1), "replicas": 2}
        self.promoted = False
        self.served: str | None = None

    def do(self, word: str, number: int) -> None:
        world = self.world
        verbs: dict[str, Callable[[], object]] = {
            "edit": lambda: self.spec.update(model=source(number)),
            "scale": lambda: self.spec.update(replicas=number),
            "break spec": lambda: self.spec.update(model={**source(9), "format": "floppy"}),
            "pause": lambda: self.spec.update(rollout={"paused": bool(number)}),
            "nobody answers but version": lambda: setattr(
                world, "answers", lambda revision: revision in self.of_version(number)
            ),
            "all answer": lambda: setattr(world, "answers", lambda revision: True),
            "wait": lambda: setattr(world, "now", world.now + timedelta(seconds=number)),
            "restart": world.start,
            "service refused": lambda: setattr(
                world.cluster,
                "before",
                refuse(lambda r: r.kind == "Service") if number else None,
            ),
            "pass": lambda: None,
        }
        verbs[word]()
        world.user_applies(**self.spec)

    def of_version(self, number: int) -> set[str]:
        uri = source(number)["source"]["uri"]
        records = self.world.cluster.all("ControllerRevision")
        return {
            r["metadata"]["labels"]["inference.aipx.io/revision"]
            for r in records
            if r["data"]["uri"] == uri
        }

    async def one_pass(self) -> None:
        with contextlib.suppress(PassError, ApiError):
            await self.world.one_pass()
        self.look()
        self.world.run_deployments()

    def look(self) -> None:
        world = self.world
        ready = {
            d["metadata"]["labels"]["inference.aipx.io/revision"]: d["status"]["readyReplicas"]
            for d in world.cluster.all("Deployment")
            if "status" in d
        }
        assert len(world.deployments) <= 3
        if self.promoted:
            assert world.served in world.deployments, "clients are sent to a revision without pods"
            if world.served != self.served:
                answering = ready.get(world.served, 0)
                is_complete = answering >= world.deployments[world.served]
                # Where neither answers, clients go back to what the spec went back to.
                is_no_loss = answering >= ready.get(self.served or "", 0)
                assert is_complete or is_no_loss, "moved before it answered"
        self.promoted = self.promoted or "Promoted" in world.event_reasons
        self.served = world.served


async def tell(steps: list[Step]) -> Story:
    story = Story()
    story.world.user_applies(**story.spec)
    await story.one_pass()
    for word, number in steps:
        story.do(word, number)
        await story.one_pass()
    return story


SENT_BACK = [("edit", 2), ("nobody answers but version", 0), ("edit", 1)]
"""The spec goes back in the moment in which clients have moved, and no pod answers any more."""


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=14))
@example([("edit", 1), *SENT_BACK])
@example([("break spec", 0), *SENT_BACK])
@example([("edit", 1), ("edit", 2), ("nobody answers but version", 2), ("edit", 1)])
def test_clients_are_never_left_alone(steps: list[Step]) -> None:
    asyncio.run(tell(steps))


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=10))
def test_any_story_ends_well_when_all_is_well_again(steps: list[Step]) -> None:
    async def run() -> None:
        story = await tell(steps)
        world = story.world
        world.cluster.before = None
        world.answers = lambda revision: True
        world.user_applies(model=source(3), replicas=2)
        for _ in range(3):
            await world.later(timedelta(seconds=31))

        assert world.ready[0] == "True"
        assert world.deployments == {world.served: 2}
        assert world.served in story.of_version(3)
        before = len(world.cluster.requests)
        world.start()
        assert await world.passes(KEY) is None
        assert len(world.cluster.requests) == before

    asyncio.run(run())
