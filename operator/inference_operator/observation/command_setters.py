"""Setters of the commands of people, as `metadata.managedFields` tells.

Any client may write these fields, so they are read as hostile text. The store keeps a name and a
time for each command, and nothing of the rest.
"""

import itertools
import re
from collections.abc import Collection, Iterator

from inference_operator.domain.body import Body
from inference_operator.domain.commands import TIME, Setter

MOST_MANAGERS = 64
"""Entries that are read; the API server joins all but the newest ten updates into one."""

LONGEST_MANAGER = 128
"""Longest name of a manager that the API server accepts."""

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:/@+-]{{0,{LONGEST_MANAGER - 1}}}", re.ASCII)
_TIME = re.compile(TIME, re.ASCII)
_JOINED = "ancient-changes"
"""The API server's name for the managers that it no longer tells apart."""


def setters_of(metadata: Body, annotations: Collection[str]) -> dict[str, dict[str, str]]:
    """Return the manager that set each of the annotations, and the time of its last write.

    If several own one, it is the one that wrote last. An annotation without a legible manager is
    left out.
    """
    newest: dict[str, Setter] = {}
    for setter, owned in _owners(metadata.get("managedFields")):
        for key in annotations:
            if f"f:{key}" in owned and (key not in newest or newest[key].time <= setter.time):
                newest[key] = setter
    return {key: {"manager": each.manager, "time": each.time} for key, each in newest.items()}


def read_setters(metadata: Body) -> dict[str, Setter]:
    """Return the setters that the store kept of a unit, by annotation."""
    kept = metadata.get("commandSetters") or {}
    return {key: Setter(fields["manager"], fields["time"]) for key, fields in kept.items()}


def _owners(entries: object) -> Iterator[tuple[Setter, Body]]:
    """Yield each legible manager with the annotations that it owns."""
    for entry in itertools.islice(entries if isinstance(entries, list) else (), MOST_MANAGERS):
        owned = entry
        for key in ("fieldsV1", "f:metadata", "f:annotations"):
            owned = owned.get(key) if isinstance(owned, dict) else None
        if isinstance(owned, dict) and (setter := _setter(entry)) is not None:
            yield setter, owned


def _setter(entry: Body) -> Setter | None:
    manager, time = entry.get("manager"), entry.get("time")
    is_legible = isinstance(manager, str) and _NAME.fullmatch(manager) is not None
    if not is_legible or manager == _JOINED:
        return None
    is_time = isinstance(time, str) and _TIME.fullmatch(time) is not None
    return Setter(str(manager), str(time) if is_time else "")
