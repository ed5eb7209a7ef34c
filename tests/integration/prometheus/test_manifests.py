"""What manifests/monitoring makes of a pod's metrics, and when its alerts fire."""

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.product import ROOT
from hack.services.prometheus import LocalPrometheus, promtool
from inference_operator.adapters.prometheus.answer_reader import read_whole
from inference_operator.adapters.prometheus.queries import text
from inference_operator.adapters.prometheus.rows import FamilyRows
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.base import GROUP
from inference_operator.domain.measurement import Family, PodName
from inference_operator.domain.names import CHILD_SELECTOR, revision_labels
from tests.integration.prometheus.exporter import exporter

pytestmark = pytest.mark.integration
FOLDER = ROOT / "manifests" / "monitoring"
UNITS = "inference-units"
POD = PodName("shop", "price-7f9c-abcde")


def manifests(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text("utf-8")))


def job(name: str) -> dict[str, Any]:
    """Return a job of the plain configuration."""
    (configuration,) = manifests("prometheus.yaml")
    (named,) = (each for each in configuration["scrape_configs"] if each["job_name"] == name)
    return dict(named)


def monitor(name: str) -> dict[str, Any]:
    (named,) = (m["spec"] for m in manifests("pod-monitors.yaml") if m["metadata"]["name"] == name)
    return dict(named)


def metadata(port: str) -> dict[str, str]:
    """Return the labels that discovery gives to a port of a pod."""
    labels = revision_labels("InferenceModel", "price", "7f9c")
    sanitized = {name.translate(str.maketrans("./-", "___")): each for name, each in labels.items()}
    return {
        "__meta_kubernetes_namespace": POD.namespace,
        "__meta_kubernetes_pod_name": POD.name,
        "__meta_kubernetes_pod_phase": "Running",
        "__meta_kubernetes_pod_container_name": "triton",
        "__meta_kubernetes_pod_container_port_name": port,
        **{f"__meta_kubernetes_pod_label_{name}": each for name, each in sanitized.items()},
    }


