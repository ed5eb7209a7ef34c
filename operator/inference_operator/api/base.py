"""What every API type is made of: the frozen base, durations, quantities, and validation rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

GROUP = "inference.aipx.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One CEL rule (`x-kubernetes-validations`): refused at `kubectl apply`, operator or not.

    `message` is the sentence that the person reads; `message_expression` (CEL) replaces it where
    the sentence must name what was found. `field` places the error, as `.maxBatchSize`.
    """

    rule: str
    message: str
    message_expression: str | None = None
    field: str | None = None


class ApiModel(BaseModel):
    """Frozen, closed to unknown fields, camelCase in YAML and snake_case in Python."""

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


_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
DURATION_PATTERN = r"^[0-9]{1,9}(us|ms|s|m|h)$"


def parse_duration(text: object) -> timedelta:
    """`500us`, `5ms`, `30s`, `5m` or `1h` as a timedelta; ValueError names the expected form."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.match(DURATION_PATTERN, text):
        raise ValueError(f"found {text!r}, expected a duration such as 500us, 5ms, 30s, 5m or 1h")
    number, unit = re.fullmatch(r"([0-9]+)([a-z]+)", text).groups()  # type: ignore[union-attr]
    return timedelta(microseconds=int(number) * _UNITS[unit])


def format_duration(value: timedelta) -> str:
    """The shortest exact form: `timedelta(minutes=5)` is `5m`, 90 s is `90s`."""
    micros = value // timedelta(microseconds=1)
    for unit in ("h", "m", "s", "ms"):
        if micros and micros % _UNITS[unit] == 0:
            return f"{micros // _UNITS[unit]}{unit}"
    return f"{micros}us" if micros else "0s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "maxLength": 12}),
]

QUANTITY_PATTERN = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
_SUFFIXES: Mapping[str, Decimal] = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    **{s: Decimal(1000) ** (i + 1) for i, s in enumerate(["k", "M", "G", "T", "P", "E"])},
    **{s: Decimal(1024) ** (i + 1) for i, s in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"])},
}


def parse_quantity(text: str) -> Decimal:
    """A Kubernetes quantity as a number: `500m` is 0.5, `64Mi` is 67108864."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([a-zA-Z]*)", text)
    if found is None or found.group(2) not in _SUFFIXES:
        raise ValueError(f"found {text!r}, expected a quantity such as 500m, 2, 64Mi or 1Gi")
    return Decimal(found.group(1)) * _SUFFIXES[found.group(2)]


def _quantity(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise ValueError(f"found {value!r}, expected a quantity such as 500m, 2, 64Mi or 1Gi")
    parse_quantity(text)
    return text


Quantity = Annotated[
    str,
    BeforeValidator(_quantity),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "pattern": QUANTITY_PATTERN,
            "maxLength": 32,
        }
    ),
]

DnsLabel = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
DnsSubdomain = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
EnvName = Annotated[str, Field(max_length=253, pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")]

# A pod-spec structure that Kubernetes itself checks when the Deployment is written.
KubernetesObject = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
]
