"""Reads an API server's audit log while it is being written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def entries(path: Path, since: int = 0) -> Iterator[dict[str, Any]]:
    """Yield complete entries from byte `since` on; skip a line that is still being written."""
    with path.open("rb") as file:
        file.seek(since)
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)
