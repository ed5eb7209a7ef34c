"""Parts that import leaves out: the pod would lack them, or Triton would not read them."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.api.inference_model import InferenceModel
from model_builders.config import model_config
from model_builders.protobuf import ModelConfig
from tests.unit.model_builders.ensemble_fields import FOREIGN, Foreign
from tests.unit.model_builders.repositories import PYTHON, ensemble, imported, write

LABELS = PYTHON.replace('"BARS"', '"BARS" label_filename: "{}"')


def kept_config(manifest: dict[str, Any]) -> ModelConfig:
    spec = InferenceModel.model_validate(manifest).spec
    return model_config(spec, name="bars", accelerated=True)


def test_files_beside_the_versions_are_said_to_be_left_behind(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    (tmp_path / "bars" / "labels.txt").write_text("up\ndown\n")
    assert imported(tmp_path).warnings == [
        "bars: not imported: labels.txt; files beside the version folders (labels, warm-up data)"
        " cannot be part of a source"
    ]


def test_labels_that_a_pod_would_not_have_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "bars", LABELS.replace("{}", "labels.txt"), version="3", model_py="")
    (tmp_path / "bars" / "labels.txt").write_text("up")
    result = imported(tmp_path)
    assert kept_config(result.manifests[0]).output[0].label_filename == ""
    assert result.warnings[2:] == [
        'bars: label_filename "labels.txt" of output BARS is left out, since the pod would not have'
        " it: classifications come without labels; to keep them, put the file into the folder 3 and"
        ' write label_filename: "1/labels.txt"'
    ]


def test_labels_in_the_folder_of_the_version_are_kept(tmp_path: Path) -> None:
    write(tmp_path, "bars", LABELS.replace("{}", "1/up.txt"), version="3", model_py="", up_txt="up")
    result = imported(tmp_path)
    assert kept_config(result.manifests[0]).output[0].label_filename == "1/up.txt"
    (warning,) = result.warnings
    assert warning.startswith("bars: version 3 is imported")


@pytest.mark.parametrize(
    "case", [case for case in FOREIGN if case.triton is None], ids=lambda case: case.field
)
def test_what_triton_passes_over_in_an_ensemble_is_left_out(case: Foreign, tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "signal", ensemble(case.text))

    result = imported(tmp_path)

    assert result.failures == []
    assert result.warnings == [
        f"signal: {case.field} is left out: Triton does not read it in an ensemble"
    ]
    assert "triton" not in result.manifests[-1]["spec"]


def test_labels_of_an_ensemble_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    labels = ensemble().replace('"OUT" data_type', '"OUT" label_filename: "up.txt" data_type', 1)
    write(tmp_path, "signal", labels)
    result = imported(tmp_path)
    assert "triton" not in result.manifests[1]["spec"]
    assert result.warnings == [
        'signal: label_filename "up.txt" of output OUT is left out, since the pod would not have'
        " it: classifications come without labels"
    ]


def test_warm_up_from_files_is_left_out_and_other_warm_up_is_kept(tmp_path: Path) -> None:
    samples = "".join(
        f"""model_warmup {{ name: "{name}" batch_size: 1 inputs {{ key: "TICKS" value {{
        data_type: TYPE_FP32 dims: 1 {data} }} }} }}"""
        for name, data in (("day", 'input_data_file: "day.bin"'), ("none", "zero_data: true"))
    )
    write(tmp_path, "bars", PYTHON + samples, model_py="")
    result = imported(tmp_path)
    assert [s.name for s in kept_config(result.manifests[0]).model_warmup] == ["none"]
    assert result.warnings == [
        'bars: model_warmup "day" is left out, since the pod would not have warmup/day.bin: the'
        " first requests may be slower; zero_data or random_data can stay"
    ]
