"""The ControllerRevision: a revision's rendered children, kept to restore it exactly. An operator
that renders differently applies the kept children again, so its upgrade restarts nothing."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from inference_operator.domain.accelerator import Mode
from inference_operator.domain.names import (
    UNREADABLE,
    UnitKey,
    revision_child_name,
    revision_of_child,
)
from inference_operator.domain.observed import RejectedRecord, RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import is_sha256
from inference_operator.domain.resolution import Resolved, from_data, to_data
from inference_operator.domain.serving_unit import Owner, ServedStep, ServingUnit
from inference_operator.resources.config_map import config_map
from inference_operator.resources.deployment import deployment
from inference_operator.resources.metadata import Manifest, revision_metadata
from inference_operator.resources.record_shape import children_mismatch, repository
from inference_operator.resources.shapes import DNS_NAME, quoted

# No unit comes near it. The API server refuses numbers of more than 64 bits.
MOST_REVISIONS = 2**31 - 1
_REVISION = re.compile(r"[a-z0-9]{1,63}")
_UNIT_KINDS = ("InferenceModel", "EnsemblePipeline")
# The first operators accepted so many; the status does not hold more, or longer names.
_MOST_STEPS = 32
_MOST_TEXT = 16_384
# Files of all pins together. A record of 1.5 MiB has no room for more.
_MOST_PINNED_FILES = 4_000
_T = TypeVar("_T")


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
    """Return the manifest that keeps the record."""
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


def read_record(manifest: Mapping[str, Any], unit: UnitKey) -> RevisionRecord | RejectedRecord:
    """Return the record in a live ControllerRevision of the unit, or why it is not accepted.
    The content is untrusted: any writer of ControllerRevisions may have changed it. Never raises.
    """
    name = _at(manifest, "metadata", "name")
    try:
        return _record(manifest, unit, name if isinstance(name, str) else "")
    except _NotAcceptedError as error:
        return unread(manifest, str(error))


def unread(manifest: Mapping[str, Any], why: str) -> RejectedRecord:
    """Return the stand-in for a record that is rejected, or not read at all."""
    name, made_of = _at(manifest, "metadata", "name"), _at(manifest, "data", "madeOf")
    name = name if isinstance(name, str) else ""
    return RejectedRecord(
        name=name,
        why=why,
        spec_hash=made_of if isinstance(made_of, str) else revision_of_child(name),
        number=claimed_number(manifest),
    )


def claimed_number(manifest: Mapping[str, Any]) -> int:
    """Return the number of its revision, 0 where that is not one."""
    number = manifest.get("revision")
    return number if type(number) is int and 0 < number <= MOST_REVISIONS else 0


class _NotAcceptedError(Exception):
    """A record with content that no operator writes; the message names field, value and
    requirement."""


def _record(manifest: Mapping[str, Any], unit: UnitKey, name: str) -> RevisionRecord:
    revision = revision_of_child(name)
    if not _REVISION.fullmatch(revision) or name != revision_child_name(unit.name, revision):
        raise _NotAcceptedError(
            f"metadata.name: found {quoted(name)}, expected {unit.name}-REVISION"
        )
    namespace = _at(manifest, "metadata", "namespace")
    if namespace != unit.namespace:
        raise _NotAcceptedError(
            f"metadata.namespace: found {quoted(namespace)}, expected {unit.namespace!r}"
        )
    number, data = manifest.get("revision"), manifest.get("data")
    if isinstance(reason := manifest.get(UNREADABLE), str):
        raise _NotAcceptedError(f"it cannot be read: {reason}")
    if not isinstance(data, Mapping):
        raise _NotAcceptedError(f"data: found {quoted(data)}, expected a map")
    if (problem := children_mismatch(unit, revision, data.get("children"))) is not None:
        raise _NotAcceptedError(str(problem))
    return RevisionRecord(
        revision=revision,
        number=_read("revision", number, _number),
        model=_read("data.model", data.get("model"), _name),
        version=_read("data.version", data.get("version"), _version),
        uri=_read("data.uri", data.get("uri"), _uri),
        sha256=_read("data.sha256", data.get("sha256"), _digest),
        mode=_read("data.mode", data.get("mode"), Mode),
        children=tuple(data["children"]),
        made_of=_read("data.madeOf", data["madeOf"], _name) if "madeOf" in data else None,
        resolved=_read("data.resolved", data, _resolved),
        steps=_read("data.steps", data.get("steps") or (), _steps),
    )


def _at(value: object, *path: str) -> Any:
    """Return the value at the path; None if there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _read(path: str, value: Any, read: Callable[[Any], _T]) -> _T:
    try:
        return read(value)
    except KeyError as error:
        raise _NotAcceptedError(f"{path}: found no {quoted(error.args[0])}") from None
    except (AttributeError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        because = quoted(str(error)) if isinstance(error, RecursionError) else str(error)
        raise _NotAcceptedError(f"{path}: {because[:300]}") from None


def _text(value: object, most: int = _MOST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise TypeError(f"found {quoted(value)}, expected a string of at most {most} characters")
    return value


def _name(value: object) -> str:
    if value == "":
        # An empty name is not written, so it would be missing when it is read again.
        raise ValueError("found '', expected a name")
    return _text(value, 253)


def _uri(value: object) -> str:
    return _text(value, 2048)


def _number(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MOST_REVISIONS:
        raise ValueError(f"found {quoted(value)}, expected a whole number from 1 on")
    return value


def _version(value: object) -> int:
    if type(value) is not int or not 1 <= value < 2**63:
        raise ValueError(f"found {quoted(value)}, expected a whole number from 1 on")
    return value


def _digest(value: object) -> str | None:
    if value is not None and not is_sha256(value):
        raise ValueError(f"found {quoted(value)}, expected 64 lower-case hexadecimal digits")
    return _text(value) if value is not None else None


def _steps(value: object) -> tuple[ServedStep, ...]:
    if not isinstance(value, list | tuple) or len(value) > _MOST_STEPS:
        raise TypeError(f"found {quoted(value)}, expected a list of at most {_MOST_STEPS} steps")
    pinned = (_at(step, "pin", "repository") for step in value)
    files = sum(len(files) for files in pinned if isinstance(files, Mapping))
    if files > _MOST_PINNED_FILES:
        raise ValueError(f"found {files:,} pinned files, expected at most {_MOST_PINNED_FILES:,}")
    return tuple(map(_step, value))


def _resolved(data: Mapping[str, Any]) -> Resolved | None:
    if "resolved" not in data:
        return None
    kept = from_data(data["resolved"])
    facts = kept.facts
    tensors = (*(facts.inputs or ()), *(facts.outputs or ()))
    names = (text for tensor in tensors for text in (tensor.name, tensor.dtype))
    for text in (kept.asked, kept.uri, kept.download, facts.path, *names):
        _text(text)
    _text(kept.run_id, 256)
    _version(kept.version)
    _digest(facts.sha256)
    most = facts.max_batch_size
    if most is not None and (type(most) is not int or not 0 <= most < 2**31):
        raise TypeError(f"found {quoted(most)}, expected a whole number from 0 on")
    return kept


def _pin(data: Mapping[str, Any]) -> Pin | None:
    if "pin" not in data:
        return None
    pin = Pin.from_data(data["pin"])
    _name(pin.model)
    _uri(pin.uri)
    _text(pin.run_id, 256)
    if pin.kind not in _UNIT_KINDS:
        raise ValueError(f"pin.kind: found {quoted(pin.kind)}, expected {' or '.join(_UNIT_KINDS)}")
    if not re.fullmatch(DNS_NAME, _text(pin.name, 63)) or not _REVISION.fullmatch(
        _text(pin.revision)
    ):
        raise ValueError(
            f"pin: found {quoted(f'{pin.name}-{pin.revision}')}, expected UNIT-REVISION"
        )
    _version(pin.version)
    _digest(pin.sha256)
    if (problem := repository(pin.repository, "pin.repository")) is not None:
        raise ValueError(str(problem))
    return pin


def _step_data(step: ServedStep) -> dict[str, Any]:
    data: dict[str, Any] = {"name": step.name, "model": step.model, "version": step.version}
    if step.uri:
        data["uri"] = step.uri
    if step.pin:
        data["pin"] = step.pin.to_data()
    if step.resolved:
        data["resolved"] = to_data(step.resolved)
    return data


def _step(data: Mapping[str, Any]) -> ServedStep:
    return ServedStep(
        name=_name(data["name"]),
        model=_name(data["model"]),
        version=_version(data["version"]),
        uri=_uri(data.get("uri", "")),
        pin=_pin(data),
        resolved=_resolved(data),
    )
