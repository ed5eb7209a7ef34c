"""Parsing of a written body into a resource of ours, or into its problems."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from inference_operator.api.base import AS_WRITTEN, model_of
from inference_operator.api.custom_resources import BY_KIND, AnyResource
from inference_operator.api.ensemble_pipeline import EnsemblePipeline
from inference_operator.api.inference_model import InferenceModel
from inference_operator.api.problem import MORE, Problem
from inference_operator.api.quoting import MOST_PROBLEMS, counted, short
from inference_operator.api.shown_value import shown_value
from inference_operator.api.suggestions import closest

Parts = tuple[str, str, str]
_LONGEST_CHOICE = 64


class InvalidResourceError(ValueError):
    """A body that is not a valid resource; `problems` gives the reasons, in the order of the
    fields."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def parse(body: Mapping[str, Any]) -> AnyResource:
    """Return the resource in a body, as YAML or the API server gives it; its status is ignored.
    Raises InvalidResourceError, with every error that can be reported at once."""
    model = _type_of(body)
    written = {name: value for name, value in body.items() if name != "status"}
    try:
        return model.model_validate(written, context=AS_WRITTEN, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidResourceError(field_errors(error, model)) from error


def _type_of(body: Mapping[str, Any]) -> type[InferenceModel] | type[EnsemblePipeline]:
    kind = body.get("kind")
    if isinstance(kind, str) and kind in BY_KIND:
        return BY_KIND[kind].resource
    written = "nothing" if kind is None else shown_value(kind)
    unknown = Problem("kind", written, " or ".join(BY_KIND), "write the kind that you need")
    raise InvalidResourceError([unknown])


def field_errors(error: ValidationError, model: type[BaseModel], at: str = "") -> Iterator[Problem]:
    """Yield pydantic's first errors about `model`, whose place in the resource is `at` (such as
    `spec`). If there are more than `MOST_PROBLEMS`, one error stands for the others."""
    details = (detail for detail in error.errors(include_url=False) if not _is_echo(detail))
    for detail in islice(details, MOST_PROBLEMS):
        path = ".".join(filter(None, (at, _path(detail["loc"]))))
        yield Problem(path or "the resource", *_parts(detail, model))
    if next(details, None) is not None:
        yield MORE


def _is_echo(error: ErrorDetails) -> bool:
    """Return whether a list is called too short only because items in it are bad. Pydantic counts
    only the good items."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _parts(error: ErrorDetails, model: type[BaseModel]) -> Parts:
    if error["type"] == "extra_forbidden":
        return _unknown(error, model)
    return _DESCRIPTIONS.get(error["type"], _unexpected)(error)


def _path(loc: tuple[int | str, ...]) -> str:
    path = ""
    for step in loc:
        if isinstance(step, int) or not step.replace("_", "").isalnum():
            path += f"[{step if isinstance(step, int) else short(step)}]"
        else:
            path += f".{short(step)}" if path else short(step)
    return path


def _violation(error: ErrorDetails) -> Parts:
    context = error["ctx"]
    return context["value"], context["requirement"], context["remedy"]


def _missing(error: ErrorDetails) -> Parts:
    return "nothing", "a value, since the field is required", "add it"


def _unknown(error: ErrorDetails, model: type[BaseModel]) -> Parts:
    *parents, name = error["loc"]
    fields = _fields_at(model, parents)
    return "an unknown field", f"one of {', '.join(fields)}", _instead(str(name), fields)


def _instead(name: str, fields: list[str]) -> str:
    """Return the remedy for an unknown field."""
    if name == "namespace":
        return "remove it: the namespace is that of this resource"
    # `dims` is the name in config.pbtxt. Below 0.65, words such as version and triton are alike.
    close = closest("shape" if name == "dims" else name, fields, 0.65)
    return f"did you mean {close}?" if close else "remove it, or move it to where it belongs"


def _wrong_type(expected: str, remedy: str) -> Callable[[ErrorDetails], Parts]:
    def describe(error: ErrorDetails) -> Parts:
        written = error["input"]
        return (
            shown_value(written, error["loc"]),
            expected,
            "remove it, or give it a value" if written is None else remedy,
        )

    return describe


def _bound(expected: str, remedy: str) -> Callable[[ErrorDetails], Parts]:
    def describe(error: ErrorDetails) -> Parts:
        context = error["ctx"]
        return (
            shown_value(error["input"], error["loc"]),
            expected.format(**context),
            remedy.format(**context),
        )

    return describe


def _length(part: str, remedy: str) -> Callable[[ErrorDetails], Parts]:
    def describe(error: ErrorDetails) -> Parts:
        context = error["ctx"]
        limit = context.get("max_length", context.get("min_length"))
        length = counted(len(error["input"]), part)
        bound = "at most" if "max_length" in context else "at least"
        return length, f"{bound} {limit:,}", remedy

    return describe


def _choice(error: ErrorDetails) -> Parts:
    expected = error["ctx"]["expected"].replace("'", "")
    if isinstance(error["input"], float) and math.isnan(error["input"]):
        return ".nan, which is a number in YAML", expected, "write NaN without the dot"
    # People know TYPE_FP32 and KIND_CPU from config.pbtxt, float32 from numpy, BYTES from clients.
    written = error["input"] if isinstance(error["input"], str) else ""
    text = written[:_LONGEST_CHOICE].casefold().replace("float", "fp").replace("bytes", "string")
    meant = [c for c in expected.replace(" or ", ", ").split(", ") if text.endswith(c.casefold())]
    remedy = f"did you mean {meant[-1]}?" if meant else "choose one of them"
    return shown_value(error["input"], error["loc"]), expected, remedy


def _unexpected(error: ErrorDetails) -> Parts:
    return shown_value(error["input"], error["loc"]), "a value as in docs/api.md", "correct it"


_DESCRIPTIONS: Mapping[str, Callable[[ErrorDetails], Parts]] = {
    "violation": _violation,
    "missing": _missing,
    "enum": _choice,
    "literal_error": _choice,
    "string_type": _wrong_type("a string", "put it in quotes"),
    "string_unicode": _wrong_type(
        "text without half a character (a surrogate, \\ud800 to \\udfff)", "write it whole"
    ),
    "int_type": _wrong_type("a whole number", "write digits only, without quotes"),
    "bool_type": _wrong_type("true or false", "write one of them, without quotes"),
    "tuple_type": _wrong_type("a list", "write its items below it, each after a '-'"),
    "dict_type": _wrong_type("a map of names to values", "write them below it"),
    "model_type": _wrong_type("a map of fields", "write its fields below it"),
    "greater_than_equal": _bound("at least {ge}", "raise it to {ge} or more"),
    "less_than_equal": _bound("at most {le}", "lower it to {le} or less"),
    "string_too_long": _length("character", "shorten it"),
    "string_too_short": _length("character", "write something"),
    "too_long": _length("item", "remove some"),
    "too_short": _length("item", "add one, or remove the field"),
}


def _fields_at(root: type[BaseModel], loc: Iterable[int | str]) -> list[str]:
    """Return the names of the fields that a path's place below the root may have."""
    model: type[BaseModel] | None = root
    for step in loc:
        if isinstance(step, str) and model is not None:
            model = model_of(_annotations(model).get(step))
    return list(_annotations(model)) if model is not None else []


def _annotations(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}
