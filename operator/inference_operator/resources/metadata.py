"""Metadata that the children of a unit share."""

from typing import Any

from inference_operator.domain.names import revision_child_name, revision_labels, unit_labels
from inference_operator.domain.serving_unit import Owner

Manifest = dict[str, Any]


def unit_metadata(owner: Owner, name: str) -> Manifest:
    """Of a child that outlives revisions."""
    key = owner.key
    return {"name": name, "namespace": key.namespace, "labels": unit_labels(key.kind, key.name)}


def revision_metadata(owner: Owner, revision: str) -> Manifest:
    """Of a child of one revision; its name is `<unit>-<revision>`."""
    key = owner.key
    return {
        "name": revision_child_name(key.name, revision),
        "namespace": key.namespace,
        "labels": revision_labels(key.kind, key.name, revision),
    }


def owned(manifest: Manifest, owner: Owner) -> Manifest:
    """The manifest with its owner reference: deletion of the owner takes it along."""
    reference = {
        "apiVersion": owner.api_version,
        "kind": owner.key.kind,
        "name": owner.key.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [reference]}}
