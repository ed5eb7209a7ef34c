"""Rate at which `inference-operator import` keeps the configurations of other people's models.

`python -m benchmarks.import_rate FOLDER` reads every config.pbtxt below FOLDER, whose folders are
repositories as they were downloaded: `OWNER__NAME/PATH/MODEL/config.pbtxt`, with the commit in a
file `.commit` beside it, if known. Artifacts need not be there: empty files take their place.
Each model is imported, rendered and compared with its original as protobuf messages. The table
(tab-separated) goes to stdout and the counts to stderr.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference_operator.api.ensemble_pipeline import EnsemblePipeline
from inference_operator.api.inference_model import InferenceModel
from inference_operator.cli.import_check import unserved
from inference_operator.domain.kubectl_yaml import write_manifests
from model_builders.config import model_config, parse_pbtxt
from model_builders.ensemble import StepModel, ensemble_config
from model_builders.importer import Imported, ImportOptions, import_repository, resource_name
from model_builders.importing.ensembles import is_ensemble
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig

COLUMNS = ("repository", "commit", "path", "backend", "result", "reason")
EQUAL, REFUSED, FAILED = "equal", "equal, but the operator would refuse it", "not imported"
_FILES = ("model.onnx", "model.pt", "model.plan", "model.py")
_OF_BACKEND = {"onnxruntime": 0, "pytorch": 1, "tensorrt": 2, "python": 3}
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Row:
    """One model of a repository, and what came of its import."""

    repository: str
    commit: str
    path: str
    backend: str
    result: str
    reason: str = ""

    def __str__(self) -> str:
        return "\t".join(getattr(self, column) for column in COLUMNS)


def rows(folder: Path) -> Iterator[Row]:
    """Yield a row for each config.pbtxt; the models of one repository are imported together."""
    for repository in sorted(path for path in folder.iterdir() if path.is_dir()):
        configs = sorted(repository.rglob("config.pbtxt"))
        for parent in sorted({config.parent.parent for config in configs}):
            models = [config.parent for config in configs if config.parent.parent == parent]
            yield from _rows(repository, models)


def _rows(repository: Path, models: Sequence[Path]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        names = {model: _lay_out(model, place, model == repository) for model in models}
        imported = import_repository(place, ImportOptions("pvc://models/repository"))
        text = write_manifests(imported.manifests)
        refusals = [*imported.warnings, *unserved(text, imported.refused)]
        for model in models:
            yield _row(repository, model, names[model], (imported, refusals))


def _row(repository: Path, model: Path, name: str, answers: tuple[Imported, Sequence[str]]) -> Row:
    imported, warnings = answers
    text = (model / "config.pbtxt").read_text("utf-8")
    commit = model / ".commit"
    head = (
        repository.name.replace("__", "/"),
        commit.read_text().strip() if commit.is_file() else "",
        str(model.relative_to(repository)),
    )
    failure = next((f for f in imported.failures if f.startswith(f"{name}: ")), None)
    if failure is not None:
        return Row(*head, _backend_of(text), FAILED, _short(failure))
    original = parse_pbtxt(text)
    original.name = name
    difference = _difference(rendered(imported.manifests, original), original)
    if difference:
        return Row(*head, _backend_of(text), "different", difference)
    refused = [w for w in warnings if "the operator will refuse it" in w and _is_about(w, name)]
    return Row(
        *head, _backend_of(text), REFUSED if refused else EQUAL, _short(" ".join(refused[:1]))
    )


def _lay_out(model: Path, place: Path, is_root: bool) -> str:
    """Write the model with an empty artifact; return its folder's name, in a repository's root that
    of the config."""
    text = (model / "config.pbtxt").read_text("utf-8")
    config = _parsed(text)
    name = (config.name if config and is_root else "") or model.name
    folder = place / name / "1"
    folder.mkdir(parents=True)
    (place / name / "config.pbtxt").write_text(text, "utf-8")
    if config is None or not is_ensemble(config):
        main = config.default_model_filename if config else ""
        number = next((n for b, n in _OF_BACKEND.items() if b in _backend_of(text)), 0)
        (folder / (main or _FILES[number])).touch()
    return name


def rendered(manifests: Sequence[dict[str, Any]], original: ModelConfig) -> ModelConfig:
    """Return the config that the manifest of `original` renders, with the original's versions."""
    names = {(m["kind"], m["metadata"]["name"]): served_name(m) for m in manifests}
    manifest = next(m for m in manifests if served_name(m) == original.name)
    if manifest["kind"] == "InferenceModel":
        spec = InferenceModel.model_validate(manifest).spec
        return model_config(spec, name=original.name, accelerated=True)
    pipeline = EnsemblePipeline.model_validate(manifest).spec
    pairs = zip(pipeline.steps, original.ensemble_scheduling.step, strict=True)
    models = {
        step.name: StepModel(names[step.model_ref.kind, step.model_ref.name], inner.model_version)
        for step, inner in pairs
        if step.model_ref
    }
    return ensemble_config(pipeline, name=original.name, models=models)


def served_name(manifest: dict[str, Any]) -> str:
    """Return the name of the manifest's model in Triton."""
    spec = manifest["spec"]
    return str(spec.get("model", spec).get("name", manifest["metadata"]["name"]))


def _difference(config: ModelConfig, original: ModelConfig) -> str:
    """Return the names of fields that differ, but for those that docs/import.md names."""
    left, right = ModelConfig(), ModelConfig()
    left.CopyFrom(config)
    right.CopyFrom(original)
    for message, other in ((left, right), (right, left)):
        if not other.backend:
            message.ClearField("backend")
        for group, twin in zip(message.instance_group, other.instance_group, strict=False):
            group.count = group.count if twin.count else 0
        for tensor in message.output:
            tensor.ClearField("label_filename")
        files = [s for s in message.model_warmup if not any(_files_of(s))]
        del message.model_warmup[:]
        message.model_warmup.extend(files)
    fields = ModelConfig.DESCRIPTOR.fields
    return ", ".join(f.name for f in fields if getattr(left, f.name) != getattr(right, f.name))


def _files_of(sample: Any) -> Iterator[str]:
    for tensor in sample.inputs.values():
        yield tensor.input_data_file


def _parsed(text: str) -> ModelConfig | None:
    try:
        return parse_pbtxt(text)
    except ConfigError:
        return None


def _backend_of(text: str) -> str:
    config = _parsed(text)
    if config is None:
        return "unreadable"
    return str(config.backend or config.platform or "of the file")


def _is_about(sentence: str, name: str) -> bool:
    return sentence.startswith((f"{name}: ", f"{resource_name(name)}: "))


def _short(sentence: str) -> str:
    return " ".join(sentence.split())[:_LONGEST]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure how many models import equal.")
    parser.add_argument("folder", type=Path, help="folder with downloaded repositories")
    table = list(rows(parser.parse_args(argv).folder))
    print("\t".join(COLUMNS))
    for row in table:
        print(row)
    for result, count in sorted(Counter(row.result for row in table).items()):
        print(f"{result}: {count}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
