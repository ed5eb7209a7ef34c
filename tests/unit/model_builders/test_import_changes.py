"""What changes for clients of an imported model is announced; GPUs and Secrets are written."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.model_builders.repositories import PYTHON, ensemble, imported, write

ONNX = """backend: "onnxruntime"
input { name: "TICKS" data_type: TYPE_FP32 dims: 1 }
output { name: "BARS" data_type: TYPE_FP32 dims: 1 }
"""


def add_versions(folder: Path, *versions: str) -> None:
    for version in versions:
        (folder / version).mkdir()
        (folder / version / "model.py").write_text("")


@pytest.mark.parametrize(
    ("versions", "policy", "kept", "sentences"),
    [
        (("1",), "", "1", []),
        (
            ("3",),
            "",
            "3",
            [
                "bars: version 3 is imported, and it is served as version 1, so clients that name"
                " version 3 must ask for 1 or for none"
            ],
        ),
        (
            ("1", "2"),
            "version_policy { specific { versions: 1 } }",
            "1",
            ["bars: only version 1 is imported, not 2: an InferenceModel serves one version"],
        ),
        (
            ("1", "01", "0"),
            "",
            "1",
            [
                "bars: the folder 0 is not imported: Triton passes over it",
                "bars: the folder 01 is not imported: Triton passes over it",
            ],
        ),
        (
            ("2",),
            "version_policy { specific { versions: 2 } }",
            "2",
            [
                "bars: version 2 is imported, and it is served as version 1, so clients that name"
                " version 2 must ask for 1 or for none",
                "bars: the operator will refuse it: spec.triton.versionPolicy.specific.versions:"
                " found [2], expected a list with 1, the version that the operator serves; add 1,"
                " or remove versionPolicy",
            ],
        ),
    ],
)
def test_versions_whose_number_changes_are_announced(
    versions: tuple[str, ...], policy: str, kept: str, sentences: list[str], tmp_path: Path
) -> None:
    write(tmp_path, "bars", PYTHON + policy, version=versions[0], model_py="")
    add_versions(tmp_path / "bars", *versions[1:])
    result = imported(tmp_path)
    assert result.manifests[0]["spec"]["model"]["source"]["uri"].endswith(f"/{kept}/model.py")
    assert result.warnings == sentences


def test_the_version_of_an_ensemble_is_not_kept(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "signal", ensemble(), version="5")
    assert imported(tmp_path).warnings == [
        "signal: version 5 is not kept: the version of a pipeline is the number of its revision,"
        " so clients that name a version must ask for none"
    ]


@pytest.mark.parametrize(
    ("groups", "accelerator"),
    [
        ("", None),
        ("instance_group { kind: KIND_CPU }", None),
        ("instance_group { kind: KIND_GPU }", {"count": 1}),
        ("instance_group { kind: KIND_GPU gpus: [ 0, 2 ] }", {"count": 3}),
    ],
)
def test_a_pipeline_has_the_gpus_of_its_steps(
    groups: str, accelerator: Any, tmp_path: Path
) -> None:
    write(tmp_path, "bars", PYTHON + groups, model_py="")
    write(tmp_path, "signal", ensemble())
    write(tmp_path, "outer", ensemble().replace("bars", "signal").replace("TICKS", "IN"))
    (tmp_path / "outer" / "config.pbtxt").write_text(
        ensemble().replace('"bars"', '"signal"').replace("TICKS", "IN").replace("BARS", "OUT")
    )
    result = imported(tmp_path)
    assert (result.failures, result.warnings) == ([], [])
    accelerators = [manifest["spec"].get("accelerator") for manifest in result.manifests]
    assert accelerators == [accelerator] * 3


def test_a_rate_limiter_that_triton_ignores_is_said_once(tmp_path: Path) -> None:
    group = "instance_group { count: 1 rate_limiter { priority: 2 } }"
    write(tmp_path, "bars", PYTHON + group + group, model_py="")
    assert imported(tmp_path).warnings == [
        "bars: instance_group[0].rate_limiter: Triton ignores it without"
        " --rate-limit=execution_count; add that to spec.triton.extraArgs, or remove it"
    ]


@pytest.mark.parametrize(
    ("config", "warned"),
    [
        ("", True),
        ('backend: "onnxruntime"', True),
        ('backend: "onnxruntime" max_batch_size: 8', False),
        (ONNX, False),
        (f"max_batch_size: 8 {ONNX}", False),
    ],
)
def test_batching_that_triton_would_complete_is_announced(
    config: str, warned: bool, tmp_path: Path
) -> None:
    write(tmp_path, "bars", config, model_onnx="x")
    sentences = imported(tmp_path).warnings
    assert sentences == [sentence for sentence in sentences if "max_batch_size" in sentence]
    assert bool(sentences) == warned


@pytest.mark.parametrize("prefix", ["s3://models/r", "gs://models/r", "https://models.example/r"])
def test_every_source_names_the_secret(prefix: str, tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "wide", PYTHON, model_py="", more_py="")
    for manifest in imported(tmp_path, prefix, secret="store").manifests:
        assert manifest["spec"]["model"]["source"]["secretRef"] == {"name": "store"}


def test_names_counts_and_batches_of_public_models_are_accepted(tmp_path: Path) -> None:
    inputs = "".join(
        f'input {{ name: "Column {n}" data_type: TYPE_STRING dims: 1 optional: true }}'
        for n in range(200)
    )
    outputs = 'output { name: "is fraud?" data_type: TYPE_FP32 dims: 1 }'
    config = f'backend: "python" max_batch_size: 1000000 {inputs} {outputs} dynamic_batching {{ }}'
    write(tmp_path, "bars", config, model_py="")
    result = imported(tmp_path)
    assert (result.failures, result.warnings) == ([], [])
    model = result.manifests[0]["spec"]["model"]
    assert (len(model["inputs"]), model["maxBatchSize"]) == (200, 1_000_000)
    assert "configOverrides" not in result.manifests[0]["spec"]["triton"]
