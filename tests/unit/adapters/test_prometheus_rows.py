"""Answers of Prometheus become samples; nothing that is missing becomes zero."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from inference_operator.adapters.prometheus import rows
from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError, read_whole
from inference_operator.adapters.prometheus.queries import FORMS, MOST_ROWS_OF_NAMESPACE
from inference_operator.adapters.prometheus.rows import FamilyRows
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.analysis import Window
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    PodName,
    Sample,
    Unusable,
)

SCOPE = Scope()
POD = PodName("shop", "price-0")
LABELS = {"namespace": "shop", "pod": "price-0", "model": "price", "version": "3"}
AT = 1_764_630_000.5


def row(value: str = "7", labels: Mapping[str, Any] = LABELS) -> dict[str, Any]:
    return {"metric": labels, "value": [AT, value]}


def answer(*result: Any, kind: str = "vector", **fields: Any) -> bytes:
    data = {"resultType": kind, "result": list(result)}
    return json.dumps({"status": "success", "data": data, **fields}).encode()


def family_samples(raw: bytes, family: Family, scope: Scope) -> FamilySamples:
    return read_whole(raw, FamilyRows(family, scope))


def requests(*result: Any, **fields: Any) -> FamilySamples:
    return family_samples(answer(*result, **fields), Family.REQUESTS, SCOPE)


def without(label: str) -> dict[str, str]:
    return {name: text for name, text in LABELS.items() if name != label}


def test_a_row() -> None:
    sample = Sample(POD, None, ("price", "3"), 7.0)
    assert requests(row()) == FamilySamples((sample,), 0, 0, ())


def test_a_namespace_with_as_many_rows_as_it_may_have_has_none() -> None:
    crowd = (
        row(labels={**LABELS, "pod": f"crowd-{number}", "namespace": "crowd"})
        for number in range(MOST_ROWS_OF_NAMESPACE)
    )
    made = requests(*crowd, row())
    assert [sample.pod for sample in made.samples] == [POD]
    assert made.crowded == {"crowd"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("22.4", 22.4),
        ("NaN", Unusable.NOT_A_NUMBER),
        ("nan", Unusable.NOT_A_NUMBER),
        ("+Inf", Unusable.INFINITE),
        ("-Inf", Unusable.INFINITE),
        ("inf", Unusable.INFINITE),
        ("1e999", Unusable.INFINITE),
        ("-0.5", Unusable.NEGATIVE),
        ("many", Unusable.NOT_A_NUMBER),
        ("1" * 65, Unusable.NOT_A_NUMBER),
    ],
)
def test_a_value(text: str, value: float | Unusable) -> None:
    assert [sample.value for sample in requests(row(text)).samples] == [value]


@pytest.mark.parametrize("point", [None, [], [AT], [AT, 7], "7", {}])
def test_a_point_that_is_none_has_no_value(point: Any) -> None:
    (sample,) = requests({"metric": LABELS, "value": point}).samples
    assert sample.value is Unusable.NOT_A_NUMBER


@pytest.mark.parametrize("label", ["namespace", "pod"])
@pytest.mark.parametrize("text", [None, "", "x" * 254, 7])
def test_a_row_without_a_pod_is_counted(label: str, text: Any) -> None:
    labels = without(label) if text is None else {**LABELS, label: text}
    assert requests(row(labels=labels), row()) == FamilySamples(requests(row()).samples, 1, 0, ())


@pytest.mark.parametrize("text", [None, "3m", ["1m"]])
def test_a_row_without_a_window_is_counted(text: Any) -> None:
    labels = LABELS if text is None else {**LABELS, "window": text}
    pending = family_samples(answer(row(labels=labels)), Family.PENDING, SCOPE)
    assert pending == FamilySamples((), 0, 1, ())


def test_a_row_of_a_window() -> None:
    raw = answer(row(labels={**LABELS, "window": "1m"}))
    (sample,) = family_samples(raw, Family.PENDING, SCOPE).samples
    assert sample == Sample(POD, Window.ONE_MINUTE, ("price", "3"), 7.0)


def test_another_label_that_is_missing_leaves_the_pod_without_a_value() -> None:
    (sample,) = requests(row(labels=without("version"))).samples
    assert (sample.labels, sample.value) == (("price", ""), Unusable.LABEL_MISSING)


def test_another_label_that_is_too_long_leaves_the_pod_without_a_value() -> None:
    (sample,) = requests(row(labels={**LABELS, "model": "x" * 1000})).samples
    assert sample.value is Unusable.LABEL_TOO_LONG
    assert len(sample.labels[0]) <= 254


def test_labels_have_the_names_of_the_settings() -> None:
    scope = Scope(namespace_label="kubernetes_namespace", pod_label="kubernetes_pod_name")
    labels = {
        **without("namespace"),
        "pod": "the-exporter",
        "kubernetes_namespace": "shop",
        "kubernetes_pod_name": "price-0",
    }
    (sample,) = family_samples(answer(row(labels=labels)), Family.REQUESTS, scope).samples
    assert sample.pod == POD


def test_two_spellings_of_a_boundary_are_one_bucket() -> None:
    labels = without("version")
    buckets = [row("7", {**labels, "le": "20"}), row("9", {**labels, "le": "20.0"})]
    samples = family_samples(answer(*buckets), Family.BUCKETS, SCOPE).samples
    assert samples == (Sample(POD, None, ("price", "20"), 9.0),)


@pytest.mark.parametrize("values", [("NaN", "7"), ("7", "NaN")])
def test_of_two_equal_rows_one_without_a_value_counts(values: tuple[str, str]) -> None:
    (sample,) = requests(*map(row, values)).samples
    assert sample.value is Unusable.NOT_A_NUMBER


def test_a_family_of_the_gateway_has_no_pods() -> None:
    labels = {"service": "shop-route-price-80@kubernetesgateway", "le": "0.1", "instance": "a"}
    (sample,) = family_samples(answer(row(labels=labels)), Family.GATEWAY_BUCKETS, SCOPE).samples
    assert (sample.pod, sample.labels) == (None, (labels["service"], "0.1", "a"))


def test_a_family_without_windows() -> None:
    labels = {"namespace": "shop", "pod": "price-0"}
    fresh = family_samples(answer(row(str(AT), labels)), Family.FRESHNESS, SCOPE)
    assert fresh.samples == (Sample(POD, None, (), AT),)


def test_an_empty_answer_is_no_samples() -> None:
    assert requests() == FamilySamples((), 0, 0, ())


def test_warnings_are_kept_and_bounded() -> None:
    warnings = requests(row(), warnings=["store b is away " * 100] * 50).warnings
    assert len(warnings) == 5
    assert all(text.startswith("store b is away") and len(text) <= 301 for text in warnings)


def test_infos_are_no_warnings() -> None:
    assert requests(row(), infos=["metric might not be a counter"]).warnings == ()


def test_a_partial_answer_of_victoriametrics_is_a_warning() -> None:
    assert requests(row(), isPartial=True).warnings == ("the answer is partial",)
    assert requests(row(), isPartial=False).warnings == ()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"<html>502 Bad Gateway</html>", "not JSON: '<html>502 Bad Gateway"),
        (b"\xff", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "refused the query: no message"),
        (b'{"status":"error","errorType":"timeout","error":"query timed out"}', "timed out"),
        (b'{"status":"success"}', "without data"),
        (b'{"status":"success","data":{"resultType":"vector","result":{}}}', "expected a vector"),
        (answer(kind="matrix"), "answered with matrix"),
        (answer({"value": [AT, "7"]}), "a row that has no labels"),
        (answer("7"), "a row that has no labels"),
        (b'{"status":"success","data":' + b"[" * 50 + b"]" * 50 + b"}", "levels of nesting"),
        (b'{"status":"error","error":"' + b"x" * 10_000 + b'"}', "refused the query: x"),
    ],
)
def test_what_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(AnswerRefusedError, match=words) as refused:
        family_samples(raw, Family.REQUESTS, SCOPE)
    assert len(str(refused.value)) < 500


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    with pytest.raises(AnswerRefusedError, match="more than 2 rows"):
        requests(row(), row(), row())


def test_every_family_has_a_form() -> None:
    assert set(FORMS) == set(Family)


def test_many_rows_are_read_in_a_second() -> None:
    many = [row(labels={**LABELS, "pod": f"price-{number}"}) for number in range(20_000)]
    raw = answer(*many)
    begun = time.process_time()
    samples = family_samples(raw, Family.REQUESTS, SCOPE).samples
    assert len(samples) == len(many)
    assert time.process_time() - begun < 3
