"""Rates in settings: a number of requests and the time that they are counted over."""

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_FORM = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")


def _rate(given: str) -> str:
    if given and not _FORM.fullmatch(given):
        raise PydanticCustomError(
            "rate", "expected NUMBER/second, /minute, /hour or /day, such as 100/second, or nothing"
        )
    return given


Rate = Annotated[str, AfterValidator(_rate)]
"""Requests in a time, such as `100/second`; empty: no limit."""
