"""Rule for sections of which exactly one is written."""

from collections.abc import Sequence
from typing import Any

from inference_operator.api.rules import Computed, Rule, cel_string, lookup


def exactly_one(*fields: str, remedy: str) -> Rule:
    """Return the rule that exactly one of these fields is written; names are as in YAML."""
    *most, last = fields

    def written_in(value: Any) -> list[str]:
        return [field for field in fields if lookup(value, field) is not None]

    return Rule(
        cel=f"[{', '.join(f'has(self.{field})' for field in fields)}].filter(x, x).size() == 1",
        holds=lambda value: len(written_in(value)) == 1,
        value="{none or several}",
        requirement=f"exactly one of {', '.join(most)} and {last}",
        remedy=remedy,
        computed=(
            Computed("none or several", _cel(fields, []), lambda value: _listed(written_in(value))),
        ),
    )


def _listed(written: Sequence[str]) -> str:
    return " and ".join(written) or "nothing"


def _cel(fields: Sequence[str], written: Sequence[str]) -> str:
    """Return the CEL text for each case: the API server takes `join` for too expensive."""
    if not fields:
        return cel_string(_listed(written))
    first, *others = fields
    with_it, without = _cel(others, [*written, first]), _cel(others, written)
    return f"(has(self.{first}) ? {with_it} : {without})"
