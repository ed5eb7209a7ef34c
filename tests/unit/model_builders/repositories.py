"""Hand-written Triton repositories, and the manifests that import makes of them."""

from pathlib import Path
from typing import Any

from inference_operator.api.ensemble_pipeline import EnsemblePipeline
from inference_operator.api.inference_model import InferenceModel
from model_builders.config import model_config
from model_builders.ensemble import StepModel, ensemble_config
from model_builders.importer import Imported, ImportOptions, import_repository
from model_builders.protobuf import ModelConfig

CORPUS = Path(__file__).parents[2] / "data" / "triton_repositories"
PREFIX = "pvc://models/repository"

PYTHON = """backend: "python"
input { name: "TICKS" data_type: TYPE_FP32 dims: 1 }
output { name: "BARS" data_type: TYPE_FP32 dims: 1 }
"""


def imported(repository: Path, prefix: str = PREFIX, **options: Any) -> Imported:
    return import_repository(repository, ImportOptions(prefix, **options))


def served_name(manifest: dict[str, Any]) -> str:
    spec = manifest["spec"]
    return str(spec.get("model", spec).get("name", manifest["metadata"]["name"]))


def rendered(manifests: list[dict[str, Any]], original: ModelConfig) -> ModelConfig:
    """Render the manifest under the original's name, with the original's versions of steps."""
    names = {(m["kind"], m["metadata"]["name"]): served_name(m) for m in manifests}
    manifest = next(m for m in manifests if served_name(m) == original.name)
    if manifest["kind"] == "InferenceModel":
        model = InferenceModel.model_validate(manifest)
        return model_config(model.spec, name=original.name, accelerated=True)
    spec = EnsemblePipeline.model_validate(manifest).spec
    pairs = zip(spec.steps, original.ensemble_scheduling.step, strict=True)
    models = {
        step.name: StepModel(names[step.model_ref.kind, step.model_ref.name], inner.model_version)
        for step, inner in pairs
        if step.model_ref
    }
    return ensemble_config(spec, name=original.name, models=models)


def write(
    repository: Path, name: str, config: str, *, version: str = "1", **files: str | bytes
) -> None:
    folder = repository / name / version
    folder.mkdir(parents=True)
    (repository / name / "config.pbtxt").write_text(config)
    for file, content in files.items():
        path = folder / file.replace("_", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def ensemble(more: str = "", *, platform: str = 'platform: "ensemble"') -> str:
    return f"""{platform} {more}
    input {{ name: "IN" data_type: TYPE_FP32 dims: 1 }}
    output {{ name: "OUT" data_type: TYPE_FP32 dims: 1 }}
    ensemble_scheduling {{ step {{ model_name: "bars" model_version: -1
      input_map {{ key: "TICKS" value: "IN" }} output_map {{ key: "BARS" value: "OUT" }} }} }}"""
