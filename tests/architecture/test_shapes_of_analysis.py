"""Each row of the table of shapes in docs/analysis.md has tests, and each of them exists."""

import re
from collections.abc import Mapping
from functools import cache

import pytest

from hack.product import ROOT

_JUDGED, _READ = "tests/unit/planning/analysis/test_", "tests/unit/adapters/test_"
_SHAPE = "tests/integration/prometheus/shapes.py"
_REAL = "tests/integration/prometheus/test_shapes.py::test_"
# By the first words of a row. A shape is a row of shapes.py, others are functions.
TESTS: Mapping[str, tuple[str, ...]] = {
    "it is down": (
        f"{_REAL}a_prometheus_that_is_down",
        f"{_READ}prometheus_client.py::test_a_name_that_does_not_exist",
    ),
    "it is slow": (
        f"{_READ}prometheus_client.py::test_a_slow_server",
        f"{_READ}sweeps.py::test_a_slow_server_ends_the_sweep_in_a_bounded_time",
    ),
    "400, 422, 500": (
        f"{_READ}prometheus_client.py::test_an_error",
        f"{_READ}prometheus_client.py::test_the_server_s_own_words",
        f"{_JUDGED}missing_data.py::test_an_outage_is_an_error_with_the_server_s_words",
    ),
    "an answer with `warnings`": (
        f"{_JUDGED}missing_data.py::test_a_warning_is_neither_pass_nor_fail",
    ),
    "no answer, or one with `warnings`, about": (
        f"{_JUDGED}stopped_counts.py"
        "::test_failing_requests_are_found_while_another_metric_has_no_answer",
        f"{_JUDGED}stopped_counts.py::test_nothing_passes_while_requests_are_not_counted",
    ),
    "an empty answer": (f"{_REAL}series_that_are_not_seen",),
    "series of other pods only": (f"{_SHAPE}::series-of-other-pods",),
    "rows without the label of a pod": (f"{_REAL}series_that_are_not_seen",),
    "NaN, Inf, a negative count": tuple(
        f"{_SHAPE}::{each}" for each in ("not-a-number", "infinite", "negative", "too-large")
    ),
    "a row without `version`": (f"{_SHAPE}::without-version", f"{_SHAPE}::without-reason"),
    "no row of the model": (
        f"{_SHAPE}::without-model",
        f"{_JUDGED}missing_data.py::test_the_model_s_own_series_must_be_there",
    ),
    "a counter of requests or of times": (
        f"{_SHAPE}::without-failures",
        f"{_JUDGED}lost_counters.py::test_failures_alone_are_not_all_requests",
        f"{_JUDGED}lost_counters.py::test_requests_without_their_times_are_no_part_of_a_mean",
    ),
    "a newest sample that is too old": (
        f"{_SHAPE}::old-samples",
        f"{_JUDGED}hostile_metrics.py"
        "::test_a_sample_of_the_future_does_not_stop_the_count_of_later_ones",
    ),
    "more than 2,000 series": (
        f"{_JUDGED}hostile_metrics.py::test_a_pod_with_too_many_series_has_no_verdict",
        f"{_JUDGED}hostile_metrics.py"
        "::test_a_namespace_with_too_many_series_has_no_verdict_and_others_have_theirs",
    ),
    "more than 10^12 requests": (
        f"{_JUDGED}hostile_metrics.py::test_more_requests_than_a_pod_can_answer_are_no_evidence",
    ),
    "some of the canary's pods": (f"{_SHAPE}::half-good", f"{_SHAPE}::half-bad"),
    "fewer than 80 %": (f"{_SHAPE}::few-of-stable", f"{_SHAPE}::few-of-stable-absolute"),
    "no histogram for a percentile": (
        f"{_SHAPE}::no-histogram",
        f"{_JUDGED}gateway_histogram.py::test_neither_histogram_is_said_with_both_remedies",
    ),
    "a gateway's histogram that is too old": (
        f"{_JUDGED}gateway_histogram.py::test_a_stale_histogram_is_no_evidence",
        f"{_JUDGED}gateway_histogram.py::test_a_histogram_that_counts_nothing_real_is_no_evidence",
        f"{_JUDGED}gateway_histogram.py"
        "::test_a_crowded_namespace_has_no_histogram_and_counts_on_afterwards",
    ),
    "a gateway's histogram of the stable revision alone": (
        f"{_JUDGED}gateway_histogram.py::test_a_canary_without_series_had_no_requests_yet",
    ),
    "a histogram that ends below the limit": (f"{_SHAPE}::small-histogram",),
    "no GPU metrics": (f"{_SHAPE}::no-gpus",),
    "one GPU in two pods": (f"{_SHAPE}::shared-gpu",),
    "pods that are new": (f"{_SHAPE}::new-pods",),
    "no pod of a baseline answers yet": (
        f"{_JUDGED}baseline_pods.py::test_no_canary_passes_before_a_pod_of_the_baseline_answers",
    ),
    "a query with `$pods`": (
        f"{_JUDGED}queries_of_pods.py::test_names_of_too_many_pods_are_no_query",
    ),
    "no requests, or too few": (f"{_SHAPE}::no-requests", f"{_SHAPE}::few-requests"),
    "the canary's pods have more than 1.5 times": (f"{_SHAPE}::more-load",),
    "a counter that begins again": (
        f"{_SHAPE}::counters-begin-again",
        f"{_REAL}pods_that_two_jobs_scrape_count_once",
    ),
    "a window shorter than two scrapes": (
        f"{_JUDGED}scrapes.py::test_a_window_shorter_than_two_scrapes_becomes_longer",
    ),
    "no pod of the canary with series, for a query": (
        f"{_JUDGED}stopped_counts.py"
        "::test_a_query_does_not_pass_by_a_window_from_before_the_series_of_its_pods_went",
        f"{_JUDGED}stopped_counts.py::test_a_query_about_pods_that_were_never_scraped_says_so",
    ),
    "a query of a user": tuple(
        f"{_SHAPE}::query-{each}" for each in ("without-series", "with-series", "without-a-number")
    ),
}


def rows() -> list[str]:
    """Return the first cells of the table."""
    page = (ROOT / "docs" / "analysis.md").read_text()
    table = page.partition("| what Prometheus gives |")[2].partition("\n\n")[0]
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]


@cache
def text_of(path: str) -> str:
    return (ROOT / path).read_text()


def test_the_rows_are_those_of_the_page() -> None:
    listed = rows()
    unnamed = [row for row in listed if not any(row.startswith(begin) for begin in TESTS)]
    gone = [begin for begin in TESTS if sum(row.startswith(begin) for row in listed) != 1]
    assert len(listed) > 20
    assert (unnamed, gone) == ([], [])


@pytest.mark.parametrize("begin", TESTS)
def test_its_tests_exist(begin: str) -> None:
    for each in TESTS[begin]:
        path, name = each.split("::")
        written = rf'^    "{name}": ' if path == _SHAPE else rf"^(?:async )?def {name}\("
        assert re.search(written, text_of(path), re.MULTILINE), each
