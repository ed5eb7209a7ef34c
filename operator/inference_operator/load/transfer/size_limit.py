"""The limit of one model's bytes on the node's disk, counted as they arrive.

Sizes that a server or an archive declares are checked as well, so that most artifacts that are too
large are refused before the first byte.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.space import sized
from inference_operator.load.transfer.stop import Stop

_REMEDY = "raise it, if the model is meant to be that large"


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """The most bytes of one model, and the field of the spec that changes it; None: no limit."""

    most: int | None
    field: str = "spec.model.sizeLimit"
    is_default: bool = False
    remedy: str = _REMEDY

    def check(self, size: int, stage: str, least: str = "") -> None:
        """Raise LoadError where `size` is more; `least` is "at least " while bytes still come."""
        if self.most is None or size <= self.most:
            return
        default = ", the default" if self.is_default else ""
        problem = Problem(
            self.field,
            f"{least}{sized(size)} {stage}",
            f"at most {sized(self.most)}{default}",
            self.remedy,
        )
        raise LoadError.of(Reason.ARTIFACT_INVALID, [problem])


class Downloads:
    """The downloads of one model: a thread-safe sum of their sizes, and the request to end."""

    def __init__(self, limit: SizeLimit, stop: Stop | None = None) -> None:
        self.limit = limit
        self.stop = stop or Stop()
        self._lock = threading.Lock()
        self._sizes: dict[Path, int] = {}
        self._total = 0

    def expect(self, path: Path, size: int) -> None:
        """Raise LoadError where a file of this size would make the sum too large."""
        with self._lock:
            total = self._total - self._sizes.get(path, 0) + size
        self.limit.check(total, "to download")

    def hold(self, path: Path, size: int) -> None:
        """Record the present size of the file; LoadError where the sum is too large."""
        with self._lock:
            self._total += size - self._sizes.get(path, 0)
            self._sizes[path] = size
            total = self._total
        self.limit.check(total, "to download", "at least ")


def unlimited() -> Downloads:
    """Return a sum without a limit."""
    return Downloads(SizeLimit(None))
