"""Models that cannot be imported, and why."""

from pathlib import Path

import pytest

from tests.unit.model_builders.repositories import PYTHON, imported, write

FAILURES = {
    "a config that does not parse": (
        'backend: "python"\nmax_batchsize: 8',
        {"model_py": ""},
        'found line 2, column 1: Message type "inference.ModelConfig" has no field named'
        ' "max_batchsize"',
    ),
    "many backslashes in a row": (
        "backend: '" + "\\" * 60_000 + "'",
        {"model_py": ""},
        "found more than 64 backslashes in a row in its config.pbtxt, expected at most that many;"
        " remove those that escape nothing",
    ),
    "a config of more than a ConfigMap holds": (
        f"{PYTHON} {'#' * (1 << 20)}",
        {"model_py": ""},
        "found more than 1,048,576 bytes of config.pbtxt, expected at most that many; shorten it",
    ),
    "a byte order mark": (
        f"\ufeff{PYTHON}",
        {"model_py": ""},
        "found a byte order mark at the beginning of its config.pbtxt, expected none, since Triton"
        " does not load such a model; save it as UTF-8 without a BOM",
    ),
    "a platform of no backend": (
        'platform: "caffe2_netdef"',
        {"model_py": ""},
        'found platform "caffe2_netdef", and no file of a known backend, expected the name of a'
        " backend; Triton does not load it otherwise: write backend into its config.pbtxt",
    ),
    "files of no known backend": (
        "",
        {"model_bin": ""},
        "found no backend, and no file of a known backend, expected the name of a backend",
    ),
    "a template of a backend": (
        'backend: "${triton_backend}"',
        {"model_bin": ""},
        'found backend "${triton_backend}", expected the name of a backend; fill in the template',
    ),
    "a path as a backend": (
        'backend: "../dali"',
        {"model_bin": ""},
        'spec.model.backend: found "../dali", expected the name of a folder in the image\'s',
    ),
    "another name than the folder's": (
        f'name: "other" {PYTHON}',
        {"model_py": ""},
        'found name: "other" in its config.pbtxt, expected the folder\'s name',
    ),
    "no main file": (PYTHON, {"other_py": ""}, "found other.py in version 1, expected model.py"),
    "no tensors of a TorchScript model": (
        'backend: "pytorch"',
        {"model_pt": ""},
        "found no inputs or no outputs, expected both for a torchscript model",
    ),
    "a tensor without a type": (
        'backend: "pytorch" input { name: "a" dims: 1 } output { name: "b" dims: 1 }',
        {"model_pt": ""},
        'spec.model.inputs[0].dataType: found "TYPE_INVALID", expected BOOL, ',
    ),
    "a step of a model that is not there": (
        'platform: "ensemble" ensemble_scheduling { step { model_name: "lstm" } }',
        {},
        'found a step of model "lstm", expected a model that was imported from this repository'
        " (there is none); import it as well",
    ),
}


@pytest.mark.parametrize(("config", "files", "sentence"), FAILURES.values(), ids=FAILURES.keys())
def test_a_model_that_cannot_be_imported_says_why(
    config: str, files: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    write(tmp_path, "bars", config, **files)
    result = imported(tmp_path)
    assert result.manifests == []
    (failure,) = result.failures
    assert failure.startswith("bars: ")
    assert sentence in failure


def test_a_config_in_another_encoding_says_where(tmp_path: Path) -> None:
    (tmp_path / "bars" / "1").mkdir(parents=True)
    (tmp_path / "bars" / "config.pbtxt").write_bytes(b"# g\xfcnstig")
    assert imported(tmp_path).failures == [
        "bars: found byte 0xfc at 3 of its config.pbtxt, expected UTF-8; save it as UTF-8"
    ]


def test_a_model_without_versions_says_so(tmp_path: Path) -> None:
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "config.pbtxt").write_text(PYTHON)
    assert imported(tmp_path).failures == [
        "bars: found no version folder, expected one such as 1; add the artifact"
    ]


def test_overrides_that_are_too_long_for_the_api_are_said(tmp_path: Path) -> None:
    tags = "".join(f'metric_tags {{ key: "{n}" value: "{"x" * 90}" }}' for n in range(700))
    write(tmp_path, "bars", PYTHON + tags, model_py="")
    (failure,) = imported(tmp_path).failures
    assert "spec.triton.configOverrides: " in failure


def test_a_failure_leaves_the_other_models_alone(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "broken", "}", model_py="")
    result = imported(tmp_path)
    assert [m["metadata"]["name"] for m in result.manifests] == ["bars"]
    assert len(result.failures) == 1
