"""The CustomResourceDefinition as a manifest, from the pydantic types: a structural schema."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from inference_operator.api.base import DEFAULT_TEXT, GROUP, VERSION
from inference_operator.api.inference_model import (
    KIND,
    PLURAL,
    InferenceModel,
    InferenceModelSpec,
)
from inference_operator.api.rules import LIST_TYPE, VALIDATIONS
from inference_operator.api.status import InferenceModelStatus

Schema = dict[str, Any]

# `default`: what a person or Git wrote is never added to. `propertyNames`: not structural.
_DROPPED = frozenset({"title", "default", "$defs", "propertyNames", DEFAULT_TEXT})

# What comes before the default at the end of a description.
DEFAULT = " Default: "

_API_VERSION = (
    "APIVersion defines the versioned schema of this representation of an object: "
    f"{GROUP}/{VERSION}."
)
_READY = '.status.conditions[?(@.type=="Ready")]'
# name, type, JSONPath, whether only `-o wide` shows it
_COLUMNS = (
    ("Ready", "string", f"{_READY}.status", False),
    ("Version", "string", ".status.model.version", False),
    ("Phase", "string", ".status.phase", False),
    ("Replicas", "integer", ".status.replicas", False),
    ("Age", "date", ".metadata.creationTimestamp", False),
    ("Ready-Replicas", "integer", ".status.readyReplicas", True),
    ("Revision", "string", ".status.stable.revision", True),
    ("Source", "string", ".spec.model.source.uri", True),
    ("Message", "string", f"{_READY}.message", True),
)


def inference_model_crd() -> Schema:
    """The CRD of InferenceModel, as it is applied."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["imodel"],
                "categories": ["all", "inference"],
            },
            "scope": "Namespaced",
            "versions": [_version()],
        },
    }


def structural_schema(model: type[BaseModel]) -> Schema:
    """The structural OpenAPI schema of one type: references inlined, no defaults, no nulls."""
    schema = model.model_json_schema(by_alias=True)
    return _structural(schema, schema.get("$defs", {}))


def _version() -> Schema:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [
            {"name": name, "type": kind, "jsonPath": path, **({"priority": 1} if wide else {})}
            for name, kind, path, wide in _COLUMNS
        ],
        "schema": {"openAPIV3Schema": _root_schema()},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
    }


def _root_schema() -> Schema:
    return {
        "description": _flowing(InferenceModel.__doc__ or ""),
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"description": _API_VERSION, "type": "string"},
            "kind": {"description": f"Kind is {KIND}.", "type": "string"},
            # Named so that a rule can point at it; the API server bounds every name to 253.
            "metadata": {
                "type": "object",
                "properties": {"name": {"type": "string", "maxLength": 253}},
            },
            "spec": structural_schema(InferenceModelSpec),
            "status": structural_schema(InferenceModelStatus),
        },
        VALIDATIONS: [rule.to_cel() for rule in InferenceModel.rules],
    }


def _structural(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    found = _inlined(schema, defs)
    kept = {name: value for name, value in found.items() if name not in _DROPPED}
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    if "description" in kept:
        kept["description"] = _flowing(kept["description"])
    if DEFAULT_TEXT in found:
        kept["description"] += f"{DEFAULT}{found[DEFAULT_TEXT]}."
    if "properties" in kept:
        kept["properties"] = {
            name: _structural(value, defs) for name, value in kept["properties"].items()
        }
    for name in ("items", "additionalProperties"):
        if isinstance(kept.get(name), Mapping):
            kept[name] = _structural(kept[name], defs)
    if kept.get("type") == "array":
        kept.setdefault(LIST_TYPE, "atomic")
    return kept


def _inlined(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    """The schema with its reference, or the one alternative beside null, laid open; what it says
    itself (the field's description) wins over what its type says."""
    found = dict(schema)
    if "$ref" in found:
        target = defs[found.pop("$ref").removeprefix("#/$defs/")]
        return _inlined({**target, **found}, defs)
    # A quantity's integer-or-string stays: the API server asks for exactly this.
    alternatives = [a for a in found.get("anyOf", ()) if a != {"type": "null"}]
    if len(alternatives) == 1:
        del found["anyOf"]
        return _inlined({**alternatives[0], **found}, defs)
    return found


def _flowing(text: str) -> str:
    return " ".join(text.split())
