"""Problems: the body's members, paths of parts, and messages of the shared feature code."""

import numpy as np
import pytest

from model_builders.features.bars import Bars
from model_builders.features.failure import FailureReason, FeatureError
from serving.gateway.problems import Problem, Reason, of_features, of_field, shown, status_of


def test_the_body_has_reason_field_value_and_remedy() -> None:
    problem = of_field(Reason.TOO_SHORT, "ohlcv_data", "59 bars", "60", "send more bars")
    assert problem.below("requests[2]").body("r-1") == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "ohlcv_data: found 59 bars, expected 60; send more bars",
        "reason": "TooShort",
        "field": "requests[2].ohlcv_data",
        "found": "59 bars",
        "expected": "60",
        "remedy": "send more bars",
        "request_id": "r-1",
    }


def test_absent_members_are_left_out() -> None:
    assert set(Problem(Reason.INTERNAL, "x").body()) == {
        "type", "title", "status", "detail", "reason",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Reason.BAD_BODY, 400),
        (Reason.UNAUTHENTICATED, 401),
        (Reason.FORBIDDEN, 403),
        (Reason.NO_BARS, 404),
        (Reason.VERSION_NOT_SERVED, 409),
        (Reason.BATCH_TOO_LARGE, 413),
        (Reason.WRONG_CONTENT_TYPE, 415),
        (Reason.STALE_FEATURES, 422),
        (Reason.IMPOSSIBLE_BAR, 422),
        (Reason.INTERNAL, 500),
        (Reason.SWITCHED_OFF, 503),
        (Reason.DEADLINE_EXCEEDED, 504),
    ],
)
def test_each_reason_has_a_status(reason: Reason, status: int) -> None:
    assert status_of(reason) == status


BAD_BARS = [
    (
        [[1, 2, 1, 1, 5], [1, 2, 1, 0, 5]],
        "ohlcv_data",
        "ohlcv_data.close: row 1 is 0, expected more than 0; drop that bar",
    ),
    (
        [[1, 2, 1, 1, 5], [1, 2, 1, 1, -5]],
        "ohlcv_data",
        "ohlcv_data.volume: row 1 is -5, expected 0 or more; drop that bar",
    ),
    (
        [[1, 2, 1, 1]],
        "ohlcv_data",
        "ohlcv_data: found shape [1, 4], expected [n, 5]: open, high, low, close, volume",
    ),
]


@pytest.mark.parametrize(("rows", "field", "sentence"), BAD_BARS)
def test_refused_bars_are_told_by_the_request_s_names(
    rows: list[list[float]], field: str, sentence: str
) -> None:
    with pytest.raises(FeatureError) as caught:
        Bars.numbered(rows, "ohlcv_data")
    problem = of_features(caught.value, "ohlcv_data")
    assert (problem.field, problem.detail) == (field, sentence)
    assert problem.status == 422


def test_refused_times_name_the_field_times() -> None:
    times = np.array(["2026-11-02", "2026-11-01"], "datetime64[s]")
    with pytest.raises(FeatureError) as caught:
        Bars.of(times, [[1, 1, 1, 1, 1]] * 2)
    problem = of_features(caught.value, "ohlcv_data")
    assert problem.field == "times"
    assert problem.reason == Reason.OUT_OF_ORDER
    assert problem.remedy == "sort the bars by time"


def test_every_reason_that_a_request_can_cause_is_a_reason_of_the_gateway() -> None:
    of_training = {
        FailureReason.GAP,
        FailureReason.BAD_PERIOD,
        FailureReason.BAD_WEIGHTS,
        FailureReason.LOOK_AHEAD,
        FailureReason.ALREADY_KNOWN,
        FailureReason.BAD_VOCABULARY,
    }
    reasons = {reason.value for reason in Reason}
    assert {r.value for r in FailureReason} - reasons == {r.value for r in of_training}


def test_values_in_messages_are_bounded_and_printable() -> None:
    assert shown("a\nb\x00") == "a?b?"
    assert len(shown("x" * 10_000)) == 81
