"""The frozen base of all API types, and the scalars that many fields share."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, ClassVar, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StrictBool,
    StrictInt,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from inference_operator.api.quoting import shown
from inference_operator.api.rules import VALIDATIONS, Described, Rule, text, unless, violation

GROUP = "inference.aipx.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

# Neither "3" nor "yes": the API server treats them as strings.
Int = StrictInt
Bool = StrictBool

# Our schema keyword for the default that descriptions show; the CRDs have no defaults.
DEFAULT_TEXT = "x-default-text"

# Validation context for a body that a person wrote, rather than code.
AS_WRITTEN: Mapping[str, Any] = {"as_written": True}


def _raise(
    model: type[BaseModel], errors: Iterable[tuple[str | None, PydanticCustomError]]
) -> None:
    """Raise all errors at once, each at its field below the model."""
    details = [
        InitErrorDetails(type=error, loc=tuple(field.split(".")) if field else (), input=None)
        for field, error in errors
    ]
    if details:
        raise ValidationError.from_exception_data(model.__name__, details)


def _null(model: type[BaseModel], name: str) -> PydanticCustomError:
    """Return the error for a YAML key with nothing below it."""
    field = next((f for n, f in model.model_fields.items() if name in (n, f.alias)), None)
    within = _object(field.annotation) if field is not None else None
    if within is None:
        remedy = "remove the field, or give it a value"
    elif any(field.is_required() for field in within.model_fields.values()):
        remedy = "remove it, or write its fields below it"
    else:
        remedy = "remove it, or write {} for its defaults"
    return violation("null", "a value", remedy)


def _object(annotation: Any) -> type[BaseModel] | None:
    """Return the API type that a field holds; None for a list or a map."""
    choices = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next((c for c in choices if isinstance(c, type) and issubclass(c, BaseModel)), None)


class ApiModel(BaseModel):
    """Base of API types: frozen, closed to unknown fields, camelCase in YAML and snake_case in
    Python."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _holds_no_nulls(cls, data: Any, info: ValidationInfo) -> Any:
        """Refuse nulls as the API server does; in Python, None stands for an absent field."""
        if info.context is AS_WRITTEN and isinstance(data, Mapping):
            _raise(cls, [(name, _null(cls, name)) for name, v in data.items() if v is None])
        return data

    @model_validator(mode="after")
    def _holds_rules(self) -> Self:
        broken = [rule for rule in self.rules if not rule.holds(self)]
        _raise(type(self), [(rule.field, rule.violation(self)) for rule in broken])
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        reference = handler(schema)
        schema_of_type = handler.resolve_ref_schema(reference)
        for field in cls.model_fields.values():
            if (text := default_text(field)) and text not in ("{}", "[]"):
                schema_of_type["properties"][field.alias][DEFAULT_TEXT] = text
        if cls.rules:
            schema_of_type[VALIDATIONS] = [rule.to_cel() for rule in cls.rules]
        return reference

    def has(self, *names: str) -> bool:
        """Return whether those fields were written, as CEL's `has()` sees it: defaults do not
        count."""
        return all(
            name in self.model_fields_set and getattr(self, name) is not None for name in names
        )

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return the object itself, since it is frozen. Pydantic copies a default of a field for
        each resource that does not set it."""
        return self


class SharedFields(ApiModel):
    """Fields of several types; each type lists them after the fields that it adds. The CRDs, the
    documentation and the problems of a spec follow this order."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        fields, shared = cls.model_fields, getattr(cls.__base__, "model_fields", {})
        if shared:
            added = {name: field for name, field in fields.items() if name not in shared}
            cls.__pydantic_fields__ = added | fields
            cls.model_rebuild(force=True)


@dataclass(frozen=True, slots=True)
class AsWritten:
    """Annotation of a map that must be valid as that type, and is kept as it was written. The
    rendered manifest, and the hash over it, then do not depend on the type."""

    model: type[ApiModel]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            self._checked,
            handler.generate_schema(self.model),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value, return_schema=core_schema.any_schema()
            ),
        )

    def _checked(self, value: Any, check: Callable[[Any], object]) -> Any:
        check(value)
        return value


