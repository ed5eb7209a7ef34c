"""CustomResourceDefinitions, as manifests with structural schemas of the pydantic types."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from inference_operator.api.base import DEFAULT_TEXT, GROUP, VERSION
from inference_operator.api.custom_resources import CustomResource
from inference_operator.api.rules import FORMAT_TEXT, LIST_TYPE, VALIDATIONS

Schema = dict[str, Any]

# `default`: nothing is added to the spec of a person or Git. `propertyNames`: not structural.
_DROPPED = frozenset({"title", "default", "$defs", "propertyNames", DEFAULT_TEXT, FORMAT_TEXT})

_API_VERSION = (
    "APIVersion defines the versioned schema of this representation of an object: "
    f"{GROUP}/{VERSION}."
)
KEPT = {
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false,ServerSideApply=true",
    "helm.sh/resource-policy": "keep",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}
"""Annotations by which Argo CD, Helm and Flux leave a CRD, and so all models, when they remove the
operator. crds/keep-models.yaml guards against other deletions (ADR 0055). Argo CD applies a CRD on
the server, since it is larger than the annotation that a client-side apply writes."""
_READY = '.status.conditions[?(@.type=="Ready")]'
# name, type, JSONPath, whether only `-o wide` shows it, the only kind that has it (None: all)
_COLUMNS = (
    ("Ready", "string", f"{_READY}.status", False, None),
    ("Reason", "string", ".status.displayReason", False, None),
    ("Steps", "string", ".status.stepVersions", False, "EnsemblePipeline"),
    ("Version", "string", ".status.displayVersion", False, None),
    ("Weight", "integer", ".status.canary.weight", False, None),
    ("Replicas", "string", ".status.displayReplicas", False, None),
    ("Age", "date", ".metadata.creationTimestamp", False, None),
    ("Message", "string", f"{_READY}.message", True, None),
    ("Revision", "string", ".status.stable.revision", True, None),
    ("Source", "string", ".status.model.uri", True, "InferenceModel"),
    ("Latency", "string", ".status.autoscaling.latency", True, None),
)


def crd(resource: CustomResource) -> Schema:
    """Return the CRD of one kind, as it is applied."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{GROUP}", "annotations": dict(KEPT)},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": resource.kind,
                "listKind": f"{resource.kind}List",
                "plural": resource.plural,
                "singular": resource.kind.lower(),
                "shortNames": [resource.short_name],
                "categories": ["all", "inference"],
            },
            "scope": "Namespaced",
            "versions": [_version(resource)],
        },
    }


def structural_schema(model: type[BaseModel]) -> Schema:
    """Return the structural OpenAPI schema of one type: references inlined, no defaults, no
    nulls."""
    schema = model.model_json_schema(by_alias=True)
    return _structural(schema, schema.get("$defs", {}))


def _version(resource: CustomResource) -> Schema:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [
            {"name": name, "type": kind, "jsonPath": path, **({"priority": 1} if wide else {})}
            for name, kind, path, wide, only in _COLUMNS
            if only in (None, resource.kind)
        ],
        "schema": {"openAPIV3Schema": _root_schema(resource)},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
    }


def _root_schema(resource: CustomResource) -> Schema:
    return {
        "description": _flowing(resource.resource.__doc__ or ""),
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"description": _API_VERSION, "type": "string"},
            "kind": {"description": f"Kind is {resource.kind}.", "type": "string"},
            # Named so that a rule can point at it; the API server bounds every name to 253.
            "metadata": {
                "type": "object",
                "properties": {"name": {"type": "string", "maxLength": 253}},
            },
            "spec": structural_schema(resource.spec),
            "status": structural_schema(resource.status),
        },
        VALIDATIONS: [rule.to_cel() for rule in resource.resource.rules],
    }


def _structural(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    inlined = _inlined(schema, defs)
    kept = {name: value for name, value in inlined.items() if name not in _DROPPED}
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    if "description" in kept:
        kept["description"] = _description(inlined)
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


def _description(schema: Schema) -> str:
    """Return the description with form and default: `kubectl explain` shows nothing else."""
    sentences = [_flowing(schema["description"])]
    if formats := schema.get(FORMAT_TEXT):
        sentences.append(f"Format: {'; '.join(formats)}.")
    if DEFAULT_TEXT in schema:
        sentences.append(f"Default: {schema[DEFAULT_TEXT]}.")
    return " ".join(sentences)


def _inlined(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    """Return the schema with its reference, or its one alternative to null, replaced by the
    content. Keywords of the schema itself, such as a field's description, win over those of its
    type."""
    inlined = dict(schema)
    if "$ref" in inlined:
        target = defs[inlined.pop("$ref").removeprefix("#/$defs/")]
        return _inlined({**target, **inlined}, defs)
    # A quantity's integer-or-string stays: the API server requires exactly this.
    alternatives = [a for a in inlined.get("anyOf", ()) if a != {"type": "null"}]
    if len(alternatives) == 1:
        del inlined["anyOf"]
        return _inlined({**alternatives[0], **inlined}, defs)
    return inlined


def _flowing(text: str) -> str:
    return " ".join(text.split())
