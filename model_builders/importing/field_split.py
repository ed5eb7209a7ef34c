"""Split of a config into fields of the API and configOverrides, without loss."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf import text_format
from pydantic import ValidationError

from inference_operator.api.triton import Triton
from model_builders.config import write_triton
from model_builders.importing.config_diff import difference
from model_builders.importing.sections import READERS
from model_builders.protobuf import written_config


def split_fields(
    target: Any,
    declare: Callable[[Mapping[str, Any]], Any],
    sections: Iterable[str] = tuple(READERS),
) -> dict[str, Any]:
    """Return `spec.triton` for the written config `target`.

    `declare` renders a spec with that triton section as a written config, without overrides. Each
    of `sections` becomes fields if these render no more than `target` has. The rest goes to
    configOverrides. Raises ValueError if it cannot.
    """
    kept: dict[str, Any] = {}
    for key in sections:
        fragment = READERS[key](target)
        if fragment is not None and _is_contained(target, {key: fragment}):
            kept[key] = fragment
    rest = difference(target, declare(kept))
    if rest is None:
        raise ValueError("the sections contradict the config that they were read from")
    if rest.ListFields():
        kept["configOverrides"] = text_format.MessageToString(
            rest, as_utf8=True, use_short_repeated_primitives=True
        )
    return kept


def _is_contained(target: Any, fields: Mapping[str, Any]) -> bool:
    try:
        triton = Triton.model_validate(fields)
    except ValidationError:
        return False
    config = written_config()
    write_triton(config, triton)
    return difference(target, config) is not None
