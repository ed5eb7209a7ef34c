"""Comparison of what this pod has loaded with what its revision has served.

Pods that start at the same time load before the digests of any are recorded. The kubelet brings
the record to a running pod within about a minute.
"""

import json
from collections.abc import Callable
from pathlib import Path

from inference_operator.domain.digests_file import (
    DIGESTS_FILE,
    LOADED_FILE,
    digests_from_json,
)
from inference_operator.probe.pod_memory import read_text


class ServedArtifacts:
    """The comparison, which is made until the record is there: neither changes after that."""

    def __init__(self, models: Path, digests: Path, log: Callable[..., None]) -> None:
        self._models, self._digests, self._log = models, digests, log
        self._differs: bool | None = None

    def differ(self) -> bool:
        """Return whether a model differs from what the revision has served."""
        if self._differs is None:
            # The kubelet's files of a volume are links.
            served = digests_from_json(read_text((self._digests / DIGESTS_FILE).resolve()))
            if not served:
                return False
            self._differs = any(self._is_other(*item) for item in served.items())
        return self._differs

    def _is_other(self, model: str, sha256: str) -> bool:
        if "/" in model:
            return False
        try:
            loaded = json.loads(read_text(self._models / model / LOADED_FILE))["sha256"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        if loaded == sha256:
            return False
        self._log("the revision serves another artifact", "ERROR", model=model, sha256=sha256)
        return True
