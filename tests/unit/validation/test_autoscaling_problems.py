"""Problems of autoscaling that no schema finds: each names the field, the value and the remedy."""

from typing import Any

import pytest

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.custom_resources import AnySpec
from inference_operator.api.validate import parse
from inference_operator.validation.autoscaling_problems import autoscaling_problems
from tests.api_cases.bad_manifests import GOOD_PIPELINE, changed

PENDING = {"type": "PendingRequests", "target": "4"}
P95 = {"type": "Latency", "statistic": "p95", "target": "20ms"}
GPU = {"type": "GPUUtilization", "target": "70%"}
BATCH = {"type": "BatchSize", "target": "50%"}
QUERY = {"type": "Prometheus", "targetType": "Value", "target": "1"}
SCHEDULE = {
    "name": "open",
    "timeZone": "UTC",
    "start": "0 9 * * *",
    "end": "0 17 * * *",
    "minReplicas": 2,
}
GATEWAY = {"parentRefs": [{"name": "public"}], "http": {"hostnames": ["a.example.com"]}}


def model(**changes: Any) -> AnySpec:
    """A spec with values at paths, in which `__` stands for a dot."""
    return parse(changed({f"spec.{k.replace('__', '.')}": v for k, v in changes.items()})).spec


def pipeline(*removed: str) -> AnySpec:
    body = changed({}, GOOD_PIPELINE)
    body["spec"]["steps"][1] = {
        **{k: v for k, v in body["spec"]["steps"][1].items() if k != "modelRef"},
        "model": {"source": {"uri": "https://models.example.com/p.onnx"}, "format": "onnx"},
    }
    for step in body["spec"]["steps"]:
        if "model" in step and "batch" in removed:
            step["model"].pop("maxBatchSize", None)
    if "batch" in removed:
        del body["spec"]["maxBatchSize"]
    return parse(body).spec


def said(*metrics: dict[str, Any], spec: AnySpec | None = None, **fields: Any) -> list[str]:
    body = {"maxReplicas": 8, "metrics": metrics or (PENDING,), **fields}
    autoscaling = Autoscaling.model_validate(body)
    scaled = (spec or model()).model_copy(update={"autoscaling": autoscaling})
    return [str(problem) for problem in autoscaling_problems(scaled)]


def test_good_metrics_have_no_problem() -> None:
    schedule = {**SCHEDULE, "timeZone": "America/New_York"}
    query = {**QUERY, "query": "sum(errors{namespace=$namespace}[$window])"}
    spec = model(accelerator={}, triton={"metrics": {"latencyBuckets": [5, 20]}})
    assert said(PENDING, P95, GPU, BATCH, query, spec=spec, schedules=[schedule]) == []


@pytest.mark.parametrize("kind", ["GPUUtilization", "GPUMemory"])
def test_gpu_metrics_need_a_gpu(kind: str) -> None:
    metric = {"type": kind, "target": "70%"}
    assert said(PENDING, metric) == [
        f"spec.autoscaling.metrics[1].type: found {kind}, and pods without a GPU, expected"
        " spec.accelerator; add it (`accelerator: {}` asks for one nvidia.com/gpu), or use"
        " PendingRequests"
    ]
    assert said(PENDING, metric, spec=model(accelerator={})) == []


def test_gpu_metrics_must_not_be_turned_off() -> None:
    spec = model(accelerator={}, triton__extraArgs=["--allow-gpu-metrics=false"])
    assert said(GPU, spec=spec) == [
        "spec.triton.extraArgs[0]: found `--allow-gpu-metrics=false`, expected GPU metrics, since"
        " autoscaling has a metric of type GPUUtilization; remove it"
    ]
    assert said(PENDING, spec=spec) == []


@pytest.mark.parametrize("option", ["--metrics-config", "--metrics-c"])
def test_counters_must_not_stand_still(option: str) -> None:
    spec = model(triton__extraArgs=[f"{option}=counter_latencies=false"])
    assert said(spec=spec) == [
        f"spec.triton.extraArgs[0]: found `{option}=counter_latencies=false`, expected no setting"
        " of counter_latencies: without it, Triton's counters stand still; remove it"
    ]


def test_a_batch_needs_a_largest_batch() -> None:
    expected = [
        "spec.autoscaling.metrics[0].type: found BatchSize, and maxBatchSize 0, expected"
        " maxBatchSize of 1 or more, of which the metric is a share; set maxBatchSize, or use"
        " PendingRequests"
    ]
    assert said(BATCH, spec=model(model__maxBatchSize=0)) == expected
    assert said(BATCH, spec=pipeline("batch")) == expected
    assert said(BATCH, spec=pipeline()) == []
    # The registry, or the resource that a step refers to, may have it.
    assert said(BATCH, spec=parse(changed({}, GOOD_PIPELINE)).spec) == []
    registry = parse(changed({"spec.model": {"source": {"uri": "models:/m@champion"}}})).spec
    assert said(BATCH, spec=registry) == []


