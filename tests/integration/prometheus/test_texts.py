"""The texts of the queries, run by promtool over series as scrapes of pods write them.

They are asked between two scrapes: Prometheus 2 counts a sample at the start of a window, and
Prometheus 3 does not.
"""

from pathlib import Path

import pytest

from inference_operator.adapters.prometheus import queries
from inference_operator.adapters.prometheus.queries import FORMS, text
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.analysis import Window
from inference_operator.domain.measurement import Family, ServiceName
from inference_operator.domain.query_template import fill, one_of
from tests.integration.prometheus.promtool import check

ALL = Scope()
POD = 'namespace="shop",pod="price-0"'
MODEL = f'{POD},model="price",version="3"'
SUCCESS = f"nv_inference_request_success{{{MODEL}"
ROW = '{model="price",namespace="shop",pod="price-0",version="3"}'
OF_WINDOW = '{model="price",namespace="shop",pod="price-0",version="3",window="%s"}'


def requests(scope: Scope = ALL) -> str:
    return text(Family.REQUESTS, [], scope)


def test_a_counter_as_it_is(tmp_path: Path) -> None:
    check(tmp_path, {f"{SUCCESS}}}": "0+15x40"}, requests(), "10m5s", {ROW: 600})


def test_a_pod_that_is_scraped_twice_counts_once(tmp_path: Path) -> None:
    series = {
        f'{SUCCESS},job="shop/monitor",instance="10.0.0.1:8002"}}': "0+15x40",
        f'{SUCCESS},job="annotations",instance="10.0.0.1:8002"}}': "0+15x40",
    }
    check(tmp_path, series, requests(), "10m5s", {ROW: 600})


def test_two_prometheus_servers_count_once_where_one_of_them_has_a_gap(tmp_path: Path) -> None:
    series = {
        f'{SUCCESS},prometheus_replica="a"}}': "0+15x40",
        f'{SUCCESS},prometheus_replica="b"}}': "0+15x34 _x6",
    }
    check(tmp_path, series, requests(), "10m5s", {ROW: 600})


def test_the_newest_of_two_servers_counts_before_both_have_scraped(tmp_path: Path) -> None:
    series = {
        f'{SUCCESS},prometheus_replica="a"}}': "0+15x40",
        f'{SUCCESS},prometheus_replica="b"}}': "0+15x39 _",
    }
    check(tmp_path, series, requests(), "10m5s", {ROW: 600})


def test_the_gpus_of_a_pod_are_added_up(tmp_path: Path) -> None:
    series = {f'{SUCCESS},gpu_uuid="{gpu}"}}': "0+15x40" for gpu in ("GPU-1", "GPU-2")}
    check(tmp_path, series, requests(), "10m5s", {ROW: 1200})


def test_a_restart_of_triton_is_a_smaller_value(tmp_path: Path) -> None:
    check(tmp_path, {f"{SUCCESS}}}": "0+15x36 15+15x3"}, requests(), "10m5s", {ROW: 60})


def test_one_sample_is_a_row(tmp_path: Path) -> None:
    check(tmp_path, {f"{SUCCESS}}}": "_x40 40"}, requests(), "10m5s", {ROW: 40})


def test_a_sample_from_more_than_five_minutes_ago_is_no_row(tmp_path: Path) -> None:
    check(tmp_path, {f"{SUCCESS}}}": "40 _x40"}, requests(), "10m5s", {})


def test_a_pod_that_is_not_scraped_any_more_is_no_row(tmp_path: Path) -> None:
    # Prometheus writes `stale` when a target has gone, or does not have the series any more.
    check(tmp_path, {f"{SUCCESS}}}": "0+15x39 stale"}, requests(), "10m5s", {})


@pytest.mark.parametrize("family", Family)
def test_missing_series_are_no_rows(tmp_path: Path, family: Family) -> None:
    check(tmp_path, {f"up{{{POD}}}": "1x40"}, text(family, list(Window), ALL), "10m5s", {})


def test_a_service_without_requests_has_a_row_of_zero(tmp_path: Path) -> None:
    series = {f"{SUCCESS}}}": "0x40"}
    check(tmp_path, series, requests(), "10m5s", {ROW: 0})


