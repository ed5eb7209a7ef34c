"""`spec.triton.image` and `extraArgs`: the Triton image, and the options that only the operator
sets."""

import re
from typing import Annotated

from pydantic import Field

from inference_operator.api.rules import (
    MAY_BE_SECRET,
    Check,
    Computed,
    Rule,
    cel_string,
    text,
    unless,
)

# Options that the operator passes to tritonserver itself, or that its pods need.
RESERVED_ARGS = (
    "model-repository",
    "model-store",
    "model-control-mode",
    "load-model",
    "strict-readiness",
    "exit-timeout-secs",
    "exit-on-error",
    "allow-http",
    "allow-grpc",
    "allow-metrics",
    "http-port",
    "grpc-port",
    "metrics-port",
    "http-address",
    "grpc-address",
    "metrics-address",
    "backend-directory",
    "cache-config",
)
_RESERVED = f"^--({'|'.join(RESERVED_ARGS)})(=|$)"
Image = Annotated[
    str,
    Field(max_length=512),
    text(
        r"[a-z0-9][^\s\v]*",
        "an image reference such as nvcr.io/nvidia/tritonserver:26.01-py3",
        "write registry, repository and tag without spaces",
        shown_as=unless("[@?#=]"),
    ),
]
_OPTION = "^-[-A-Za-z0-9_]*"
# The text after an option may be a password.
_SHOWN_OPTION = Computed(
    "self",
    f"self.startsWith('-') ? self.find({cel_string(_OPTION)}) : {cel_string(MAY_BE_SECRET)}",
    lambda value: option[0] if (option := re.match(_OPTION, str(value))) else MAY_BE_SECRET,
)
_RESERVED_RULE = Rule(
    cel=f"!self.matches({cel_string(_RESERVED)})",
    holds=lambda self: re.match(_RESERVED, self) is None,
    value='"{self}"',
    requirement="an option that the operator neither sets nor needs itself",
    remedy="remove it",
    computed=(_SHOWN_OPTION,),
)
ExtraArg = Annotated[
    str,
    Field(max_length=1024),
    text(
        r"--[a-z0-9][^\n]*",
        "--OPTION or --OPTION=VALUE",
        "write each option as one item",
        shown_as=_SHOWN_OPTION,
    ),
    Check(_RESERVED_RULE),
]
