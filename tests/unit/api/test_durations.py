"""Durations and quantities: what is read, what is written, and what neither reader takes."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.base import (
    DURATION_PATTERN,
    QUANTITY_PATTERN,
    format_duration,
    parse_duration,
    parse_quantity,
)

DURATIONS = st.from_regex(re.compile(DURATION_PATTERN, re.ASCII), fullmatch=True)
QUANTITIES = st.from_regex(re.compile(QUANTITY_PATTERN, re.ASCII), fullmatch=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0s", timedelta()),
        ("500us", timedelta(microseconds=500)),
        ("5ms", timedelta(milliseconds=5)),
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("1h", timedelta(hours=1)),
    ],
)
def test_a_duration_is_one_number_and_one_unit(text: str, value: timedelta) -> None:
    assert parse_duration(text) == value
    assert format_duration(value) == text


def test_a_duration_of_more_minutes_than_can_be_read_is_written_in_seconds() -> None:
    assert format_duration(parse_duration("300001140s")) == "300001140s"


@given(DURATIONS)
def test_a_duration_is_written_shorter_but_not_otherwise(text: str) -> None:
    written = format_duration(parse_duration(text))
    assert parse_duration(written) == parse_duration(text)
    assert len(written) <= max(len(text), len("0s"))


@given(st.integers(0, 10**9 - 1).map(lambda us: timedelta(microseconds=us)))
def test_every_duration_in_whole_microseconds_survives_being_written(value: timedelta) -> None:
    assert parse_duration(format_duration(value)) == value


@given(st.text(alphabet="0123456789.umsh -+", max_size=14))
def test_a_duration_of_another_form_is_refused(text: str) -> None:
    if re.fullmatch(DURATION_PATTERN, text, re.ASCII):
        assert parse_duration(text) >= timedelta()
    else:
        with pytest.raises(ValueError, match="expected a duration such as 500us, 5ms, 30s"):
            parse_duration(text)


@pytest.mark.parametrize(
    "text", ["", "5", "5 m", "-5m", "1h30m", "5M", "1d", "5m\n", "\u0665m", 5, None]
)
def test_what_looks_almost_like_a_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


@given(DURATIONS)
def test_no_duration_overflows_the_clock_of_the_api_server(text: str) -> None:
    assert parse_duration(text) // timedelta(microseconds=1) * 1000 < 2**63


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("2", 2),
        ("500m", Decimal("0.5")),
        ("1.5", Decimal("1.5")),
        ("1k", 1000),
        ("64Mi", 64 * 1024**2),
        ("1Gi", 1024**3),
        ("2Ei", 2 * 1024**6),
    ],
)
def test_a_quantity_is_what_kubernetes_takes_it_for(text: str, number: Decimal) -> None:
    assert parse_quantity(text) == number


@given(st.integers(0, 10**9), st.sampled_from(["k", "M", "G", "Ki", "Mi", "Gi"]))
def test_a_suffix_multiplies(number: int, suffix: str) -> None:
    base = 1024 if suffix.endswith("i") else 1000
    power = "kMG".index(suffix[0].replace("K", "k")) + 1
    assert parse_quantity(f"{number}{suffix}") == number * base**power


@given(QUANTITIES)
def test_every_quantity_of_the_pattern_is_a_number(text: str) -> None:
    assert parse_quantity(text) >= 0


@pytest.mark.parametrize("text", ["", "1 Gi", "-1", "1gi", "1KI", "1e3", ".5", "5.", "1GiB", "1\n"])
def test_what_looks_almost_like_a_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a quantity such as 500m, 2, 64Mi or 1Gi"):
        parse_quantity(text)
