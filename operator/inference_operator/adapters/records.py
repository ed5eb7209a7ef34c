"""Records of the cache, each one read and checked once: a pass asks for all of its unit."""

from collections.abc import Mapping
from typing import Any

from inference_operator.adapters.cache import Cache, name_of
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import RejectedRecord, RevisionRecord
from inference_operator.resources.controller_revision import read_record


def record_of(
    cache: Cache, body: Mapping[str, Any], unit: UnitKey
) -> RevisionRecord | RejectedRecord:
    """Return the record in a ControllerRevision of the cache, or why it is not accepted."""
    name = name_of(body)
    known = cache.records.get(name)
    if known is not None and known[0] is body and known[1] == unit:
        return known[2]
    record = read_record(body, unit)
    cache.records[name] = (body, unit, record)
    return record
