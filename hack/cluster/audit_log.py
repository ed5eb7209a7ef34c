"""Reads an API server's audit log while it is being written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WRITE_VERBS = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# Requests that write nothing, and leases, by which a process shows that it lives.
_NO_WRITES = frozenset({"leases", "selfsubjectaccessreviews", "selfsubjectreviews"})


def entries(path: Path, since: int = 0) -> Iterator[dict[str, Any]]:
    """Yield complete entries from byte `since` on; skip a line that is still being written."""
    with path.open("rb") as file:
        file.seek(since)
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def writes(path: Path, *users: str, since: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the entries of these users that ask for a change, from byte `since` on.

    Dry runs and leases are left out. Refused requests are not: they cost the API server the same.
    """
    for entry in entries(path, since):
        target = entry.get("objectRef") or {}
        if (
            entry["stage"] == "ResponseComplete"
            and entry["user"]["username"] in users
            and entry["verb"] in WRITE_VERBS
            and target.get("resource") not in _NO_WRITES
            and "dryRun=" not in entry["requestURI"]
        ):
            yield entry


def target_of(entry: dict[str, Any]) -> str:
    """Return what an entry is about, for people: `patch inferencemodels/status desk/fx`."""
    target = entry.get("objectRef") or {}
    kind = "/".join(filter(None, (target.get("resource"), target.get("subresource"))))
    name = "/".join(filter(None, (target.get("namespace"), target.get("name"))))
    return f"{entry['verb']} {kind} {name}"
