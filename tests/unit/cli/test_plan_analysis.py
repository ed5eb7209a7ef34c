"""`plan` of a unit whose canaries are judged: what is measured, and how it is judged."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.cli.main import main
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.fakes.bodies import imodel
from tests.unit.passes.judged_harness import Judged, at_canary

QUERY = "sum(rate(loss{namespace=$namespace,model=$model,revision=$revision}[$window]))"
METRICS = [
    {"name": "errors", "type": "ErrorRate", "max": "1%", "maxRelative": "150%"},
    {"name": "p95", "type": "Latency", "statistic": "p95", "max": "20ms"},
    {"name": "mean", "type": "Latency", "statistic": "mean", "max": "20ms", "mode": "DryRun"},
    {"name": "queue", "type": "QueueTime", "maxRelative": "200%"},
    {"name": "gpus", "type": "GPUUtilization", "max": "95%"},
    {"name": "loss", "type": "Prometheus", "query": QUERY, "max": "3"},
]
STEPS = [
    {"setWeight": 10},
    {"analysis": {}},
    {"setWeight": 50},
    {"analysis": {"count": 3, "metrics": ["errors", "p95"]}},
]


def planned(
    folder: Path, capsys: pytest.CaptureFixture[str], body: dict[str, Any], *words: str
) -> list[str]:
    file = folder / "model.yaml"
    file.write_text(write_manifests([body]))
    assert main(["plan", "-f", str(file), *words]) == 0
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def test_it_says_what_is_measured_and_how_it_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    analysis = {"metrics": METRICS, "startingStep": 1, "onTimeout": "Abort", "window": "30s"}
    body = imodel(rollout={"canary": {"steps": STEPS, "analysis": analysis}})
    lines = planned(tmp_path, capsys, body)
    revision = next(each for each in lines if each.startswith("wanted")).split("revision ")[1][:10]
    windows = "it fails if 2 of the last 3 windows of 30s exceed a limit"
    evidence = "by evidence (alpha 1%) of 100 requests or more"

    assert [each for each in lines if each.startswith(("analysis", "metric"))] == [
        "analysis: metrics judge a new revision from step 2 of 4 on; step 2 takes 1 judgement that"
        " passes; step 4 takes 3 judgements of errors, p95 that pass",
        "analysis: without a verdict for 30m (maxHold), it is aborted (onTimeout Abort)",
        "metric errors: failed requests in percent of all: at most 1% and at most 150% of the"
        f" stable revision's; {evidence}",
        f"metric p95: p95 of all requests: at most 20ms; {evidence}",
        f"metric mean: mean time of the requests that succeeded: at most 20ms; {windows}; DryRun:"
        " it decides nothing",
        "metric queue: mean time in Triton's queue: at most 200% of the stable revision's;"
        f" {windows}",
        f"metric gpus: mean use of the pods' GPUs: at most 95%; {windows}",
        'metric loss: query sum(rate(loss{namespace="desk-7",model="fx-drift",'
        f'revision="{revision}"}}[30s])): at most 3; {windows}',
    ]


def test_it_says_that_a_baseline_runs_and_what_it_is_compared_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loss = {"name": "loss", "type": "Prometheus", "query": QUERY, "maxRelative": "110%"}
    of_pods = {**loss, "name": "of-pods", "query": "sum(loss{pod=~$pods})"}
    analysis = {"metrics": [METRICS[3], loss, of_pods], "comparedWith": "Baseline"}
    body = imodel(rollout={"canary": {"steps": STEPS[:2], "analysis": analysis}})
    lines = planned(tmp_path, capsys, body)

    assert [each for each in lines if "comparedWith Baseline" in each] == [
        "analysis: a baseline of as many new pods as the canary has runs the stable revision"
        " beside it (comparedWith Baseline)"
    ]
    queue, of_query, named = (each for each in lines if each.startswith("metric"))
    assert "at most 200% of the baseline's;" in queue
    assert "110% of the stable revision's, since the query does not name $pods;" in of_query
    assert 'query sum(loss{pod=~"POD|POD"}): at most 110% of the baseline\'s;' in named


def test_a_unit_without_analysis_has_no_line_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = planned(tmp_path, capsys, imodel(rollout={"canary": {"steps": STEPS[::2]}}))
    assert not [each for each in lines if each.startswith(("analysis", "metric"))]


def written(world: Judged, folder: Path) -> tuple[dict[str, Any], str]:
    """Return the manifest of a canary's unit, and the file with the state of its cluster."""
    items = [body for _, body in world.cluster.snapshot()]
    live = folder / "live.yaml"
    live.write_text(write_manifests([{"apiVersion": "v1", "kind": "List", "items": items}]))
    (body,) = world.cluster.all("InferenceModel")
    names = {each: body["metadata"][each] for each in ("name", "namespace")}
    return {**body, "metadata": names}, str(live)


async def test_a_live_canary_is_held_by_its_last_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = await at_canary(Verdict.LOW_TRAFFIC)
    body, live = written(world, tmp_path)
    lines = planned(tmp_path, capsys, body, "--live", live)

    (waits,) = (each for each in lines if each.startswith("waits: "))
    assert waits == f"waits: {world.ready[2]}"
    assert "LowTraffic, 2 of 1,204 requests" in waits
    assert "no change to its children" in lines


async def test_an_operator_without_prometheus_is_said_to_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = Judged()
    world.has_prometheus = False
    world.start()
    for number in (1, 2):
        world.wants(number)
        await world.settle(world.rounds)
    body, live = written(world, tmp_path)
    lines = planned(tmp_path, capsys, body, "--live", live)

    (waits,) = (each for each in lines if each.startswith("waits: "))
    assert "this operator has no Prometheus" in waits
