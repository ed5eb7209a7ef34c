"""Retries: their waits and their end."""

from email.utils import formatdate

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.refusals import retry_after
from inference_operator.load.transfer.retry import (
    Retries,
    RetryPolicy,
    TransientError,
    UnreachableError,
)

POLICY = RetryPolicy(attempts=4, first_wait=1, longest_wait=3, longest_retry_after=60)
CUT = TransientError("connection reset")


def waits(*cuts: tuple[TransientError, int], chance: float = 1.0) -> list[float]:
    slept: list[float] = []
    retries = Retries(POLICY, slept.append, lambda: chance)
    for cut, reached in cuts:
        retries.wait(cut, "https://models.test/lstm.pt", reached)
    return slept


def test_waits_double_up_to_the_longest() -> None:
    assert waits((CUT, 0), (CUT, 0), (CUT, 0)) == [1, 2, 3]


def test_jitter_takes_up_to_half_of_a_wait() -> None:
    assert waits((CUT, 0), (CUT, 0), chance=0.0) == [0.5, 1]


def test_gives_up_after_attempts_without_progress() -> None:
    with pytest.raises(LoadError, match="connection reset; gave up after 4 attempts") as caught:
        waits(*[(CUT, 0)] * 4)
    assert caught.value.reason is Reason.FETCH_FAILED


UNREACHABLE = UnreachableError("cannot reach models.test", "correct the host")


def test_a_source_that_never_answered_is_reported_early() -> None:
    with pytest.raises(LoadError, match=r"after 3 attempts .* correct the host") as caught:
        waits(*[(UNREACHABLE, 0)] * 3)
    assert caught.value.reason is Reason.FETCH_FAILED


def test_a_download_in_progress_is_waited_for() -> None:
    assert len(waits(*[(UNREACHABLE, 100)] * 3)) == 3


def test_a_source_that_has_answered_is_waited_for() -> None:
    assert POLICY.patient.attempts_for(UNREACHABLE, 0) == POLICY.attempts
    assert POLICY.attempts_for(UNREACHABLE, 0) == 3
    assert RetryPolicy(attempts=1).attempts_for(UNREACHABLE, 0) == 1


def test_an_address_is_named_once() -> None:
    cut = TransientError("https://models.test/lstm.pt answered 503 Unavailable")
    with pytest.raises(LoadError) as caught:
        waits(*[(cut, 0)] * 4)
    assert str(caught.value).count("https://models.test") == 1


def test_new_bytes_start_the_count_over() -> None:
    assert waits(*[(CUT, reached) for reached in range(100, 110)]) == [1] * 10


def test_the_same_bytes_again_are_no_progress() -> None:
    with pytest.raises(LoadError):
        waits(*[(CUT, reached) for reached in (100, 60, 100, 80, 99)])


def test_the_servers_wish_is_kept_up_to_a_bound() -> None:
    assert waits((TransientError("busy", 7), 0), (TransientError("busy", 3600), 0)) == [7, 60]


@pytest.mark.parametrize(
    ("text", "seconds"), [(None, None), ("12", 12.0), (" 3 ", 3.0), ("soon", None), ("-1", None)]
)
def test_retry_after_in_seconds(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, now=0) == seconds


def test_retry_after_as_a_date() -> None:
    assert retry_after(formatdate(1_000_020, usegmt=True), now=1_000_000) == 20
    assert retry_after(formatdate(1_000_020, usegmt=True), now=2_000_000) == 0
