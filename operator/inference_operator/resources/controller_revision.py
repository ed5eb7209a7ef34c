"""The ControllerRevision: a revision's rendered children, kept so that it can be restored exactly.

An operator that renders differently re-applies what is kept here, so its upgrade restarts nothing.
"""

from collections.abc import Mapping
from typing import Any

from inference_operator.domain.accelerator import Mode
from inference_operator.domain.names import revision_of_child
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import is_sha256
from inference_operator.domain.resolution import Resolved, from_data, to_data
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
    """The record in a live ControllerRevision; None when it is not ours or not legible: whoever may
    edit it may have left anything in it."""
    try:
        data = manifest["data"]
        return RevisionRecord(
            revision=revision_of_child(manifest["metadata"]["name"]),
            number=int(manifest["revision"]),
            model=_text(data["model"]),
            version=_version(data["version"]),
            uri=_text(data["uri"]),
            sha256=_digest(data.get("sha256")),
            mode=Mode(data["mode"]),
            children=tuple(_child(item) for item in data["children"]),
            made_of=_text(data["madeOf"]) if "madeOf" in data else None,
            resolved=_resolved(data),
            steps=tuple(_step(item) for item in data.get("steps") or ()),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError(f"found {found!r}, expected a string")
    return found


def _version(found: Any) -> int:
    if int(found) < 1:
        raise ValueError(f"found {found!r}, expected a whole number from 1 on")
    return int(found)


def _digest(found: object) -> str | None:
    if found is not None and not is_sha256(found):
        raise ValueError(f"found {found!r}, expected 64 lower-case hexadecimal digits")
    return _text(found) if found is not None else None


def _child(found: Any) -> Manifest:
    """A manifest that has what is read of it: kind and name, texts, the images of its pods."""
    _text(found["kind"])
    _text(found["metadata"]["name"])
    if found["kind"] == "ConfigMap":
        for name, text in (found.get("data") or {}).items():
            _text(name)
            _text(text)
    if found["kind"] == "Deployment":
        for container in found["spec"]["template"]["spec"]["containers"]:
            _text(container["name"])
            _text(container["image"])
    return dict(found)


def _resolved(data: Mapping[str, Any]) -> Resolved | None:
    if "resolved" not in data:
        return None
    found = from_data(data["resolved"])
    for text in (found.asked, found.uri, found.run_id, found.download, found.facts.path):
        _text(text)
    _version(found.version)
    return found


def _pin(data: Mapping[str, Any]) -> Pin | None:
    if "pin" not in data:
        return None
    found = Pin.from_data(data["pin"])
    for text in (found.kind, found.name, found.revision, found.model, found.uri, found.run_id):
        _text(text)
    _version(found.version)
    _digest(found.sha256)
    return found


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
        name=_text(data["name"]),
        model=_text(data["model"]),
        version=_version(data["version"]),
        uri=_text(data.get("uri", "")),
        pin=_pin(data),
        resolved=_resolved(data),
    )
