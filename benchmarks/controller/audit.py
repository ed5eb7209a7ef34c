"""Requests of the operator under test, counted from the API server's audit log."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_READS = frozenset({"get", "list"})


@dataclass(slots=True)
class Requests:
    """Requests of a phase; `verb resource` -> count. Leases and discovery are not counted."""

    writes: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    first_pages: Counter[str] = field(default_factory=Counter)
    """Of the reads: lists from their beginning, by resource."""

    watched: Counter[str] = field(default_factory=Counter)
    """Watches that were opened, by resource."""

    leases: int = 0
    discovery: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Answers of 400 and above, by status and resource."""

    agents: Counter[str] = field(default_factory=Counter)
    """`agent: writes` and `agent: reads`."""

    def to_json(self) -> dict[str, Any]:
        return {
            "writes": self.writes.total(),
            "reads": self.reads.total(),
            "writesBy": dict(self.writes.most_common()),
            "readsBy": dict(self.reads.most_common()),
            "agents": dict(self.agents.most_common()),
            "watches": self.watched.total(),
            "leases": self.leases,
            "discovery": self.discovery,
            "refused": dict(self.refused.most_common()),
        }


class AuditLog:
    """The part of the log from a mark on."""

    def __init__(self, path: Path, user: str) -> None:
        self._path = path
        self._user = user

    def mark(self) -> int:
        return self._path.stat().st_size

    def since(self, mark: int) -> Requests:
        """Return the requests of the operator under test after the mark."""
        requests = Requests()
        for entry in self._entries(mark):
            _add(requests, entry)
        return requests

    def _entries(self, mark: int) -> Iterator[dict[str, Any]]:
        # Cheaper than JSON for the many lines of other people.
        user = f'"username":"{self._user}"'.encode()
        with self._path.open("rb") as log:
            log.seek(mark)
            for line in log:
                if user in line and line.endswith(b"\n"):
                    yield json.loads(line)


def _add(requests: Requests, entry: dict[str, Any]) -> None:
    verb, resource = entry["verb"], _resource(entry)
    status = entry.get("responseStatus", {}).get("code", 0)
    if verb == "watch":
        requests.watched[resource] += entry["stage"] == "ResponseStarted"
    elif not resource:
        requests.discovery += 1
    elif resource == "leases":
        requests.leases += 1
    else:
        _count(requests, entry, verb, resource)
    if status >= 400:
        requests.refused[f"{status} {verb} {resource}"] += 1


def _count(requests: Requests, entry: dict[str, Any], verb: str, resource: str) -> None:
    agent = entry.get("userAgent", "").split(" ")[0]
    if verb in _WRITES:
        requests.writes[f"{verb} {resource}"] += 1
        requests.agents[f"{agent}: writes"] += 1
    elif verb in _READS:
        requests.reads[f"{verb} {resource}"] += 1
        requests.agents[f"{agent}: reads"] += 1
        if verb == "list" and "continue=" not in entry["requestURI"]:
            requests.first_pages[resource] += 1


def _resource(entry: dict[str, Any]) -> str:
    where = entry.get("objectRef") or {}
    parts = (where.get("resource", ""), where.get("subresource", ""))
    return "/".join(part for part in parts if part)