@pytest.mark.parametrize("statistic", ["p50", "p95", "p99"])
def test_a_percentile_needs_a_histogram(statistic: str) -> None:
    expected = [
        f"spec.autoscaling.metrics[0].statistic: found {statistic}, and no histogram of latencies,"
        " expected triton.metrics.latencyBuckets, which need Triton 26.01 or later; add them, or"
        " write mean"
    ]
    metric = {**P95, "statistic": statistic}
    assert said(metric) == expected
    assert said(metric, spec=pipeline()) == expected


def test_the_histogram_of_a_gateway_is_of_no_pod() -> None:
    canary = {"steps": [{"setWeight": 10}], "gateway": GATEWAY}
    assert said(P95, spec=model(rollout={"canary": canary})) == [
        "spec.autoscaling.metrics[0].statistic: found p95, and no histogram of latencies of pods"
        " (the gateway's is of a Service: an analysis may use it, autoscaling may not), expected"
        " triton.metrics.latencyBuckets, which need Triton 26.01 or later; add them, or write mean"
    ]


@pytest.mark.parametrize(
    "spec",
    [
        model(triton={"metrics": {"latencyBuckets": [5]}}),
        model(triton__extraArgs=["--metrics-config=histogram_latencies=true"]),
        model(triton={"configOverrides": "model_metrics { histogram_options { buckets: 5 } }"}),
        parse(changed({}, GOOD_PIPELINE)).spec,
    ],
    ids=["buckets", "argument", "override", "referenced step"],
)
def test_each_of_these_is_a_source_of_percentiles(spec: AnySpec) -> None:
    assert said(P95, spec=spec) == []


def test_a_mean_needs_no_histogram() -> None:
    assert said({**P95, "statistic": "mean"}) == []


@pytest.mark.parametrize(
    ("target", "tolerance", "most"),
    [("91%", "0.1", 90), ("100%", "0.1", 90), ("96%", "50m", 95), ("90.5%", "0.1", 90)],
)
def test_a_share_that_no_load_exceeds_adds_no_pod(target: str, tolerance: str, most: int) -> None:
    behavior = {"scaleUp": {"tolerance": tolerance}}
    assert said({**BATCH, "target": target}, behavior=behavior) == [
        f"spec.autoscaling.metrics[0].target: found {target}, expected at most {most}%, since pods"
        f" are added above the target and its tolerance of {tolerance}; lower it to {most}% or less"
    ]
    assert said({**BATCH, "target": f"{most}%"}, behavior=behavior) == []


def test_a_query_has_right_names_and_no_quotes_around_them() -> None:
    assert said(PENDING, {**QUERY, "query": 'errors{namespace="$namespace"}'}) == [
        "spec.autoscaling.metrics[1].query: found $namespace within quotes: remove the quotes, the"
        " operator writes them"
    ]
    (problem,) = said({**QUERY, "query": "errors{pod=$pod}"})
    assert "found $pod, expected one of $namespace, $model, $revision, $window" in problem


@pytest.mark.parametrize(
    ("zone", "remedy"),
    [
        ("Europe/Berln", "did you mean Europe/Berlin?"),
        ("america/new_york", "did you mean America/New_York?"),
        ("US/New_York", "did you mean America/New_York?"),
        ("Mars/Base", "write the region and a large city, or UTC"),
        ("localtime", "write the region and a large city, or UTC"),
    ],
)
def test_a_time_zone_is_known(zone: str, remedy: str) -> None:
    assert said(schedules=[{**SCHEDULE, "timeZone": zone}]) == [
        f'spec.autoscaling.schedules[open].timeZone: found "{zone}", expected a name of the time'
        f" zone database, such as America/New_York; {remedy}"
    ]


@pytest.mark.parametrize("field", ["start", "end"])
def test_a_time_is_right(field: str) -> None:
    assert said(schedules=[{**SCHEDULE, field: "0 25 * * *"}]) == [
        f'spec.autoscaling.schedules[open].{field}: found "0 25 * * *", expected hours from 0 to'
        " 23; correct the time"
    ]


def test_each_time_that_does_not_come_is_named() -> None:
    never = {**SCHEDULE, "start": "0 0 */20 * 1L", "end": "0 0 29 2 *"}
    problems = said(schedules=[never, {**never, "name": "other"}])
    assert problems[0] == (
        'spec.autoscaling.schedules[open].start: found "0 0 */20 * 1L", expected a time that comes'
        " each year; correct the time"
    )
    assert [text.split(":")[0] for text in problems] == [
        f"spec.autoscaling.schedules[{name}].{field}"
        for name in ("open", "other")
        for field in ("start", "end")
    ]
