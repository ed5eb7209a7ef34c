"""`inference-operator history`: which artifact served clients, from when to when."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import visible
from inference_operator.api.status import UnitStatus, read_status
from inference_operator.cli.cluster_access import (
    AccessError,
    add_unit,
    answered,
    connected,
    unit_of,
)
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.artifact import Artifact
from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import CHILD_SELECTOR, UnitKey, selector_text, unit_selector
from inference_operator.domain.observed import RevisionRecord
from inference_operator.planning.status.served import History, Served, history_of
from inference_operator.resources.controller_revision import read_record

DESCRIPTION = """\
Show which artifact clients were led to, from when to when. The status keeps the last 20 decisions;
what is older is cut, and a note says so. Exit status: 0, or 3 if the resource cannot be read.
"""
_TITLES = ("FROM", "TO", "REVISION", "VERSION", "ARTIFACT", "SHA256")
_UNKNOWN = "-"
_CUT = (
    "Earlier times are not kept any more: the status has the last 20 decisions, and ten of each"
    " kind. Events and the operator's log may have them."
)


class ReadCluster(Protocol):
    """The requests that reading a history needs."""

    async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody: ...

    def pages(
        self, resource: ApiResource, space: str, selector: str
    ) -> AsyncIterator[MutableBody]: ...


def add_parser(subparsers: Any) -> None:
    """Add `history`."""
    parser = subparsers.add_parser(
        "history",
        help="show which artifact served clients, from when to when",
        description=DESCRIPTION,
    )
    add_unit(parser)
    parser.set_defaults(func=history_command)


def history_command(arguments: argparse.Namespace) -> int:
    """Print the history; return 0, or 3 if the resource cannot be read."""

    def show() -> int:
        for line in lines(asyncio.run(_history(arguments))):
            print(line)
        return 0

    return answered(show)


async def _history(arguments: argparse.Namespace) -> History:
    async with connected(arguments.context) as cluster:
        return await read_history(cluster, await unit_of(cluster, arguments))


async def read_history(cluster: ReadCluster, key: UnitKey) -> History:
    """Read the unit's status and records; AccessError if the API server refuses."""
    from inference_operator.adapters.kubernetes.api_error import ApiError
    from inference_operator.observation.kinds import UNIT_BY_KIND

    try:
        body = await cluster.get(UNIT_BY_KIND[key.kind], key.namespace, key.name)
        records = await read_records(cluster, key)
    except ApiError as error:
        raise AccessError(f"{key}: {error}") from error
    return history_of(_status(body, key), records)


async def read_records(cluster: ReadCluster, key: UnitKey) -> dict[str, RevisionRecord]:
    """Return the unit's kept revisions by their names; ApiError if the API server refuses."""
    from inference_operator.observation.kinds import CHILD_BY_KIND

    selector = f"{CHILD_SELECTOR},{selector_text(unit_selector(key.kind, key.name))}"
    records: dict[str, RevisionRecord] = {}
    async for page in cluster.pages(CHILD_BY_KIND["ControllerRevision"], key.namespace, selector):
        for item in page["items"] or ():
            record = read_record({**item, "kind": "ControllerRevision"}, key)
            if isinstance(record, RevisionRecord):
                records[record.revision] = record
    return records


def _status(body: Mapping[str, Any], key: UnitKey) -> UnitStatus:
    return read_status({**body, "kind": key.kind})


def lines(history: History) -> Iterator[str]:
    """Yield the lines of the table, and a note about what is cut."""
    if not history.served:
        yield "No revision has served clients yet."
        return
    rows = [_TITLES, *(_row(served) for served in history.served)]
    yield from _aligned(rows)
    if history.is_cut:
        yield _CUT


def _row(served: Served) -> tuple[str, ...]:
    artifact = served.artifact or Artifact()
    return (
        _time(served.start, "earlier"),
        _time(served.end, "now"),
        visible(served.revision),
        visible(artifact.version) or _UNKNOWN,
        visible(artifact.uri) or visible(artifact.steps) or _UNKNOWN,
        visible(artifact.sha256 or "") or _UNKNOWN,
    )


def _time(time: datetime | None, absent: str) -> str:
    return format_time(time) if time else absent


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "   ".join(padded).rstrip()
