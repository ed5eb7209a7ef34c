"""No-op storages for Kopf: we have no change handlers whose progress Kopf would have to keep.

Kopf's own storages copy each object several times at every event, to find unused differences.
"""

from collections.abc import Iterable
from typing import Any

import kopf
from kopf import BodyEssence


class NoDiffBase(kopf.DiffBaseStorage):
    """Storage that keeps no last handled state."""

    def build(self, *, body: kopf.Body, extra_fields: Iterable[Any] | None = None) -> BodyEssence:
        return BodyEssence()

    def fetch(self, *, body: kopf.Body) -> BodyEssence | None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: BodyEssence) -> None:
        pass


class NoProgress(kopf.ProgressStorage):
    """Storage that keeps no progress of handlers."""

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        pass

    def purge(self, **_: Any) -> None:
        pass

    def touch(self, **_: Any) -> None:
        pass

    def clear(self, *, essence: BodyEssence) -> BodyEssence:
        return essence
