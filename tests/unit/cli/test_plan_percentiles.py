"""`plan` of a unit with percentiles: the histogram that each of them would come from."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.cli.live_cluster import LiveCluster
from inference_operator.cli.main import main
from inference_operator.cli.manifests import Live
from inference_operator.domain.kubectl_yaml import write_manifests
from inference_operator.planning.judgement_texts import NO_PROMETHEUS
from inference_operator.settings import settings_of
from tests.fakes.bodies import epipe, imodel, step
from tests.fakes.gateways import HOST, PARENT
from tests.unit.passes.judged_harness import Judged

P95 = {"name": "p95", "type": "Latency", "statistic": "p95", "max": "20ms"}
P50 = {**P95, "name": "p50", "statistic": "p50"}
MEAN = {**P95, "name": "mean", "statistic": "mean"}
STEPS = [{"setWeight": 10}, {"analysis": {}}]
GATEWAY = {"parentRefs": [PARENT], "http": {"hostnames": [HOST]}}
BUCKETS = {"metrics": {"latencyBuckets": [5, 10, 20]}}
OLD, NEW = "nvcr.io/nvidia/tritonserver:25.12-py3", "nvcr.io/nvidia/tritonserver:26.03-py3"
OWN = "registry.example:5000/triton:prod"
TRITONS = "Triton's histogram nv_inference_first_response_histogram_ms"
GATEWAYS = (
    "the gateway's histogram traefik_service_request_duration_seconds_bucket of the Services"
    " fx-drift-stable and fx-drift-canary, if Prometheus scrapes the gateway"
)
REMEDY = (
    "; use triton.metrics.latencyBuckets with Triton 26.01 or later, or rollout.canary.gateway, or"
    " statistic: mean"
)
NO_BUCKETS = "the model has no triton.metrics.latencyBuckets"


def canary(*metrics: dict[str, Any], gateway: Any = None) -> dict[str, Any]:
    given = {"steps": STEPS, "analysis": {"metrics": list(metrics)}}
    return {"canary": given | ({"gateway": gateway} if gateway else {})}


def lines(folder: Path, capsys: pytest.CaptureFixture[str], body: Any, *words: str) -> list[str]:
    file = folder / "model.yaml"
    file.write_text(write_manifests([body]))
    assert main(["plan", "-f", str(file), *words]) == 0
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def sources(given: list[str]) -> dict[str, str]:
    texts = (line.removeprefix("source of ") for line in given if line.startswith("source of "))
    return {name: words for name, _, words in (line.partition(": ") for line in texts)}


@pytest.mark.parametrize(
    ("image", "triton", "gateway", "expected"),
    [
        (NEW, BUCKETS, None, TRITONS),
        (NEW, BUCKETS, GATEWAY, TRITONS),
        (NEW, {}, GATEWAY, f"{GATEWAYS}, because {NO_BUCKETS}"),
        (OLD, BUCKETS, GATEWAY, f"{GATEWAYS}, because Triton 25.12 has none"),
        (NEW, {}, None, f"none, which is NoData, because {NO_BUCKETS}{REMEDY}"),
        (OLD, BUCKETS, None, f"none, which is NoData, because Triton 25.12 has none{REMEDY}"),
        (NEW, {"extraArgs": ["--metrics-config=histogram_latencies=true"]}, None, TRITONS),
        (
            OWN,
            BUCKETS,
            GATEWAY,
            f"{TRITONS}, if {OWN} has Triton 26.01 or later, which its tag does not say; otherwise"
            f" {GATEWAYS}",
        ),
        (
            OWN,
            BUCKETS,
            None,
            f"{TRITONS}, if {OWN} has Triton 26.01 or later, which its tag does not say; otherwise"
            f" none, which is NoData{REMEDY}",
        ),
    ],
)
def test_the_source_follows_from_image_buckets_and_gateway(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    image: str,
    triton: Any,
    gateway: Any,
    expected: str,
) -> None:
    rollout = canary(P95, MEAN, P50, gateway=gateway)
    body = imodel(rollout=rollout, triton={"image": image, **triton})

    assert sources(lines(tmp_path, capsys, body)) == {"p95": expected, "p50": expected}


def test_a_gateway_s_percentile_counts_all_pods_beside_a_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rollout = canary({**P95, "maxRelative": "110%"}, gateway=GATEWAY)
    rollout["canary"]["analysis"]["comparedWith"] = "Baseline"
    body = imodel(rollout=rollout, triton={"image": OLD})

    (words,) = sources(lines(tmp_path, capsys, body)).values()
    assert "fx-drift-canary, which counts all pods of the stable revision, if" in words


def test_the_metric_of_the_gateway_is_that_of_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFERENCE_OPERATOR_PROMETHEUS_GATEWAY_METRIC", "proxy_seconds_bucket")
    body = imodel(rollout=canary(P95, gateway=GATEWAY), triton={"image": OLD})

    (words,) = sources(lines(tmp_path, capsys, body)).values()
    assert words.startswith("the gateway's histogram proxy_seconds_bucket of the Services")


def test_a_setting_that_cannot_be_used_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFERENCE_OPERATOR_PROMETHEUS_GATEWAY_METRIC", "proxy_seconds")
    file = tmp_path / "model.yaml"
    file.write_text(write_manifests([imodel()]))

    assert main(["plan", "-f", str(file)]) == 2
    assert "INFERENCE_OPERATOR_PROMETHEUS_GATEWAY_METRIC" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["", "http://prometheus:9090"])
def test_a_cluster_whose_operator_has_no_prometheus_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    async def read(*_: Any) -> LiveCluster:
        given = {"INFERENCE_OPERATOR_PROMETHEUS_URL": address}
        return LiveCluster(Live(), settings_of(given))

    monkeypatch.setattr("inference_operator.cli.plan.read_cluster", read)
    monkeypatch.setattr("inference_operator.cli.live_cluster.namespace_of", lambda _: "desk-7")
    shown = lines(tmp_path, capsys, imodel(rollout=canary(P95)), "--context", "any")

    assert (f"analysis: {NO_PROMETHEUS}" in shown) is (address == "")


def test_a_pipeline_has_no_histogram_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inline = step(modelRef=None, model=imodel()["spec"]["model"])
    body = epipe(steps=[inline], rollout=canary(P95), triton={"image": NEW})
    (words,) = sources(lines(tmp_path, capsys, body)).values()
    assert words == f"none, which is NoData, because a pipeline has none{REMEDY}"


async def test_tritons_histogram_is_taken_only_where_the_stable_revision_has_it_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = Judged()
    world.wants(1, analysis={"metrics": [P95]}, triton={"image": OLD})
    await world.settle(world.rounds)
    live = tmp_path / "live.yaml"
    items = [body for _, body in world.cluster.snapshot()]
    live.write_text(write_manifests([{"apiVersion": "v1", "kind": "List", "items": items}]))
    world.wants(2, analysis={"metrics": [P95]}, triton={"image": NEW, **BUCKETS})
    (body,) = world.cluster.all("InferenceModel")
    names = {each: body["metadata"][each] for each in ("name", "namespace")}

    shown = lines(tmp_path, capsys, {**body, "metadata": names}, "--live", str(live))
    (words,) = sources(shown).values()
    assert f"because of the stable revision {world.stable}, Triton 25.12 has none" in words