@pytest.mark.parametrize(
    "family",
    [each for each in Family if FORMS[each].labels[:2] == ("model", "version")],
)
def test_each_family_of_a_model_counts_a_pod_once(tmp_path: Path, family: Family) -> None:
    form = FORMS[family]
    others = dict.fromkeys(form.labels[2:], "x")
    own = "".join(f',{name}="{text}"' for name, text in others.items())
    series = {
        f'{form.metric}{{{MODEL}{own},job="{job}",instance="{job}:1"}}': "0+3x40"
        for job in ("monitor", "annotations")
    }
    query = text(family, [Window.ONE_MINUTE] if form.has_window else [], ALL)
    labels = {"model": "price", "namespace": "shop", "pod": "price-0", "version": "3", **others}
    labels |= {"window": "1m"} if form.has_window else {}
    row = ",".join(f'{name}="{labels[name]}"' for name in sorted(labels))
    # The mean of the last four scrapes, 111 to 120, or the newest one.
    check(tmp_path, series, query, "10m5s", {f"{{{row}}}": 115.5 if form.has_window else 120})


HOSTILE = 'x"} or vector(1) #\\ $window \n`\x01é'


def test_no_value_of_a_user_s_query_is_more_than_a_text(tmp_path: Path) -> None:
    values = {"namespace": HOSTILE, "model": "m", "revision": "r", "pods": one_of(["a.b", "c"])}
    query = "sum(loss{namespace=$namespace,pod=~$pods,model=$model,rev=$revision}) # $namespace"
    series = {
        'loss{namespace="x",pod="a.b",model="m",rev="r"}': "1x40",
        'loss{pod="a.b",model="m",rev="r"}': "1x40",
    }
    check(tmp_path, series, fill(query, values, Window.ONE_MINUTE), "10m5s", {})

    values["namespace"] = "x"
    series |= {
        f'loss{{namespace="x",pod="{pod}",model="m",rev="r"}}': "2x40" for pod in ("axb", "c")
    }
    check(tmp_path, series, fill(query, values, Window.ONE_MINUTE), "10m5s", {"{}": 3})
    spelt = fill(
        'label_replace(vector(1), "a", $namespace, "", "")',
        {**values, "namespace": 'a"}\\b'},
        Window.ONE_MINUTE,
    )
    check(tmp_path, {}, spelt, "10m5s", {'{a="a\\"}\\\\b"}': 1})


def test_failures_are_told_by_reason(tmp_path: Path) -> None:
    failure = f"nv_inference_request_failure{{{MODEL}"
    series = {f'{failure},reason="{reason}"}}': "0+3x40" for reason in ("BACKEND", "CANCELED")}
    rows = {
        f'{{model="price",namespace="shop",pod="price-0",reason="{reason}",version="3"}}': 120.0
        for reason in ("BACKEND", "CANCELED")
    }
    check(tmp_path, series, text(Family.FAILURES, [], ALL), "10m5s", rows)


def test_buckets_of_all_versions_are_added_up(tmp_path: Path) -> None:
    name = FORMS[Family.BUCKETS].metric
    series = {
        f'{name}{{{POD},model="price",version="{version}",le="20",job="{job}"}}': "0+3x40"
        for version in ("1", "3")
        for job in ("a", "b")
    }
    row = '{le="20",model="price",namespace="shop",pod="price-0"}'
    check(tmp_path, series, text(Family.BUCKETS, [], ALL), "10m5s", {row: 240})


def test_a_gauge_is_averaged(tmp_path: Path) -> None:
    series = {f"nv_inference_pending_request_count{{{MODEL}}}": "0 8 " * 20 + "0"}
    row = {OF_WINDOW % "1m": 4.0}
    check(tmp_path, series, text(Family.PENDING, [Window.ONE_MINUTE], ALL), "10m5s", row)


def test_several_windows_in_one_request(tmp_path: Path) -> None:
    series = {f"nv_inference_pending_request_count{{{MODEL}}}": "0x36 8x4"}
    query = text(Family.PENDING, [Window.FIVE_MINUTES, Window.ONE_MINUTE], ALL)
    check(tmp_path, series, query, "10m5s", {OF_WINDOW % "1m": 8.0, OF_WINDOW % "5m": 1.6})


