"""`kubectl inference` beside a whole operator: it does what the command's sentence says."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.cli.history import read_records
from inference_operator.cli.rollout_commands import checks
from inference_operator.cli.rollout_commands.change import Change, RefusalError
from inference_operator.cli.rollout_commands.rollback import rollback, undo
from inference_operator.cli.rollout_commands.sending import read_situation, send
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.cli.rollout_commands.waiting import is_handled
from inference_operator.domain.api_resource import ApiResource
from tests.fakes.bodies import KEY, Body, source
from tests.fakes.harness import OperatorHarness
from tests.unit.cli.listed_cluster import ListedCluster

STEPS = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]


class Terminal(ListedCluster):
    """A person at a terminal of a fake cluster, and the operator beside."""

    def __init__(self) -> None:
        self.world = OperatorHarness()
        super().__init__(self.world.cluster)

    async def patch(
        self,
        resource: ApiResource,
        body: Mapping[str, Any],
        *,
        subresource: str = "",
        manager: str = "",
    ) -> Body:
        return await self.world.cluster.patch(resource, body, subresource=subresource)

    async def applies(self, number: int) -> str:
        """Apply the manifest with that artifact; return the revision that is rolled out."""
        rollout = {"canary": {"steps": STEPS}}
        self.world.user_applies(model=source(number), rollout=rollout, replicas=3)
        await self.world.settle()
        status = self.world.status
        live = status.canary or status.stable
        assert live is not None
        return live.revision

    async def runs(self, decide: Callable[[Situation], Change]) -> Change:
        """Run a command, and let the operator act on it."""
        change = await send(self, KEY, decide)
        await self.world.settle()
        assert is_handled(await self.situation(), change), change
        return change

    async def situation(self) -> Situation:
        return await read_situation(self, KEY)

    async def promotes(self, *, full: bool = False) -> Change:
        return await self.runs(lambda given: checks.promote(given, self.world.now, full=full))

    async def aborts(self) -> Change:
        return await self.runs(lambda given: checks.abort(given, self.world.now))

    async def goes_back(self, to: str | None = None) -> Change:
        records = await read_records(self, KEY)
        return await self.runs(lambda given: rollback(given, records, to, self.world.now))


async def in_rollout() -> tuple[Terminal, str, str]:
    """Serve one revision, and roll out another one; return both."""
    person = Terminal()
    old = await person.applies(1)
    new = await person.applies(2)
    return person, old, new


async def test_each_step_is_promoted_to_the_end() -> None:
    person, _, new = await in_rollout()
    assert (await person.situation()).step == 1
    await person.promotes()
    assert (await person.situation()).step == 3
    await person.promotes()

    given = await person.situation()
    assert (given.stable, given.canary, given.is_ready) == (new, None, True)
    assert given.has_ended
    with pytest.raises(RefusalError, match="there is no rollout to promote"):
        await person.promotes()


async def test_all_steps_are_skipped_at_once() -> None:
    person, _, new = await in_rollout()
    await person.promotes(full=True)

    assert (await person.situation()).stable == new


async def test_an_aborted_revision_is_retried_promoted_and_aborted_again() -> None:
    person, old, new = await in_rollout()
    await person.promotes()
    await person.aborts()
    given = await person.situation()
    assert (given.stable, given.canary, given.target) == (old, None, new)
    assert given.has_ended

    await person.world.later(timedelta(minutes=5))
    await person.runs(checks.retry)
    assert (await person.situation()).step == 1, "the earlier promotion counts no more"
    again = await person.promotes()
    assert again.value == f"{new}/1@{person.world.now:%Y-%m-%dT%H:%M:%SZ}"
    assert (await person.situation()).step == 3
    await person.aborts()
    given = await person.situation()
    assert given.aborted is not None
    assert given.aborted.time == person.world.now


async def test_a_pause_holds_what_would_go_on_and_resume_ends_it() -> None:
    person, _, _ = await in_rollout()
    await person.runs(checks.pause)
    with pytest.raises(RefusalError, match="is paused"):
        await person.promotes()
    await person.runs(checks.resume)
    await person.promotes()

    assert (await person.situation()).step == 3


async def test_a_rollback_serves_the_older_revision_until_it_is_undone() -> None:
    person, old, new = await in_rollout()
    await person.promotes(full=True)
    change = await person.goes_back()
    assert change.value == f"{old};from={new}"

    given = await person.situation()
    assert (given.stable, given.target, given.rolled_back_to) == (old, new, old)
    assert given.has_ended
    with pytest.raises(RefusalError, match="--undo"):
        await person.goes_back(new)
    await person.runs(undo)
    given = await person.situation()
    assert (given.canary or given.status.stable) is not None
    assert given.target == new


async def test_an_edit_ends_a_rollback() -> None:
    person, _, _ = await in_rollout()
    await person.promotes(full=True)
    await person.goes_back()
    third = await person.applies(3)

    given = await person.situation()
    assert (given.target, given.rolled_back_to) == (third, None)
    assert "has ended" in (await person.runs(undo)).sentence


async def test_a_repeated_rollback_names_the_revision_of_the_spec() -> None:
    person, oldest, _ = await in_rollout()
    await person.promotes(full=True)
    third = await person.applies(3)
    await person.promotes(full=True)
    await person.goes_back()
    change = await person.goes_back(oldest)

    assert change.value == f"{oldest};from={third}"
    given = await person.situation()
    assert (given.stable, given.target) == (oldest, third)


async def test_a_spec_that_goes_to_the_older_revision_too_ends_a_rollback() -> None:
    person, old, new = await in_rollout()
    await person.promotes(full=True)
    await person.goes_back()
    assert await person.applies(1) == old

    given = await person.situation()
    assert (given.target, given.rolled_back_to, given.is_ready) == (old, None, True)
    assert (await person.goes_back(new)).value == f"{new};from={old}"
