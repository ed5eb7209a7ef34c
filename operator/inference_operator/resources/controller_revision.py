"""The ControllerRevision: a revision's rendered children, kept so that it can be restored exactly.

An operator that renders differently re-applies what is kept here, so its upgrade restarts nothing.
"""

from collections.abc import Mapping
from typing import Any

from inference_operator.domain.accelerator import Mode
from inference_operator.domain.names import revision_of_child
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.resolution import from_data, to_data
from inference_operator.domain.serving_unit import Owner, ServedStep, ServingUnit
from inference_operator.resources.config_map import config_map
from inference_operator.resources.deployment import deployment
from inference_operator.resources.metadata import Manifest, revision_metadata


def new_record(unit: ServingUnit, number: int) -> RevisionRecord:
    """Render the unit's children and record them as revision `number`."""
    model = unit.entry_model
    return RevisionRecord(
        revision=unit.revision,
        number=number,
        model=model.name,
        version=model.version,
        uri=model.uri,
        sha256=model.planned.sha256,
        mode=unit.workload.mode,
        children=(config_map(unit), deployment(unit)),
        resolved=model.resolved,
        steps=unit.steps,
        made_of=unit.spec_hash if unit.spec_hash != unit.revision else None,
    )


def controller_revision(owner: Owner, record: RevisionRecord) -> Manifest:
    """The manifest that keeps the record."""
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": revision_metadata(owner, record.revision),
        "revision": record.number,
        "data": {
            "model": record.model,
            "version": record.version,
            "uri": record.uri,
            **({"sha256": record.sha256} if record.sha256 else {}),
            **({"resolved": to_data(record.resolved)} if record.resolved else {}),
            **({"steps": [_step_data(step) for step in record.steps]} if record.steps else {}),
            **({"madeOf": record.made_of} if record.made_of else {}),
            "mode": record.mode.value,
            "children": list(record.children),
        },
    }


def read_record(manifest: Mapping[str, Any]) -> RevisionRecord | None:
    """The record in a live ControllerRevision; None when it is not ours or not legible."""
    try:
        data = manifest["data"]
        return RevisionRecord(
            revision=revision_of_child(manifest["metadata"]["name"]),
            number=int(manifest["revision"]),
            model=data["model"],
            version=int(data["version"]),
            uri=data["uri"],
            sha256=data.get("sha256"),
            mode=Mode(data["mode"]),
            children=tuple(data["children"]),
            made_of=data.get("madeOf"),
            resolved=from_data(data["resolved"]) if "resolved" in data else None,
            steps=tuple(_step(item) for item in data.get("steps") or ()),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _step_data(step: ServedStep) -> dict[str, Any]:
    found: dict[str, Any] = {"name": step.name, "model": step.model, "version": step.version}
    if step.uri:
        found["uri"] = step.uri
    if step.pin:
        found["pin"] = step.pin.to_data()
    if step.resolved:
        found["resolved"] = to_data(step.resolved)
    return found


def _step(data: Mapping[str, Any]) -> ServedStep:
    return ServedStep(
        name=data["name"],
        model=data["model"],
        version=int(data["version"]),
        uri=data.get("uri", ""),
        pin=Pin.from_data(data["pin"]) if "pin" in data else None,
        resolved=from_data(data["resolved"]) if "resolved" in data else None,
    )
