"""Limits of concurrent work, in all and for one peer."""

from contextlib import ExitStack

import pytest

from inference_operator.artifact_cache.slots import BusyError, Slots


def test_a_peer_has_only_its_share() -> None:
    slots = Slots("uploads", most=3, of_peer=2)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(slots.take("10.0.0.1"))
        with pytest.raises(BusyError, match=r"2 uploads of 10\.0\.0\.1 at once") as caught:
            stack.enter_context(slots.take("10.0.0.1"))
        assert caught.value.of_peer
        stack.enter_context(slots.take("10.0.0.2"))


def test_all_together_have_only_so_many() -> None:
    slots = Slots("uploads", most=1, of_peer=2)
    with slots.take("10.0.0.1"):
        with pytest.raises(BusyError, match="1 uploads at once") as caught:
            slots.take("10.0.0.2").__enter__()
        assert not caught.value.of_peer


def test_a_slot_is_free_again_whatever_ended_its_work() -> None:
    slots = Slots("uploads", most=1, of_peer=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), slots.take("10.0.0.1"):
            raise ValueError("broken")
    assert slots.taken == 0


def test_peers_that_went_leave_nothing_behind() -> None:
    slots = Slots("uploads", most=1, of_peer=1)
    for n in range(1000):
        with slots.take(f"10.0.0.{n}"):
            pass
    assert not slots._peers