def test_promtool_takes_the_configuration_and_the_alerts(tmp_path: Path) -> None:
    rules = alert_rules(tmp_path)
    for words in (("config", "--lint=all", FOLDER / "prometheus.yaml"), ("rules", rules)):
        done = subprocess.run([promtool(), "check", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_pod_monitor_says_the_same_as_the_configuration() -> None:
    """The CRD of the Prometheus Operator is not here; its fields were read in its source."""
    spec, plain = monitor(UNITS), job(UNITS)
    selector = spec["selector"]["matchLabels"]
    ports = {each["port"] for each in spec["podMetricsEndpoints"]}
    (discovery,) = plain["kubernetes_sd_configs"]
    (selected,) = discovery["selectors"]
    regexes = [each.get("regex") for each in plain["relabel_configs"]]

    assert selected["label"] == CHILD_SELECTOR
    assert [f"{label}={value}" for label, value in selector.items()] == [CHILD_SELECTOR]
    assert "namespaces" not in discovery
    assert spec["namespaceSelector"] == {"any": True}
    assert "|".join(sorted(ports)) in regexes
    assert {(each["interval"], each["scrapeTimeout"]) for each in spec["podMetricsEndpoints"]} == {
        (plain["scrape_interval"], plain["scrape_timeout"])
    }
    limits = ("sampleLimit", "labelLimit", "labelValueLengthLimit")
    plain_limits = ("sample_limit", "label_limit", "label_value_length_limit")
    assert [spec[name] for name in limits] == [plain[name] for name in plain_limits]
    assert spec["podTargetLabels"] == [f"{GROUP}/{name}" for name in ("kind", "name", "revision")]
    for each in (spec, *spec["podMetricsEndpoints"], plain):
        assert not {"honorLabels", "honor_labels"} & each.keys(), "an exporter could name any pod"


@pytest.fixture
def scraped(tmp_path: Path) -> dict[str, Any]:
    """Return the series of a pod whose metrics name another pod, as the shipped job scrapes it."""
    model = 'model="price",version="3"'
    lie = 'namespace="bank",pod="teller-0"'
    with exporter() as server:
        server.text = f"nv_inference_pending_request_count{{{model},{lie}}} 2\n"
        groups = [
            {"targets": [server.address], "labels": metadata(port)} for port in ("metrics", "http")
        ]
        plain = job(UNITS)
        del plain["kubernetes_sd_configs"]
        plain |= {"static_configs": groups, "scrape_interval": "1s", "scrape_timeout": "1s"}
        with LocalPrometheus(tmp_path / "data", {"scrape_configs": [plain]}) as prometheus:
            return _first_answer(prometheus)


def _first_answer(prometheus: LocalPrometheus) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        now = time.time()
        raw = prometheus.query("nv_inference_pending_request_count", now)
        if series := json.loads(raw)["data"]["result"]:
            query = text(Family.FRESHNESS, [], Scope())
            rows = FamilyRows(Family.FRESHNESS, Scope())
            answer = read_whole(prometheus.query(query, now), rows)
            return {"labels": [each["metric"] for each in series], "answer": answer}
        time.sleep(0.2)
    raise AssertionError(prometheus.log.read_text())


def test_a_pod_is_named_by_discovery_whatever_its_metrics_say(scraped: Mapping[str, Any]) -> None:
    (labels,) = scraped["labels"]
    assert (labels["namespace"], labels["pod"]) == (POD.namespace, POD.name)
    assert (labels["exported_namespace"], labels["exported_pod"]) == ("bank", "teller-0")
    assert (labels["container"], labels["endpoint"]) == ("triton", "metrics")
    own = {name: value for name, value in labels.items() if name.startswith("inference_")}
    assert own == {
        "inference_aipx_io_kind": "InferenceModel",
        "inference_aipx_io_name": "price",
        "inference_aipx_io_revision": "7f9c",
    }
    assert [sample.pod for sample in scraped["answer"].samples] == [POD]


def alert_rules(folder: Path) -> Path:
    """Write the rules as Prometheus itself reads them."""
    (manifest,) = manifests("alerts.yaml")
    file = folder / "rules.yaml"
    file.write_text(json.dumps(manifest["spec"]))
    return file


ALERTS = {
    "an old sweep": (
        {"inference_operator_sweep_age_seconds": "70+15x40"},
        "InferenceOperatorSweepIsOld",
        {"severity": "warning"},
    ),
    "a pod that stopped answering": (
        {f'up{{job="monitoring/{UNITS}",endpoint="metrics",namespace="a",pod="b"}}': "1x4 0x36"},
        "InferencePodIsNotScraped",
        {"severity": "warning", "namespace": "a", "pod": "b"},
    ),
    "nobody leads": (
        {"inference_operator_leading": "0x40"},
        "InferenceOperatorDoesNotLead",
        {"severity": "critical"},
    ),
    "no operator at all": ({}, "InferenceOperatorDoesNotLead", {"severity": "critical"}),
    "a sweep that is young": (
        {"inference_operator_sweep_age_seconds": "12x40"},
        "InferenceOperatorSweepIsOld",
        None,
    ),
    "a pod that has never answered": (
        {f'up{{job="{UNITS}",endpoint="metrics",namespace="a",pod="b"}}': "0x40"},
        "InferencePodIsNotScraped",
        None,
    ),
    "one leads": (
        {
            'inference_operator_leading{pod="a"}': "1x40",
            'inference_operator_leading{pod="b"}': "0x40",
        },
        "InferenceOperatorDoesNotLead",
        None,
    ),
}


@pytest.mark.parametrize("case", ALERTS)
def test_an_alert(tmp_path: Path, case: str) -> None:
    series, alert, labels = ALERTS[case]
    query = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    pairs = {"alertname": alert, "alertstate": "firing", **(labels or {})}
    text_of_labels = ",".join(f'{name}="{each}"' for name, each in pairs.items())
    firing = [{"labels": f"ALERTS{{{text_of_labels}}}", "value": 1}] if labels else []
    group = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": "9m", "exp_samples": firing}],
    }
    rules = alert_rules(tmp_path)
    file = tmp_path / "case.yaml"
    tests = {"rule_files": [rules.name], "evaluation_interval": "15s", "tests": [group]}
    file.write_text(json.dumps(tests))
    done = subprocess.run([promtool(), "test", "rules", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
