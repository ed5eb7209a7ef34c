"""The model card: what a person reads before a version is given an alias."""

from collections.abc import Mapping
from typing import Any

from training.models.signature import TensorSpec
from training.trained import Trained


def model_card(name: str, trained: Trained, commit: str) -> str:
    """Return Markdown: the verdict first, then data, tensors, results, and how to repeat them."""
    report = trained.report
    data = report.get("data", {})
    parts = [
        f"# {name}",
        str(report.get("verdict", "No verdict was written for this training.")),
        "## Data",
        f"{data.get('source', 'unknown')}, sha256 `{data.get('sha256', 'unknown')}`.",
        _table(("part", "samples", "from", "to"), _spans(report.get("split", {}))),
        "## Tensors",
        _table(
            ("tensor", "data type", "shape"),
            [_row("input", each) for each in trained.signature.inputs]
            + [_row("output", each) for each in trained.signature.outputs],
        ),
        "## On days or texts that it never saw",
        _table(("figure", "value"), sorted(flat(report.get("test", {})).items())),
        "## To repeat it",
        _table(("setting", "value"), sorted(report.get("settings", {}).items())),
        f"Git commit `{commit}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the finite numbers of nested mappings and lists, by dotted path."""
    flattened: dict[str, float] = {}
    for key, value in content.items():
        path = f"{prefix}{key}"
        inner = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(inner, Mapping):
            flattened |= flat({str(name): each for name, each in inner.items()}, f"{path}.")
        elif isinstance(value, int | float) and abs(value) < float("inf"):
            flattened[path] = float(value)
    return flattened


def _spans(split: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (part, span.get("samples", ""), span.get("first", ""), span.get("last", ""))
        for part, span in split.items()
        if isinstance(span, Mapping)
    ]


def _row(kind: str, tensor: TensorSpec) -> tuple[str, str, str]:
    return f"{kind} `{tensor.name}`", tensor.data_type, str([-1, *tensor.shape])


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    if not rows:
        return ""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
