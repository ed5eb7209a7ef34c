"""`docs/api.md`: a table of every field, from the same types as the CRD."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from inference_operator.api.base import API_VERSION, default_text, model_of
from inference_operator.api.crd import DEFAULT, structural_schema
from inference_operator.api.custom_resources import CUSTOM_RESOURCES, CustomResource
from inference_operator.api.rules import LIST_MAP_KEYS, LIST_TYPE, VALIDATIONS

_INTRO = f"""\
<!-- Generated from operator/inference_operator/api by `make generate`. Do not edit. -->

# API (`{API_VERSION}`)

Every field, as `kubectl explain inferencemodel.spec --recursive` (or `ensemblepipeline.spec`) shows
it. The CRDs have no defaults: those in the tables are what the operator takes a field for that
nobody wrote, and they are never written back. Fields without a default are left to Triton or
Kubernetes when absent. Rules are checked by the API server at `kubectl apply`, and once more by the
operator.
"""


def api_page() -> str:
    """The whole page as Markdown."""
    lines = [_INTRO, *(line for kind in CUSTOM_RESOURCES for line in _kind(kind))]
    return "\n".join(lines).rstrip() + "\n"


def _kind(found: CustomResource) -> Iterator[str]:
    yield f"## {found.kind}"
    yield ""
    yield f"{_flowing(found.resource.__doc__)} Short name: `{found.short_name}`."
    yield ""
    yield from (f"- {_sentence(rule.to_cel())}" for rule in found.resource.rules)
    yield ""
    for path, model in (("spec", found.spec), ("status", found.status)):
        yield from _section(path, model, structural_schema(model))


def _section(path: str, model: type[BaseModel], schema: Mapping[str, Any]) -> Iterator[str]:
    """One type and, after it, those of its fields."""
    yield f"### `{path}`"
    yield ""
    yield _flowing(model.__doc__)
    yield ""
    if schema["properties"]:
        yield from _table(model, schema)
    rules = schema.get(VALIDATIONS, ())
    if rules:
        yield "Rules:"
        yield ""
        yield from (f"- {_sentence(rule)}" for rule in rules)
        yield ""
    for alias, field in _fields(model):
        inner = model_of(field.annotation)
        if inner is not None:
            found = schema["properties"][alias]
            is_list = found["type"] == "array"
            below = f"{path}.{alias}{'[]' if is_list else ''}"
            yield from _section(below, inner, found["items"] if is_list else found)


def _table(model: type[BaseModel], schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| field | type | default | description |"
    yield "|---|---|---|---|"
    for alias, field in _fields(model):
        found = schema["properties"][alias]
        cells = (f"`{alias}`", _type(found), _default(field), _description(found))
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    text = default_text(field)
    return f"`{text}`" if text is not None else ""


def _description(schema: Mapping[str, Any]) -> str:
    """The field's own words, and what its value must look like."""
    scalar = schema["items"] if schema.get("type") == "array" else schema
    rules = scalar.get(VALIDATIONS, ()) if "properties" not in scalar else ()
    forms = [_expected(rule) for rule in (*rules, *_list_rules(schema))]
    form = f" Expected: {'; '.join(forms)}." if forms else ""
    words = schema.get("description", "").partition(DEFAULT)[0]  # it has a column of its own
    return f"{words}{form}"


def _list_rules(schema: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    return tuple(schema.get(VALIDATIONS, ())) if schema.get("type") == "array" else ()


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


def _expected(rule: Mapping[str, str]) -> str:
    return rule["message"].partition("expected ")[2].partition("; ")[0]


def _sentence(rule: Mapping[str, str]) -> str:
    place = rule.get("fieldPath", "").removeprefix(".")
    found, _, rest = rule["message"].partition(", expected ")
    # With an expression, what was found is known only once it is.
    refused = "" if "messageExpression" in rule else f" Refused: {found.removeprefix('found ')}."
    return f"{f'`{place}`: ' if place else ''}expected {rest}.{refused}"


def _flowing(text: str | None) -> str:
    return " ".join((text or "").split())
