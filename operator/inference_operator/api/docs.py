"""Content of `docs/api.md`: a table of every field, from the same types as the CRDs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from inference_operator.api.base import API_VERSION, ApiModel, default_text, model_of
from inference_operator.api.crd import structural_schema
from inference_operator.api.custom_resources import CUSTOM_RESOURCES, CustomResource
from inference_operator.api.rules import LIST_MAP_KEYS, LIST_TYPE, Described, Rule

_INTRO = f"""\
<!-- Generated from operator/inference_operator/api by `make generate`. Do not edit. -->

# API (`{API_VERSION}`)

Every field, as `kubectl explain inferencemodel.spec --recursive` (or `ensemblepipeline.spec`) shows
it. The CRDs have no defaults: the operator uses those in the tables for absent fields, and never
writes them back. Triton or Kubernetes decides about absent fields without a default. The API server
checks the rules at `kubectl apply`, and the operator checks them again.
"""


def api_page() -> str:
    """Return the whole page as Markdown."""
    lines = [_INTRO, *(line for kind in CUSTOM_RESOURCES for line in _kind(kind))]
    return "\n".join(lines).rstrip() + "\n"


def _kind(resource: CustomResource) -> Iterator[str]:
    yield f"## {resource.kind}"
    yield ""
    yield f"{_flowing(resource.resource.__doc__)} Short name: `{resource.short_name}`."
    yield ""
    yield from (f"- {_sentence(rule)}" for rule in resource.resource.rules)
    yield ""
    for path, model in (("spec", resource.spec), ("status", resource.status)):
        yield from _section(path, model, structural_schema(model))


def _section(path: str, model: type[BaseModel], schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of one type and, after it, those of its fields' types."""
    yield f"### `{path}`"
    yield ""
    yield _flowing(model.__doc__)
    yield ""
    if schema["properties"]:
        yield from _table(model, schema)
    if issubclass(model, ApiModel) and model.rules:
        yield "Rules:"
        yield ""
        yield from (f"- {_sentence(rule)}" for rule in model.rules)
        yield ""
    for alias, field in _fields(model):
        inner = model_of(field.annotation)
        if inner is not None:
            field_schema = schema["properties"][alias]
            is_list = field_schema["type"] == "array"
            below = f"{path}.{alias}{'[]' if is_list else ''}"
            yield from _section(below, inner, field_schema["items"] if is_list else field_schema)


def _table(model: type[BaseModel], schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| field | type | default | description |"
    yield "|---|---|---|---|"
    for alias, field in _fields(model):
        field_schema = schema["properties"][alias]
        cells = (f"`{alias}`", _type(field_schema), _default(field), _description(field))
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    text = default_text(field)
    return f"`{text}`" if text is not None else ""


def _description(field: FieldInfo) -> str:
    """Return the field's description, and the requirements on its value."""
    requirements = [rule.static[1] for rule in (*_rules(field.annotation), *_own(field.metadata))]
    form = f" Expected: {'; '.join(requirements)}." if requirements else ""
    return f"{_flowing(field.description)}{form}"


def _rules(annotation: Any) -> Iterator[Rule]:
    """Yield the rules of the type itself, or of a list's items; not of a map's values."""
    if get_origin(annotation) is not dict:
        for part in get_args(annotation):
            yield from _rules(part)
    if get_origin(annotation) is Annotated:
        yield from _own(annotation.__metadata__)


def _own(metadata: Iterable[Any]) -> Iterator[Rule]:
    return (annotation.rule for annotation in metadata if isinstance(annotation, Described))


def _type(schema: Mapping[str, Any]) -> str:
    if "x-kubernetes-int-or-string" in schema:
        return "quantity"
    if "enum" in schema:
        return " | ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}{_list_limits(schema)}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"map of {_type(schema['additionalProperties'])}{_most(schema, 'maxProperties')}"
    return f"{schema['type']}{_scalar_limits(schema)}"


def _list_limits(schema: Mapping[str, Any]) -> str:
    keys = schema.get(LIST_MAP_KEYS)
    unique = f", unique by `{keys[0]}`" if keys else ""
    return _most(schema, "maxItems") + (unique or _set(schema))


def _set(schema: Mapping[str, Any]) -> str:
    return ", each once" if schema.get(LIST_TYPE) == "set" else ""


def _most(schema: Mapping[str, Any], limit: str) -> str:
    return f", at most {schema[limit]}" if limit in schema else ""


def _scalar_limits(schema: Mapping[str, Any]) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f", {schema['minimum']} to {schema['maximum']}"
    if "minimum" in schema:
        return f", at least {schema['minimum']}"
    if "maxLength" in schema:
        return f", up to {schema['maxLength']} characters"
    return ""


def _sentence(rule: Rule) -> str:
    value, requirement, remedy = rule.static
    refused = "" if rule.shows_values else f" Refused: {value}."
    place = f"`{rule.field}`: " if rule.field else ""
    return f"{place}expected {requirement}; {remedy}.{refused}"


def _flowing(text: str | None) -> str:
    return " ".join((text or "").split())
