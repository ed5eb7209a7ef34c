"""The custom resources of this project among manifests, and objects that only resemble them."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inference_operator.api.base import API_VERSION, GROUP
from inference_operator.cli.documents import Document, InputError, documents, metadata
from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import UNIT_BY_KIND

# How alike two API groups are if a user confused them; other projects' are far less alike.
_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class Resource:
    """One custom resource of this project, as the file has it."""

    key: UnitKey
    body: dict[str, Any]
    misread: tuple[str, ...] = ()
    """Sentences about scalars of its file that kubectl would read as something else."""


def resources(names: Sequence[str], namespace: str = "default") -> list[Resource]:
    """Return the custom resources of the files in their order; InputError where there are none."""
    return own_resources(documents(names), ", ".join(names), namespace)


def own_resources(
    manifests: Sequence[Document], where: str, namespace: str = "default"
) -> list[Resource]:
    """Return the custom resources among manifests in their order; InputError if there are none.

    Resources of other API groups are skipped. Messages call the files `where`. `namespace` is that
    of resources that name none.
    """
    places: dict[UnitKey, str] = {}
    ours: list[Resource] = []
    for document in manifests:
        if not _is_ours(document):
            continue
        meta = metadata(document)
        key = UnitKey(document.body["kind"], meta.get("namespace") or namespace, meta["name"])
        if key in places:
            raise InputError(
                f"{document.place}: found {key} a second time, the first is in {places[key]};"
                " expected each resource once: remove or rename one of the two"
            )
        places[key] = document.place
        ours.append(Resource(key, document.body, document.misread))
    if not ours:
        kinds = ", ".join(sorted({str(each.body.get("kind")) for each in manifests})) or "nothing"
        expected = " or an ".join(UNIT_BY_KIND)
        raise InputError(f"{where}: found {kinds}, expected an {expected}")
    return ours


def _is_ours(document: Document) -> bool:
    """Return whether the kind is ours; InputError without a kind, or for a typing error."""
    version, kind = (_string(document, field) for field in ("apiVersion", "kind"))
    group = version.rpartition("/")[0]
    if group != GROUP:
        if kind in UNIT_BY_KIND and (not group or _is_like(group, GROUP)):
            raise _unexpected(document, "apiVersion", version, API_VERSION)
        return False
    if kind not in UNIT_BY_KIND:
        near = _near(kind)
        meant = f"; did you mean {near}?" if near else "; choose one of them"
        raise _unexpected(document, "kind", kind, " or ".join(UNIT_BY_KIND) + meant)
    if version != API_VERSION:
        raise _unexpected(document, "apiVersion", version, API_VERSION)
    return True


def _string(document: Document, field: str) -> str:
    value = document.body.get(field)
    if value and isinstance(value, str):
        return value
    example = {"apiVersion": API_VERSION, "kind": " or ".join(UNIT_BY_KIND)}[field]
    shown = "nothing" if value in (None, "") else repr(value)
    raise InputError(
        f"{document.place}: {field}: found {shown}, expected {example}, or the value"
        " of another resource; the API server refuses a manifest without it"
    )


def _unexpected(document: Document, field: str, value: str, expected: str) -> InputError:
    return InputError(f"{document.place}: {field}: found {value}, expected {expected}")


def _is_like(group: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, group, other).ratio() >= _ALIKE


def _near(kind: str) -> str | None:
    folded = {name.lower(): name for name in UNIT_BY_KIND}
    matches = difflib.get_close_matches(kind.lower(), folded, n=1)
    return folded[matches[0]] if matches else None


def chosen(ours: Sequence[Resource], name: str | None, purpose: str) -> Resource:
    """Return the resource with that name, or the only one without a name.

    Raises:
        InputError: if there is none, or several; `purpose` says what it is for, such as "scale".
    """
    matching = [
        each
        for each in ours
        if name in (None, each.key.name, f"{each.key.namespace}/{each.key.name}")
    ]
    if len(matching) != 1:
        names = ", ".join(f"{each.key.namespace}/{each.key.name}" for each in ours)
        raise InputError(
            f"--name: found {name or 'nothing'}, expected one of {names}; choose the resource to"
            f" {purpose}"
        )
    return matching[0]
