"""Checks that the API server can store a new revision, since it refuses large objects."""

import json

from inference_operator.api.problem import Problem
from inference_operator.domain.observed import Observed
from inference_operator.domain.repository_plan import MOST_DATA
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.resources.controller_revision import (
    MOST_REVISIONS,
    controller_revision,
    new_record,
)
from inference_operator.validation.invalid import Invalid

# etcd takes 1.5 MiB. The rest is for what the API server adds.
MOST_RECORD = 1_500_000
_REMEDY = "shorten configOverrides and the names of tensors, or serve fewer models in one"


def storable(seen: Observed, unit: ServingUnit) -> ServingUnit | Invalid:
    """Return the unit, or why its ConfigMap or its record would be refused.

    A recorded revision has been stored already, so it stays valid.
    """
    if unit.spec_hash in {record.spec_hash for record in seen.children.revisions.values()}:
        return unit
    record = new_record(unit, MOST_REVISIONS)
    data = sum(len(text.encode()) for text in record.repository.values())
    if data > MOST_DATA:
        value = f"{data} bytes of config.pbtxt and plan.json in all"
        return _refused(value, f"{MOST_DATA} at most: the API server stores no larger ConfigMap")
    manifest = controller_revision(unit.owner, record)
    size = len(json.dumps(manifest, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > MOST_RECORD:
        expected = f"{MOST_RECORD} at most: the API server stores no larger ControllerRevision"
        return _refused(f"{size} bytes to record", expected)
    return unit


def _refused(value: str, requirement: str) -> Invalid:
    return Invalid((Problem("spec", value, requirement, _REMEDY),))