def default_text(field: FieldInfo) -> str | None:
    """Return a field's default as a person writes it in YAML; None if descriptions do not show
    it."""
    if field.is_required() or field.default is None:
        return None
    default = field.default
    if isinstance(default, timedelta):
        return format_duration(default)
    if isinstance(default, BaseModel):
        return _flow(default)
    if isinstance(default, tuple) and all(isinstance(item, BaseModel) for item in default):
        return f"[{', '.join(map(_flow, default))}]"
    return default if isinstance(default, str) else json.dumps(default)


def _flow(value: BaseModel) -> str:
    values = value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return f"{{{', '.join(f'{name}: {json.dumps(each)}' for name, each in values.items())}}}"


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the API type within an annotation such as `tuple[EnvVar, ...] | None`."""
    if isinstance(annotation, AsWritten):
        return annotation.model
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := model_of(a)) is not None), None)


_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
# Nothing longer than Go's time.Duration (292 years), with which CEL reads durations.
DURATION_PATTERN = r"([0-9]{1,9}(us|ms|s)|[0-9]{1,6}(m|h))"
_DURATION_FORM = ("a duration such as 500us, 5ms, 30s, 5m or 1h", "write one number and one unit")


def parse_duration(text: object) -> timedelta:
    """Return `500us`, `5ms`, `30s`, `5m` or `1h` as a timedelta; raise the error that names the
    form."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.fullmatch(DURATION_PATTERN, text, re.ASCII):
        raise violation(shown(text), *_DURATION_FORM)
    number = text.rstrip("umsh")
    return timedelta(microseconds=int(number) * _UNITS[text.removeprefix(number)])


def format_duration(value: timedelta) -> str:
    """Return the shortest exact form: `timedelta(minutes=5)` is `5m`, 90 s is `90s`."""
    micros = value // timedelta(microseconds=1)
    for unit in ("h", "m", "s", "ms"):
        count, rest = divmod(micros, _UNITS[unit])
        if count and not rest and re.fullmatch(DURATION_PATTERN, f"{count}{unit}"):
            return f"{count}{unit}"
    return f"{micros}us" if micros else "0s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": 12}),
    Described(text(DURATION_PATTERN, *_DURATION_FORM).rule),
]

QUANTITY_PATTERN = r"[0-9]{1,19}(\.[0-9]{1,9})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?"
_QUANTITY_FORM = (
    "a quantity such as 500m, 2, 64Mi or 1Gi",
    "write one number and one of Kubernetes' suffixes",
)
_SUFFIXES: Mapping[str, Decimal] = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    **{s: Decimal(1000) ** (i + 1) for i, s in enumerate(["k", "M", "G", "T", "P", "E"])},
    **{s: Decimal(1024) ** (i + 1) for i, s in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"])},
}


def parse_quantity(text: str) -> Decimal:
    """Return a Kubernetes quantity as a number: `500m` is 0.5, `64Mi` is 67108864."""
    if not re.fullmatch(QUANTITY_PATTERN, text, re.ASCII):
        raise violation(shown(text), *_QUANTITY_FORM)
    number = text.rstrip("".join(_SUFFIXES))
    return Decimal(number) * _SUFFIXES[text.removeprefix(number)]


def _quantity(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise violation(shown(value), *_QUANTITY_FORM)
    parse_quantity(text)
    return text


Quantity = Annotated[
    str,
    BeforeValidator(_quantity),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "maxLength": 32,
        }
    ),
    Described(text(QUANTITY_PATTERN, *_QUANTITY_FORM, of="string(self)").rule),
]

DnsSubdomain = Annotated[
    str,
    Field(max_length=253),
    text(
        r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
        "lower-case letters, digits, '-' and '.', with a letter or digit at both ends",
        "write the name of the object as Kubernetes has it",
        shown_as=unless("[@?#=:]"),
    ),
]
EnvName = Annotated[
    str,
    Field(max_length=253),
    text(
        r"[-._a-zA-Z][-._a-zA-Z0-9]*",
        "letters, digits, '_', '-' and '.', not starting with a digit",
        "write the name of an environment variable",
        shown_as=unless("[@?#=:]"),
    ),
]
