"""Batches in the background over a kill -9 of the gateway, with a real Triton behind it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.images.local_triton import LocalTriton
from tests.integration.gateway.processes import GatewayProcess, gateway_process, until
from tests.integration.serving.models import lay_out

pytestmark = pytest.mark.integration
ROWS = 300
PATH = "/api/v1/batches"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    repository = tmp_path_factory.mktemp("batches")
    with LocalTriton(lay_out(repository, ("sentiment_transformer",))) as triton:
        target = {"address": triton.grpc, "balance": "pick_first"}
        yield {
            "triton": {"targets": {"triton": target}},
            "routes": {"price": None, "ensemble": None},
            "batches": {"at_once": 2},
        }


def state(gateway: GatewayProcess, batch_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = gateway.get(f"{PATH}/{batch_id}?count={ROWS}").json()
    return answer


def begin(gateway: GatewayProcess) -> str:
    items = [{"kind": "sentiment", "text": f"profits rose by {n}"} for n in range(ROWS)]
    items[7] = {"kind": "sentiment", "text": ""}
    response = gateway.post(PATH, {"requests": items})
    assert response.status_code == 202, response.text
    return str(response.json()["batch_id"])


def ids(batch: dict[str, Any]) -> dict[int, str]:
    """Return the ids of the predictions of rows."""
    good = [row for row in batch["results"] if row.get("result")]
    return {row["row"]: row["result"]["prediction_id"] for row in good}


def check(batch: dict[str, Any], before: dict[int, str]) -> None:
    """Check that each row is there once, and that those of before the kill were not asked again."""
    assert (batch["answered"], batch["succeeded"], batch["failed"]) == (ROWS, ROWS - 1, 1)
    assert [row["row"] for row in batch["results"]] == list(range(ROWS))
    after = ids(batch)
    assert len(set(after.values())) == ROWS - 1
    assert before.items() <= after.items()
    assert batch["results"][7]["problem"]["field"] == "requests[7].text"


def test_the_next_process_goes_on_with_the_batch_of_a_killed_one(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    with gateway_process(tmp_path, settings) as gateway:
        batch_id = begin(gateway)
        until(lambda: state(gateway, batch_id)["answered"] >= 20)
        gateway.kill()
        gateway.process.wait()
    files = list((tmp_path / "cache" / "batches" / batch_id).iterdir())
    assert "done" not in {file.name for file in files}
    with gateway_process(tmp_path, settings) as gateway:
        before = ids(state(gateway, batch_id))
        assert len(before) >= 19
        until(lambda: state(gateway, batch_id)["state"] == "done", 60)
        check(state(gateway, batch_id), before)


def test_another_worker_goes_on_with_the_batch_of_a_killed_one(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    two = {**settings, "server": {"workers": 2}}
    with gateway_process(tmp_path, two) as gateway:
        batch_id = begin(gateway)
        until(lambda: state(gateway, batch_id)["answered"] >= 20)
        # The worker that has the batch is the one that holds its lock.
        holder = holder_of(tmp_path / "cache" / "batches" / batch_id / "lock")
        gateway.kill(holder)
        before = ids(state(gateway, batch_id))
        until(lambda: state(gateway, batch_id)["state"] == "done", 60)
        check(state(gateway, batch_id), before)


def holder_of(lock: Path) -> int:
    """Return the process that has the file open."""
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if descriptor.readlink() == lock:
                return int(descriptor.parts[2])
        except OSError:
            continue
    raise AssertionError(f"nobody holds {lock}")
