"""Two operator processes on a real API server: exactly one writes, as its audit log has it."""

import signal
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster.apiserver import ApiServer
from hack.cluster.audit_log import entries
from hack.services.operator_process import OperatorProcess
from inference_operator.adapters.kubernetes.lease import DURATION, RENEW
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.waiting import KOPF_PATIENCE, eventually

pytestmark = pytest.mark.integration
WRITES = ("create", "patch", "update", "delete")
# The lease's duration, a follower's look, and what a busy machine adds.
HAND_OVER_SECONDS = 15.0
BURST = 200
WORKERS = 16
# Four children, a status and an Event.
WRITES_OF_A_PASS = 6


class Pair:
    """Two candidates, each with an account of its own, so that the audit log tells them apart."""

    def __init__(
        self, server: ApiServer, scene: NamespaceHarness, start: Start, folder: Path
    ) -> None:
        self.server, self.scene = server, scene
        self.processes: dict[str, OperatorProcess] = {}
        for name in ("alpha", "beta"):
            self.processes[name] = start(
                KUBECONFIG=str(self._account(name, folder)),
                INFERENCE_OPERATOR_NAMESPACES=scene.namespace,
                INFERENCE_OPERATOR_LEASE_NAMESPACE=scene.namespace,
                INFERENCE_OPERATOR_IDENTITY=name,
            )
        for process in self.processes.values():
            process.await_ready()
        eventually(lambda: self.leader)

    def _account(self, name: str, folder: Path) -> Path:
        space, kubectl = self.scene.namespace, self.server.kubectl
        kubectl("create", "serviceaccount", name, "-n", space)
        binding = f"{space}-{name}-{uuid.uuid4().hex[:4]}"
        subject = f"--serviceaccount={space}:{name}"
        kubectl("create", "clusterrolebinding", binding, "--clusterrole=cluster-admin", subject)
        config = yaml.safe_load(self.server.kubeconfig.read_text())
        token = kubectl("create", "token", name, "-n", space).strip()
        config["users"][0]["user"] = {"token": token}
        path = folder / f"{name}.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path

    @property
    def leader(self) -> str:
        leading = [
            name
            for name, process in self.processes.items()
            if process.alive and process.metric("inference_operator_leading") == 1
        ]
        assert len(leading) <= 1, "two that lead"
        return leading[0] if leading else ""

    @property
    def follower(self) -> str:
        return "beta" if self.leader == "alpha" else "alpha"

    def writes(self) -> list[tuple[datetime, str, str]]:
        """When, whose and what: every write but those of leases, by the API server's clock."""
        writes = []
        for entry in entries(self.server.audit_log):
            target, user = entry.get("objectRef") or {}, entry["user"]["username"]
            ours = user.startswith(f"system:serviceaccount:{self.scene.namespace}:")
            if not ours or entry["verb"] not in WRITES or target.get("resource") == "leases":
                continue
            if entry["stage"] == "ResponseComplete":
                when = datetime.fromisoformat(entry["requestReceivedTimestamp"])
                writes.append((when, user.rpartition(":")[2], target["resource"]))
        return sorted(writes)

    def signal(self, name: str, number: signal.Signals) -> None:
        self.processes[name].signal(number)


@pytest.fixture
def pair(control_plane: ApiServer, scene: NamespaceHarness, start: Start, tmp_path: Path) -> Pair:
    return Pair(control_plane, scene, start, tmp_path)


def served(scene: NamespaceHarness, name: str) -> Any:
    return eventually(lambda: scene.model(name).get("status"))


def test_only_the_leader_writes(pair: Pair) -> None:
    leader = pair.leader
    pair.scene.apply()
    served(pair.scene, NAME)
    assert {who for _, who, _ in pair.writes()} == {leader}


def test_a_killed_leader_is_followed_within_15_s(pair: Pair) -> None:
    pair.scene.apply()
    served(pair.scene, NAME)
    heir = pair.follower
    pair.processes[pair.leader].kill()
    began = time.monotonic()
    eventually(lambda: pair.leader == heir)
    assert time.monotonic() - began < HAND_OVER_SECONDS
    pair.scene.apply("second-tape")
    served(pair.scene, "second-tape")
    assert pair.writes()[-1][1] == heir


def test_a_leader_that_is_asked_to_end_hands_over_within_3_s(pair: Pair) -> None:
    heir = pair.follower
    leader = pair.processes[pair.leader]
    began = time.monotonic()
    assert leader.stop() < KOPF_PATIENCE
    eventually(lambda: pair.leader == heir)
    # A follower looks every two seconds; a busy machine adds to it, but not a lease's length.
    assert time.monotonic() - began < 10 < DURATION + RENEW, "not by waiting the lease out"


def test_a_leader_that_is_asked_to_end_in_a_burst_ends_only_what_it_has_begun(pair: Pair) -> None:
    old, heir = pair.leader, pair.follower
    pair.scene.apply_all([f"tape-{number:03}" for number in range(BURST)])
    # The queue is full by now, and most units have no children yet.
    eventually(lambda: pair.scene.children("deployments"))
    asked_at, began = datetime.now(UTC), time.monotonic()
    pair.signal(old, signal.SIGTERM)
    eventually(lambda: pair.processes[heir].metric("inference_operator_leading") == 1)
    assert time.monotonic() - began < 10 < DURATION + RENEW, "not by waiting the lease out"

    after = [when for when, who, _ in pair.writes() if who == old and when > asked_at]
    assert len(after) <= WORKERS * WRITES_OF_A_PASS
    eventually(lambda: len(pair.scene.children("deployments")) == BURST)


def test_a_leader_that_was_suspended_never_writes_again(pair: Pair) -> None:
    old, heir = pair.leader, pair.follower
    pair.scene.apply()
    served(pair.scene, NAME)
    pair.signal(old, signal.SIGSTOP)
    # Work for whoever wakes up, waiting in the suspended one's queue too.
    pair.scene.apply("second-tape")
    eventually(lambda: pair.processes[heir].metric("inference_operator_leading") == 1)
    served(pair.scene, "second-tape")
    taken_over = min(when for when, who, _ in pair.writes() if who == heir)
    pair.scene.apply("third-tape")
    pair.signal(old, signal.SIGCONT)
    served(pair.scene, "third-tape")
    eventually(lambda: not pair.processes[old].alive)
    assert [w for w in pair.writes() if w[1] == old and w[0] > taken_over] == []
    assert pair.leader == heir
