"""`spec.triton.env`: environment variables of the Triton container."""

from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, DnsSubdomain, EnvName
from inference_operator.api.rules import Rule


class KeyRef(ApiModel):
    """A key of a Secret or ConfigMap in the same namespace."""

    name: DnsSubdomain
    """Name of the object."""

    key: Annotated[str, Field(min_length=1, max_length=253)]
    """Key in the object."""


class EnvSource(ApiModel):
    """Source of an environment variable's value; set exactly one field."""

    rules: ClassVar = (
        Rule(
            cel="has(self.secretKeyRef) != has(self.configMapKeyRef)",
            holds=lambda self: self.has("secret_key_ref") != self.has("config_map_key_ref"),
            value="both or neither of secretKeyRef and configMapKeyRef",
            requirement="exactly one",
            remedy="keep the one that the value comes from",
        ),
    )

    secret_key_ref: KeyRef | None = None
    """A key of a Secret."""

    config_map_key_ref: KeyRef | None = None
    """A key of a ConfigMap."""


class EnvVar(ApiModel):
    """An environment variable of the Triton container."""

    rules: ClassVar = (
        Rule(
            cel="has(self.value) != has(self.valueFrom)",
            holds=lambda self: self.has("value") != self.has("value_from"),
            value="both or neither of value and valueFrom",
            requirement="exactly one",
            remedy="keep the one that is meant",
        ),
    )

    name: EnvName
    """Name of the variable."""

    value: Annotated[str, Field(max_length=32768)] | None = None
    """Value of the variable."""

    value_from: EnvSource | None = None
    """Source of the value, instead of `value`."""