def test_gpus(tmp_path: Path) -> None:
    gpu = f'{POD},gpu_uuid="GPU-1"'
    series = {
        f"nv_gpu_utilization{{{gpu}}}": "0.5x40",
        f"nv_gpu_memory_used_bytes{{{gpu}}}": "3x40",
        f"nv_gpu_memory_total_bytes{{{gpu}}}": "12x40",
    }
    labels = 'gpu_uuid="GPU-1",namespace="shop",pod="price-0"'
    usage = text(Family.GPU_UTILIZATION, [Window.ONE_MINUTE], ALL)
    check(tmp_path, series, usage, "10m5s", {f'{{{labels},window="1m"}}': 0.5})
    check(tmp_path, series, text(Family.GPU_MEMORY, [], ALL), "10m5s", {f"{{{labels}}}": 0.25})


def test_freshness_is_the_time_of_the_newest_sample(tmp_path: Path) -> None:
    name = FORMS[Family.FRESHNESS].metric
    series = {
        f'{name}{{{MODEL},job="a"}}': "0x36 _x4",
        f'{name}{{{MODEL},job="b"}}': "0x38 _x2",
    }
    row = {'{namespace="shop",pod="price-0"}': 570.0}
    check(tmp_path, series, text(Family.FRESHNESS, [], ALL), "10m5s", row)


def test_the_gateway_s_buckets_are_added_up_for_each_of_its_pods(tmp_path: Path) -> None:
    name = FORMS[Family.GATEWAY_BUCKETS].metric
    service = "shop-route-price-80@kubernetesgateway"
    labels = f'service="{service}",method="POST",protocol="http",le="0.1"'
    series = {
        f'{name}{{{labels},code="{code}",instance="{pod}",job="{job}"}}': "0+3x40"
        for code in ("200", "500")
        for pod in ("a:8082", "b:8082")
        for job in ("x", "y")
    }
    rows = {
        f'{{instance="{pod}",le="0.1",service="{service}"}}': 240.0 for pod in ("a:8082", "b:8082")
    }
    check(tmp_path, series, text(Family.GATEWAY_BUCKETS, [], ALL), "10m5s", rows)


def test_a_tenant_of_the_gateway_does_not_push_out_the_rows_of_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_ROWS_OF_NAMESPACE", 3)
    family = Family.GATEWAY_FRESHNESS
    asked = [ServiceName("shop", "price-stable"), ServiceName("shop-b", "price-stable")]
    asked += [ServiceName("greedy", f"unit{number}-stable") for number in range(5)]
    others = [ServiceName("shop", f"other{number}") for number in range(5)]
    prefix = f"httproute-x-gw-public-{'0f' * 10}-svc"
    labels = {
        each: f"{prefix}-{each.namespace}-{each.name}-0@kubernetesgateway"
        for each in (*asked, *others)
    }
    name = FORMS[family].metric
    series = {
        f'{name}{{service="{label}",le="+Inf",instance="a:1"}}': "0+3x40"
        for label in labels.values()
    }
    query = text(family, [], ALL.asking(asked))
    # Each of the others is of a tenant of its own, which keeps what it has.
    rows = {
        f'{{instance="a:1",service="{labels[each]}",tenant="{each.namespace}"}}': 600.0
        for each in asked[:2]
    }
    kept = f'{query} unless on (tenant) label_replace(vector(1), "tenant", "greedy", "", "")'
    check(tmp_path, series, kept, "10m5s", rows)
    counted = f"count by (tenant) ({query})"
    counts = {'{tenant="greedy"}': 3.0, '{tenant="shop"}': 1.0, '{tenant="shop-b"}': 1.0}
    check(tmp_path, series, counted, "10m5s", counts)


def test_only_this_cluster_and_the_served_namespaces(tmp_path: Path) -> None:
    names = {"namespace_label": "kubernetes_namespace", "pod_label": "kubernetes_pod_name"}
    scope = Scope('cluster="eu1"', ("shop", "lab"), **names)
    series = {
        f'nv_inference_request_success{{kubernetes_namespace="{namespace}",cluster="{cluster}",'
        f'kubernetes_pod_name="price-0",model="price",version="3"}}': "0+15x40"
        for namespace in ("shop", "shop-2", "other")
        for cluster in ("eu1", "us1")
    }
    row = '{kubernetes_namespace="shop",kubernetes_pod_name="price-0",model="price",version="3"}'
    check(tmp_path, series, requests(scope), "10m5s", {row: 600})
