"""ControllerRevisions as an attacker writes them: nothing of another shape is ever applied."""

from collections.abc import Iterator
from typing import Any

from inference_operator.domain.observed import RejectedRecord
from inference_operator.resources.controller_revision import read_record
from tests.fuzz.documents import decode, encode, json_mutator
from tests.fuzz.passes import check_child, child_of, passed
from tests.fuzz.target import OracleError, Target
from tests.unit.resources.inputs import INPUTS
from tests.unit.resources.records import NAMES, unit_of, written

_KINDS = ["ConfigMap", "Deployment"]


def _record(data: bytes) -> Iterator[str]:
    """Read the record alone, and pass over its unit where its name is that of a unit's record."""
    body = decode(data)
    meta = body.get("metadata")
    named = str(meta.get("name")) if isinstance(meta, dict) else ""
    origin = next((name for name in NAMES if written(name)["metadata"]["name"] == named), NAMES[0])
    unit = unit_of(written(origin))
    record = read_record(body, unit)
    if isinstance(record, RejectedRecord):
        yield record.why
    else:
        if [child["kind"] for child in record.children] != _KINDS:
            raise OracleError(f"children {[child['kind'] for child in record.children]}")
        for child in record.children:
            check_child(child, unit)
            if "ownerReferences" in child["metadata"]:
                raise OracleError("a child with owner references")
    if origin in INPUTS:
        yield from _pass(body, origin)


def _pass(body: dict[str, Any], origin: str) -> Iterator[str]:
    """Pass over the unit; the API server has checked the metadata of its record."""
    meta = written(origin)["metadata"]
    record = {**body, "apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta}
    return passed(INPUTS[origin], child_of(INPUTS[origin], record))


_SEEDS = tuple(encode(written(name)) for name in NAMES)

TARGETS = (Target("record", _SEEDS, _record, json_mutator(_SEEDS), largest=512 << 10),)
