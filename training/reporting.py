"""report.json for programs and report.md for people: how good a model is, and how to repeat it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from training.data.prices import Split, Windows
from training.loop import Fitted
from training.profiles import Plan

Report = dict[str, Any]


def described(fitted: Fitted, plan: Plan) -> Report:
    """Return all that is needed to train the model again: its data, settings and versions."""
    weights = sum(weight.numel() for weight in fitted.model.parameters())
    return {
        "settings": plan.settings.model_dump(mode="json"),
        "plan": plan.model_dump(mode="json", exclude={"settings"}),
        "samplesSha256": fitted.data_sha256,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "parameters": weights,
        "epochs": [asdict(epoch) for epoch in fitted.epochs],
        "bestEpoch": fitted.best,
    }


def spans(parts: Split) -> Report:
    """Return the number of samples of each part, and its first and last day."""
    named = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {name: _span(samples) for name, samples in named.items()}


def _span(samples: Windows) -> Report:
    if not len(samples):
        return {"samples": 0}
    days = {"first": str(samples.first.min()), "last": str(samples.target.max())}
    return {"samples": len(samples), **days}


def write_report(name: str, content: Report, folder: Path) -> None:
    """Write both files; each appears whole or not at all."""
    _write(folder / "report.json", json.dumps(content, indent=2, allow_nan=False) + "\n")
    _write(folder / "report.md", "\n".join(_page(name, content, folder)) + "\n")


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


def _page(name: str, content: Report, folder: Path) -> Iterator[str]:
    yield from (f"# {name}", "", content["verdict"], "")
    test = content["test"]
    yield from _table("Errors on the held-out test part", _rows(test["errors"]))
    for kind in ("direction", "sign"):
        yield from _table(kind.capitalize(), _shares(test.get(kind, {})))
    if "reliability" in test:
        yield from _table("Confidence in the sign", [_plain(row) for row in test["reliability"]])
    if "coverage" in content:
        levels = content["coverage"]["byLevel"]
        rows = [{"claimed": level, "held": f"{share:.3f}"} for level, share in levels.items()]
        yield from _table("Coverage of intervals", rows)
    if folds := content.get("walkForward", {}).get("folds"):
        yield from _table("Walk-forward", [_plain(fold) for fold in folds])
    if attributions := content.get("attributions"):
        yield from ("## Attributions", "", "```json")
        yield from (json.dumps(attributions, indent=2), "```", "")
    for picture in sorted((folder / "plots").glob("*.png")):
        yield from (f"![{picture.stem}](plots/{picture.name})", "")
    yield from _table("Samples", _rows(content["split"]))
    yield from _table("Settings", [{"setting": k, "value": v} for k, v in _settings(content)])
    off = ", ".join(f"{file} {value:.1e}" for file, value in content["export"].items())
    yield f"Exported files answer as the trained model does, off by at most: {off}."


def _settings(content: Report) -> list[tuple[str, Any]]:
    same = {name: content[name] for name in ("samplesSha256", "torch", "threads", "parameters")}
    return list((content["settings"] | content["plan"] | same).items())


def _rows(table: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"": name, **_plain(row)} for name, row in table.items()]


def _shares(table: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"": name, **_plain(row)} for name, row in table.items() if row["cases"]]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.5f}"
    if isinstance(value, list):
        return " to ".join(str(_cell(entry)) for entry in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(entry)}" for name, entry in value.items())
    return value


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a Markdown table under a heading; the first row names the columns."""
    if not rows:
        return
    columns = list(rows[0])
    yield from (f"## {title}", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|")
    for row in rows:
        yield f"| {' | '.join(str(row.get(column, '')) for column in columns)} |"
    yield ""
