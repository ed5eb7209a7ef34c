"""Hand-written Triton repositories, and the manifests that import makes of them."""

from pathlib import Path
from typing import Any

from model_builders.importer import Imported, ImportOptions, import_repository

CORPUS = Path(__file__).parents[2] / "data" / "triton_repositories"
PREFIX = "pvc://models/repository"

PYTHON = """backend: "python"
input { name: "TICKS" data_type: TYPE_FP32 dims: 1 }
output { name: "BARS" data_type: TYPE_FP32 dims: 1 }
"""


def imported(repository: Path, prefix: str = PREFIX, **options: Any) -> Imported:
    return import_repository(repository, ImportOptions(prefix, **options))


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
