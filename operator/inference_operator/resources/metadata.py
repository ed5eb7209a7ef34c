"""Metadata that the children of a unit share."""

from typing import Any

from inference_operator.domain.names import revision_child_name, revision_labels, unit_labels
from inference_operator.domain.serving_unit import Owner

Manifest = dict[str, Any]


def unit_metadata(owner: Owner, name: str) -> Manifest:
    """Return the metadata of a child that outlives revisions."""
    key = owner.key
    return {"name": name, "namespace": key.namespace, "labels": unit_labels(key.kind, key.name)}


def revision_metadata(owner: Owner, revision: str) -> Manifest:
    """Return the metadata of a child of one revision, whose name is `<unit>-<revision>`."""
    key = owner.key
    return {
        "name": revision_child_name(key.name, revision),
        "namespace": key.namespace,
        "labels": revision_labels(key.kind, key.name, revision),
    }


def owned(manifest: Manifest, owner: Owner) -> Manifest:
    """Return the manifest with its owner reference: deleting the owner deletes it too."""
    reference = {
        "apiVersion": owner.api_version,
        "kind": owner.key.kind,
        "name": owner.key.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [reference]}}
