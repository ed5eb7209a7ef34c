"""Validation rules with one source for three readers: the API server (CEL), the operator (Python)
and the person (a sentence). This module does not name any field of the API."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from inference_operator.api.problem import sentence
from inference_operator.api.quoting import short, shown

# Our schema keyword for the requirements that descriptions show: `kubectl explain` shows no rules.
FORMAT_TEXT = "x-format-text"
VALIDATIONS = "x-kubernetes-validations"
LIST_TYPE = "x-kubernetes-list-type"
LIST_MAP_KEYS = "x-kubernetes-list-map-keys"
CONTROLS = r"\p{Cc}"
"""Control characters, within brackets of a regular expression; CEL's cost grows with its length."""

# Characters of a value within a sentence. CEL does not cut: its messages differ beyond this.
_LONGEST = 300
_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_. ]+)(?:\|([^}]*))?\}")


_WHICH_IS = re.compile(r", which is \{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Computed:
    """A value in a sentence that is not a field; it is written in CEL and in Python too."""

    name: str
    cel: str
    of: Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Rule:
    """A requirement on a value, written twice (`cel` and `holds`) and explained once.

    The sentence is "found VALUE, expected REQUIREMENT; REMEDY". Its parts may hold
    `{path.to.field}`, or `{path.to.field|text}` with the text for an absent field. Paths are as in
    YAML; `{self}` is the value itself; `computed` defines further names. The error is placed at
    `field`, such as `model.maxBatchSize`. `tests/api_cases` runs one table of manifests through
    both halves, so that they cannot differ.
    """

    cel: str
    holds: Callable[[Any], bool]
    value: str
    requirement: str
    remedy: str
    field: str | None = None
    computed: tuple[Computed, ...] = ()

    def violation(self, value: Any) -> PydanticCustomError:
        """Return the error for a value that broke the rule."""
        parts = [self._fill(part, value) for part in self._parts()]
        # Like the API server, which does not show a message with a line break.
        broken = any("\n" in part for part in parts)
        return violation(*self.static if broken else parts)

    def to_cel(self) -> dict[str, str]:
        """Return one item of `x-kubernetes-validations`."""
        item = {"rule": self.cel, "message": sentence(*self.static)}
        if self.shows_values:
            item["messageExpression"] = self._cel_template(sentence(*self._parts()))
        if self.field:
            item["fieldPath"] = f".{self.field}"
        return item

    @property
    def static(self) -> tuple[str, str, str]:
        """Value, requirement and remedy, without the values of their placeholders."""
        return _static(self.value), _static(self.requirement), _static(self.remedy)

    @property
    def shows_values(self) -> bool:
        """Whether the sentence holds placeholders."""
        return any(map(_PLACEHOLDER.search, self._parts()))

    def _parts(self) -> tuple[str, str, str]:
        return self.value, self.requirement, self.remedy

    def _fill(self, template: str, value: Any) -> str:
        def fill(match: re.Match[str]) -> str:
            path, absent = match.groups()
            if computed := self._computed(path):
                return str(computed.of(value))
            at_path = value if path == "self" else lookup(value, path)
            if at_path is None:
                return absent or path
            text = str(list(at_path)) if isinstance(at_path, tuple) else str(at_path)
            return text if "\n" in text else short(text, _LONGEST)

        return _PLACEHOLDER.sub(fill, template)

    def _cel_template(self, template: str) -> str:
        # `format`, because the API server takes the cost of `+` with `string(...)` for unbounded.
        values = ", ".join(self._cel_value(*m.groups()) for m in _PLACEHOLDER.finditer(template))
        pattern = _PLACEHOLDER.sub("%s", template.replace("%", "%%"))
        return f"{cel_string(pattern)}.format([{values}])"

    def _cel_value(self, path: str, absent: str | None) -> str:
        computed = self._computed(path)
        return computed.cel if computed else _cel_value(path, absent)

    def _computed(self, name: str) -> Computed | None:
        return next((computed for computed in self.computed if computed.name == name), None)


def violation(value: str, requirement: str, remedy: str) -> PydanticCustomError:
    """Return a pydantic error that carries the parts of the sentence in its context."""
    return PydanticCustomError(
        "violation",
        "found {value}, expected {requirement}; {remedy}",
        {"value": value, "requirement": requirement, "remedy": remedy},
    )


@dataclass(frozen=True, slots=True)
class Described:
    """Annotation that puts a rule into the schema of a scalar, a list or a map. Parsing the value
    checks the rule."""

    rule: Rule

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        json_schema = handler(schema)
        return {
            **json_schema,
            VALIDATIONS: [*json_schema.get(VALIDATIONS, []), self.rule.to_cel()],
            FORMAT_TEXT: [*json_schema.get(FORMAT_TEXT, []), self.rule.static[1]],
        }


@dataclass(frozen=True, slots=True)
class Check(Described):
    """Annotation that puts a rule on a scalar, a list or a map."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: Any) -> Any:
        if not self.rule.holds(value):
            raise self.rule.violation(value)
        return value


MAY_BE_SECRET = "(not shown: it may hold a password)"
"""Note that a message shows instead of such a value."""


def unless(regex: str) -> Computed:
    """Return the placeholder `{self}` of a text, which shows a note if the regular expression
    matches. People write `NAME=PASSWORD` and addresses where a name belongs."""
    pattern = re.compile(regex, re.ASCII)

    def of(value: object) -> str:
        text = str(value)
        if pattern.search(text):
            return MAY_BE_SECRET
        return text if "\n" in text else short(text, _LONGEST)

    cel = f"self.matches({cel_string(regex)}) ? {cel_string(MAY_BE_SECRET)} : self"
    return Computed("self", cel, of)


def text(
    regex: str, requirement: str, remedy: str, *, of: str = "self", shown_as: Computed | None = None
) -> Check:
    """Return the check that the regular expression matches the whole string; RE2 and Python must
    read it alike. `of` is the string in CEL, if the value itself is not one; `shown_as` is its text
    in messages."""
    compiled = _compiled(regex)
    return Check(
        Rule(
            cel=f"{of}.matches({cel_string(f'^({regex})$')})",
            holds=lambda value: compiled.fullmatch(value) is not None,
            value='"{self}"',
            requirement=requirement,
            remedy=remedy,
            computed=(shown_as,) if shown_as else (),
        )
    )


def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex.replace(CONTROLS, r"\x00-\x1f\x7f-\x9f"), re.ASCII)


def keys(regex: str, max_length: int, value: str, requirement: str, remedy: str) -> Check:
    """Return the check that every key of a map has at most that length, and matches the regular
    expression as a whole."""
    compiled = _compiled(regex)
    return Check(
        Rule(
            cel=f"self.all(k, k.size() <= {max_length} && k.matches({cel_string(f'^({regex})$')}))",
            holds=lambda value: all(len(k) <= max_length and compiled.fullmatch(k) for k in value),
            value=value,
            requirement=requirement,
            remedy=remedy,
        )
    )


@dataclass(frozen=True, slots=True)
class UniqueBy:
    """Annotation of a list whose items are unique by that key (`x-kubernetes-list-type: map`). A
    list without a key is of scalars, which are unique themselves (`set`)."""

    key: str | None = None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._unique, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        if self.key is None:
            return {**handler(schema), LIST_TYPE: "set"}
        return {**handler(schema), LIST_TYPE: "map", LIST_MAP_KEYS: [self.key]}

    def _unique(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        seen: set[object] = set()
        for item in items:
            identity = lookup(item, self.key) if self.key else item
            if identity in seen:
                repeated = f"{self.key} {shown(identity)}" if self.key else shown(identity)
                raise violation(f"{repeated} twice", "each once", "remove one of them")
            seen.add(identity)
        return items


def cel_string(value: str) -> str:
    """Return a CEL string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def lookup(value: Any, path: str) -> Any:
    """Return the part of a value at a path as written in YAML; None if it is absent there."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else _set_field(value, name)
    return value


def _set_field(value: Any, alias: str) -> Any:
    fields = type(value).model_fields if value is not None else {}
    name = next((n for n, f in fields.items() if (f.alias or n) == alias), None)
    return getattr(value, name) if name is not None and name in value.model_fields_set else None


def _static(template: str) -> str:
    """Return the sentence without values; "N, which is {path}" becomes just N."""
    without = _WHICH_IS.sub("", template).replace('"{self}"', "another form")
    return _PLACEHOLDER.sub(r"\1", without)


def _cel_value(path: str, absent: str | None) -> str:
    if path == "self":
        return "self"
    if absent is None:
        return f"self.{path}"
    names = path.split(".")
    present = " && ".join(f"has(self.{'.'.join(names[: i + 1])})" for i in range(len(names)))
    return f"{present} ? dyn(self.{path}) : dyn({cel_string(absent)})"
