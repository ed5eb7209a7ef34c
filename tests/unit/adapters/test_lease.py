"""Leadership, with a lease in memory and two clocks that tests set."""

import contextlib
from typing import Any

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.lease import DURATION, MARGIN, RENEW, Candidate, Lease
from inference_operator.domain.api_resource import ApiResource


class LeaseInMemory:
    """One lease, with the API server's versions."""

    def __init__(self) -> None:
        self.body: dict[str, Any] | None = None
        self.away = False

    async def get(self, resource: ApiResource, namespace: str, name: str) -> dict[str, Any]:
        self._answer()
        if self.body is None:
            raise ApiError(404, "NotFound", "no such lease")
        return self.body

    async def create(self, resource: ApiResource, body: dict[str, Any]) -> dict[str, Any]:
        self._answer()
        if self.body is not None:
            raise ApiError(409, "AlreadyExists", "there is one")
        return self._put(body["spec"])

    async def patch(self, resource: ApiResource, body: dict[str, Any]) -> dict[str, Any]:
        self._answer()
        assert self.body is not None
        version = body["metadata"].get("resourceVersion")
        if version not in (None, self.body["metadata"]["resourceVersion"]):
            raise ApiError(409, "Conflict", "the object has been modified")
        return self._put({**self.body["spec"], **body["spec"]})

    def _answer(self) -> None:
        if self.away:
            raise ApiError(0, "Unreachable", "away")

    def _put(self, spec: dict[str, Any]) -> dict[str, Any]:
        version = int(self.body["metadata"]["resourceVersion"]) + 1 if self.body else 1
        self.body = {"metadata": {"resourceVersion": str(version)}, "spec": spec}
        return self.body

    @property
    def holder(self) -> str | None:
        return self.body["spec"]["holderIdentity"] if self.body else None


class Operator:
    """A candidate with a clock of its own."""

    def __init__(self, store: LeaseInMemory, identity: str, now: float = 1000.0) -> None:
        self.now = now
        self.lease = Lease(store, Candidate("ops", identity), lambda: self.now)

    async def look(self) -> None:
        """What happens every `RENEW` seconds."""
        with contextlib.suppress(ApiError):
            await self.lease._try()


@pytest.fixture
def store() -> LeaseInMemory:
    return LeaseInMemory()


async def test_the_first_takes_a_lease_that_nobody_made(store: LeaseInMemory) -> None:
    first = Operator(store, "first")
    assert not first.lease.holds
    await first.look()
    assert first.lease.holds
    assert first.lease.taken.is_set()
    assert store.holder == "first"


async def test_the_second_follows_while_the_first_renews(store: LeaseInMemory) -> None:
    first, second = Operator(store, "first"), Operator(store, "second", now=5.0)
    for _ in range(20):
        await first.look()
        await second.look()
        first.now += RENEW
        second.now += RENEW
    assert first.lease.holds
    assert not second.lease.taken.is_set()


async def test_a_killed_leader_is_followed_after_the_lease_ran_out(store: LeaseInMemory) -> None:
    first, second = Operator(store, "first"), Operator(store, "second", now=5.0)
    await first.look()
    await second.look()
    second.now += DURATION - 0.1
    await second.look()
    assert not second.lease.holds
    second.now += 0.2
    await second.look()
    assert second.lease.holds
    assert store.body is not None
    assert store.body["spec"]["leaseTransitions"] == 1


async def test_a_leader_stops_writing_before_anybody_may_take_over(store: LeaseInMemory) -> None:
    first, second = Operator(store, "first"), Operator(store, "second", now=1000.0)
    await first.look()
    await second.look()
    store.away = True
    first.now = second.now = 1000.0 + DURATION - MARGIN
    assert not first.lease.holds
    store.away = False
    await second.look()
    assert not second.lease.holds, "there is a margin between the two"


async def test_a_leader_that_was_suspended_finds_the_lease_lost(store: LeaseInMemory) -> None:
    first, second = Operator(store, "first"), Operator(store, "second")
    await first.look()
    await second.look()
    first.now += 3 * DURATION
    second.now += 3 * DURATION
    await second.look()
    assert not first.lease.holds
    await first.look()
    assert not first.lease.holds
    assert store.holder == "second"


async def test_of_two_that_find_it_free_one_gets_it(store: LeaseInMemory) -> None:
    first, second = Operator(store, "first"), Operator(store, "second")
    await first.look()
    await first.lease.give_back()
    stale = await store.get(None, "ops", "x")  # type: ignore[arg-type]
    await second.look()

    async def old(*_: object) -> dict[str, Any]:
        return stale

    third = Operator(store, "third")
    store.get = old  # type: ignore[method-assign]
    await third.look()
    assert second.lease.holds
    assert not third.lease.holds


async def test_a_lease_that_is_given_back_is_taken_at_once(store: LeaseInMemory) -> None:
    first, second = Operator(store, "first"), Operator(store, "second")
    await first.look()
    await second.look()
    await first.lease.give_back()
    assert not first.lease.holds
    await second.look()
    assert second.lease.holds


async def test_a_follower_gives_nothing_back(store: LeaseInMemory) -> None:
    first, second = Operator(store, "first"), Operator(store, "second")
    await first.look()
    await second.look()
    await second.lease.give_back()
    assert store.holder == "first"
