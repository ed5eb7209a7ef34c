"""Label selectors, with the fields that `affinity` and `topologySpreadConstraints` have in
core/v1."""

import re
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, WithJsonSchema

from inference_operator.api.base import ApiModel
from inference_operator.api.quoting import shown
from inference_operator.api.rules import Rule, keys, text, violation

LABEL_KEY = r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?"
LABEL_KEY_LENGTH = 317
LABEL_VALUE_LENGTH = 63

LabelKey = Annotated[
    str,
    Field(max_length=LABEL_KEY_LENGTH),
    text(LABEL_KEY, "a label key such as kubernetes.io/hostname", "write the key of the label"),
]
_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?"


def _label_value(value: str) -> str:
    if not re.fullmatch(_VALUE, value, re.ASCII):
        raise violation(
            shown(value),
            "letters, digits, '-', '_' and '.', with a letter or digit at both ends",
            "write the value of the label",
        )
    return value


# A pattern instead of a rule: for so many values, the API server rejects the rule's cost.
LabelValue = Annotated[
    str,
    Field(max_length=LABEL_VALUE_LENGTH),
    AfterValidator(_label_value),
    WithJsonSchema({"type": "string", "maxLength": LABEL_VALUE_LENGTH, "pattern": f"^({_VALUE})$"}),
]
Values = Annotated[tuple[LabelValue, ...], Field(max_length=256)]
LabelKeys = Annotated[tuple[LabelKey, ...], Field(max_length=16)]


class LabelSelectorOperator(StrEnum):
    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


HAS_VALUES = Rule(
    cel="!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
    holds=lambda self: self.operator not in ("In", "NotIn") or bool(self.values),
    value="operator {operator} without values",
    requirement="at least one value",
    remedy="list the values of the label, or set operator to Exists or DoesNotExist",
    field="values",
)
HAS_NO_VALUES = Rule(
    cel="!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values)"
    " || self.values.size() == 0",
    holds=lambda self: self.operator not in ("Exists", "DoesNotExist") or not self.values,
    value="operator {operator} with values",
    requirement="no values, since Exists and DoesNotExist check the key only",
    remedy="remove values, or set operator to In or NotIn",
    field="values",
)


class LabelSelectorRequirement(ApiModel):
    """Requirement on one label."""

    rules: ClassVar = (HAS_VALUES, HAS_NO_VALUES)

    key: LabelKey
    """Key of the label."""

    operator: LabelSelectorOperator
    """Comparison between the label and the values."""

    values: Values | None = None
    """Values to compare with. In and NotIn: at least 1. Exists and DoesNotExist: none."""


class LabelSelector(ApiModel):
    """Labels that objects must have. An empty selector matches every object."""

    match_labels: (
        Annotated[
            dict[str, LabelValue],
            Field(max_length=32),
            keys(
                LABEL_KEY,
                LABEL_KEY_LENGTH,
                "a key that a label cannot have",
                "label keys such as app.kubernetes.io/name",
                "write the key of the label",
            ),
        ]
        | None
    ) = None
    """Labels and their values."""

    match_expressions: (
        Annotated[tuple[LabelSelectorRequirement, ...], Field(max_length=32)] | None
    ) = None
    """Additional requirements."""
