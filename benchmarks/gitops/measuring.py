"""Pushes, quiet minutes and memory, measured by the API server's audit log and by /proc."""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hack.cluster import audit_log
from hack.cluster.apiserver import ApiServer
from hack.services import argo_cd
from hack.services.argo_cd import LocalArgoCd
from hack.services.operator_process import OperatorProcess
from tests.fakes.bodies import imodel, source
from tests.integration.argocd.application import Application
from tests.integration.argocd.git import Repository

NAMESPACE, MODEL = "trading", "tape-reader"
ARGO_CD, OPERATOR = "argo-cd", "inference-operator"
"""Their users, by which the audit log tells them apart."""

_PATIENCE, _SILENCE = 180.0, 20.0


@dataclass(frozen=True, slots=True)
class Servers:
    """Everything that runs, and the application that is measured."""

    api: ApiServer
    argo_cd: LocalArgoCd
    operator: OperatorProcess
    repository: Repository
    application: Application


@dataclass(frozen=True, slots=True)
class Times:
    """One push: seconds from the end of `git commit` on; Argo CD is notified at once."""

    argo_cd_writes: float
    operator_writes: float
    healthy: float


@dataclass(frozen=True, slots=True)
class QuietWrites:
    """Writes of quiet minutes: what they were about -> how often."""

    operator: Mapping[str, int]
    argo_cd: Mapping[str, int]
    bookkeeping: Mapping[str, int]
    """Of Argo CD in its own namespace."""


def push(servers: Servers, artifact: int) -> Times:
    """Commit another artifact; return when its revision is served and shown as Healthy."""
    application, kubectl = servers.application, servers.api.kubectl
    place = servers.api.audit_log.stat().st_size
    before = _served(servers)
    model = imodel(MODEL, namespace=NAMESPACE, model=source(artifact), replicas=2)
    servers.repository.commit(f"Artifact {artifact}", model=model)
    began = time.time()
    if before:
        application.refresh()
    else:
        application.apply(servers.repository.uri)
    commit = servers.repository.head()

    def is_healthy() -> bool:
        status = application.status()
        return (
            status.get("sync", {}).get("revision") == commit
            and application.state() == ("Synced", "Healthy")
            and kubectl.succeeds("get", "service", MODEL, "-n", NAMESPACE)
            and _served(servers) != before
        )

    _await(is_healthy)
    healthy = time.time()
    entries = list(audit_log.writes(servers.api.audit_log, ARGO_CD, OPERATOR, since=place))
    theirs = [each for each in entries if _namespace(each) == NAMESPACE]
    return Times(_first(theirs, ARGO_CD) - began, _first(theirs, OPERATOR) - began, healthy - began)


def quiet_writes(servers: Servers, seconds: float) -> QuietWrites:
    """Wait until neither has written a child or a model for 20 s, then count for that long."""
    log = servers.api.audit_log
    count, since = 0, time.monotonic()

    def is_silent() -> bool:
        nonlocal count, since
        written = sum(_namespace(e) == NAMESPACE for e in audit_log.writes(log, ARGO_CD, OPERATOR))
        if written != count:
            count, since = written, time.monotonic()
        return time.monotonic() - since > _SILENCE

    _await(is_silent)
    place = log.stat().st_size
    time.sleep(seconds)
    entries = list(audit_log.writes(log, ARGO_CD, OPERATOR, since=place))
    counted: dict[str, Counter[str]] = {name: Counter() for name in (ARGO_CD, OPERATOR, "own")}
    for entry in entries:
        user = entry["user"]["username"]
        is_own = user == ARGO_CD and _namespace(entry) == argo_cd.NAMESPACE
        counted["own" if is_own else user][audit_log.target_of(entry)] += 1
    return QuietWrites(counted[OPERATOR], counted[ARGO_CD], counted["own"])


def memory(servers: Servers) -> dict[str, tuple[float, float]]:
    """Return MB of resident memory by process: now, and at its peak."""
    processes = [*servers.argo_cd.processes(), servers.operator.server]
    return {process.name: process.memory_mb() for process in processes}


def row_of_seconds(name: str, seconds: Sequence[float]) -> tuple[str, str, str]:
    """Return a row of the table.

    >>> row_of_seconds("push to Healthy", [2.0, 4.0, 3.0])
    ('push to Healthy', '', 'median 3.0 s, slowest 4.0 s')
    """
    shown = f"median {statistics.median(seconds):.1f} s, slowest {max(seconds):.1f} s"
    return name, "", shown


def row_of_writes(name: str, goal: str, counts: Mapping[str, int]) -> tuple[str, str, str]:
    """Return a row of the table, with what was written.

    >>> row_of_writes("writes of the operator", "0", {})
    ('writes of the operator', '0', '0')
    >>> row_of_writes("writes of the operator", "0", {"patch services a/b": 2})
    ('writes of the operator', '0', '2 (2 x patch services a/b)')
    """
    details = ", ".join(f"{count} x {target}" for target, count in sorted(counts.items()))
    return name, goal, f"{sum(counts.values())}{f' ({details})' if details else ''}"


def _served(servers: Servers) -> str:
    words = ("-n", NAMESPACE, "--ignore-not-found", "-o", "jsonpath={.spec.selector}")
    return servers.api.kubectl("get", "service", MODEL, *words)


def _first(entries: Sequence[Mapping[str, Any]], user: str) -> float:
    """Return when the API server answered a user's first write, in seconds of the epoch."""
    return min(
        datetime.fromisoformat(entry["stageTimestamp"]).timestamp()
        for entry in entries
        if entry["user"]["username"] == user
    )


def _namespace(entry: Mapping[str, Any]) -> str:
    return str((entry.get("objectRef") or {}).get("namespace", ""))


def _await(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"that took more than {_PATIENCE:.0f} s")
        time.sleep(0.05)
