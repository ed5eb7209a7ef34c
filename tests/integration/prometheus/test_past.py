"""`simulate rollout --from-prometheus` reads the past from a real Prometheus, and plays it."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hack.services.prometheus import LocalPrometheus
from inference_operator.cli.main import main
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.integration.prometheus.past import PastPod, store
from tests.unit.cli.simulation.traces import model

STABLE, CANARY = "aaaaaaaaaa", "0123456789"
MINUTES = 45
PLAIN = [PastPod(f"fx-drift-{STABLE}-7d9f4-{end}") for end in ("aaaaa", "bbbbb")]
ROLLOUT = [
    PastPod(f"fx-drift-{STABLE}-7d9f4-aaaaa", rate=90, restart=600),
    PastPod(f"fx-drift-{CANARY}-6c8e3-ccccc", rate=10, error_share=0.05, begin=1500),
]
OTHERS = [
    PastPod(f"fx-drift-{STABLE}-7d9f4-aaaaa", rate=500, error_share=1, namespace="desk-8"),
    PastPod(f"fx-drift-2-{STABLE}-7d9f4-aaaaa", rate=500, error_share=1),
]


@pytest.fixture(scope="module")
def begin() -> int:
    return int(time.time()) // 60 * 60 - 60 * MINUTES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, begin: int) -> Iterator[LocalPrometheus]:
    """A Prometheus with a service without a rollout, and one with; in two namespaces."""
    folder = tmp_path_factory.mktemp("past") / "prometheus"
    rollout = [
        PastPod(p.name, p.rate, p.error_share, p.begin, restart=p.restart, namespace="desk-9")
        for p in ROLLOUT
    ]
    gap = [range(1200, 1500)]
    plain = [PastPod(pod.name, gaps=gap) for pod in PLAIN]
    store(folder, [*plain, *rollout, *OTHERS], begin, 60 * MINUTES)
    with LocalPrometheus(folder, {}) as prometheus:
        yield prometheus


@pytest.fixture
def simulate(server: LocalPrometheus, begin: int, tmp_path: Path) -> Any:
    """Return a caller of the program, whose arguments are completed."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin + 60 * MINUTES))

    def call(namespace: str, words: Sequence[str]) -> int:
        manifest = tmp_path / "model.yaml"
        body = model()
        body["metadata"]["namespace"] = namespace
        manifest.write_text(write_manifests([body]))
        given = ["-f", str(manifest), "--from-prometheus", server.uri, "--at", at]
        return main(["simulate", "rollout", *given, "--since", f"{MINUTES}m", *words])

    return call


def test_a_stable_service_is_played_as_both_revisions(
    simulate: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    saved = tmp_path / "past.csv"
    status = simulate("desk-7", ["--format", "json", "--save-trace", str(saved)])
    out, err = capsys.readouterr()

    assert status == 0, err
    assert json.loads(out)["outcome"] == "Promoted"
    assert f"there was one revision, {STABLE}: both revisions of the simulation answer" in err
    assert "4 of 45 windows are not measured" in err
    rows = [line.split(",") for line in saved.read_text().splitlines()]
    # 72 % of the requests take less than 11 ms, 12 % less than 6 ms.
    assert rows[1][:4] == ["-900", "100", "0.002", "8.99725"]
    assert [row[0] for row in rows if row[-1] == "all"] == ["300", "360", "420", "480"]
    words = ["-f", str(tmp_path / "model.yaml"), "--metrics", str(saved), "--format", "json"]
    assert main(["simulate", "rollout", *words]) == 0
    assert capsys.readouterr().out == out


def test_a_rollout_of_the_past_is_played_with_its_canary(
    simulate: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    status = simulate("desk-9", ["--format", "json"])
    out, err = capsys.readouterr()

    assert status == 0, err
    assert json.loads(out)["outcome"] == "Aborted"
    assert f"revision {STABLE} is the stable one, and {CANARY} the canary" in err
    assert "counters began again 1 time" in err


def test_a_unit_without_series_is_reported_with_what_was_searched(
    simulate: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate("desk-6", []) == 2
    err = capsys.readouterr().err

    assert "has no series nv_inference_pending_request_count{" in err
    assert 'namespace=~"desk-6",pod=~"fx-drift-' in err
