"""Figures of the window: counts, rates, percentiles, and what has left it."""

import pytest

from serving.gateway.figures import Series, Tally, Window

PRICE = Series("/api/v1/predict/price", "lstm", "3")


def test_percentiles_are_off_by_one_percent_at_most() -> None:
    tally = Tally()
    for number in range(1, 1001):
        tally.add(number / 1000, failed=number % 100 == 0)
    for share in (0.5, 0.95, 0.99):
        assert tally.quantile(share) == pytest.approx(share, rel=0.011)
    figures = tally.figures(100.0)
    assert figures["requests_per_second"] == 10.0
    assert (figures["success_rate"], figures["error_rate"]) == (0.99, 0.01)
    assert figures["latency_ms"]["min"] == 1.0
    assert figures["latency_ms"]["max"] == 1000.0


def test_tallies_of_two_workers_add_up() -> None:
    first, second, both = Tally(), Tally(), Tally()
    for number in range(1, 101):
        (first if number % 2 else second).add(number / 100, failed=False)
        both.add(number / 100, failed=False)
    first.merge(second)
    assert first.buckets == both.buckets
    assert first.quantile(0.95) == both.quantile(0.95)
    assert (first.count, first.least, first.most) == (both.count, both.least, both.most)
    assert first.total == pytest.approx(both.total)


def test_no_request_has_no_latency() -> None:
    assert "latency_ms" not in Tally().figures(60.0)
    with pytest.raises(ValueError, match="no requests"):
        Tally().quantile(0.5)


def test_the_window_moves() -> None:
    now = 1000.0
    window = Window(60.0, lambda: now)
    window.add(PRICE, 0.01, failed=False)
    now += 59
    window.add(PRICE, 0.02, failed=True)
    assert window.figures()["total_requests"] == 2
    now += 30
    assert window.figures()["total_requests"] == 1
    assert window.figures()["series"][0]["model"] == "lstm"
    now += 60
    assert window.figures()["total_requests"] == 0


def test_the_number_of_series_is_bounded() -> None:
    window = Window(60.0, lambda: 1000.0)
    for number in range(700):
        window.add(Series("/x", "m", str(number)), 0.01, failed=False)
    assert len(window.tallies()) == 501
    assert window.figures()["total_requests"] == 700
