"""The message about a model that is not imported names the likely mistake."""

from pathlib import Path

import pytest

from model_builders.config import parse_pbtxt
from model_builders.problem import ConfigError
from tests.unit.model_builders.repositories import PYTHON, imported, write


def lay_out(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(PYTHON if "pb" in file else "")


def failure(repository: Path) -> str:
    (sentence,) = imported(repository).failures
    return sentence


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        ("config.pbtxt.txt", "rename it to config.pbtxt"),
        ("config.pbtext", "rename it to config.pbtxt"),
        ("Config.pbtxt", "rename it to config.pbtxt"),
        ("config.prototxt", "rename it to config.pbtxt"),
        ("config.pbtx", "rename it to config.pbtxt"),
        ("1/config.pbtxt", "move it beside the version folders"),
        ("configs/gpu.pbtxt", "copy it to config.pbtxt"),
    ],
)
def test_a_misnamed_config_is_named(file: str, remedy: str, tmp_path: Path) -> None:
    lay_out(tmp_path / "bars", file, "1/model.py")
    assert failure(tmp_path).startswith(
        f"bars: found no config.pbtxt, and {file} looks like the configuration: {remedy}"
    )


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("01/model.py", "found 01, expected a version folder such as 1: Triton passes over leading"
         " zeros; rename it to 1"),
        ("v2/model.py", "found v2, expected a version folder such as 1: Triton takes numbers only;"
         " rename it to 2"),
        ("1.0/model.py", "found 1.0, expected a version folder such as 1: Triton takes numbers"
         " only; rename it to 1"),
        ("0/model.py", "found the folder 0, expected a version folder such as 1; rename it to 1"),
        ("latest/model.py", "found the folder latest, expected a version folder such as 1; rename"
         " it to 1"),
        ("model.py", "found model.py beside config.pbtxt, expected it in a version folder such as"
         " 1; move it to 1/model.py"),
        ("inner/config.pbtxt", "found inner/config.pbtxt and no version folder, expected a model;"
         " it looks like a repository: import the folder bars"),
    ],
)  # fmt: skip
def test_a_misnamed_version_is_named(file: str, sentence: str, tmp_path: Path) -> None:
    lay_out(tmp_path / "bars", "config.pbtxt", file)
    assert failure(tmp_path) == f"bars: {sentence}"


def test_a_misnamed_file_of_the_model_is_named(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, main_py="", notes_txt="")
    assert failure(tmp_path) == (
        "bars: found main.py, notes.txt in version 1, expected model.py; rename main.py, or write"
        ' default_model_filename: "main.py"'
    )


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("input { data_type: TYPE_BYTES }", "did you mean TYPE_STRING?"),
        ("input { data_type: TYPE_FLOAT32 }", "did you mean TYPE_FP32?"),
        ("input { data_type: TYPE_FLOAT }", "did you mean TYPE_FP32?"),
        ("input { data_type: FP16 }", "did you mean TYPE_FP16?"),
        ("input { data_type: type_int64 }", "did you mean TYPE_INT64?"),
        ("input { data_type: TYPE_LONG }", "did you mean TYPE_INT64?"),
        ("input { data_type: TYPE_FP23 }", "did you mean TYPE_FP32?"),
        ("input { data_type: TYPE_OTHER }", "write one of TYPE_INVALID, TYPE_BOOL, TYPE_UINT8,"),
        ("instance_group { kind: GPU }", "did you mean KIND_GPU?"),
        ("input { format: FORMAT_NCWH }", "did you mean FORMAT_NCHW?"),
        ("instance_groups { }", "did you mean instance_group?"),
        ("dynamic_batching { preferred_batch_sizes: 4 }", "did you mean preferred_batch_size?"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(text: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_pbtxt(text)
    assert f"; {remedy}" in str(refused.value)
