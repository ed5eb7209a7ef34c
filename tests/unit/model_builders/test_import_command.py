"""`inference-operator import`, as a person sees it."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from inference_operator.cli.import_repository import import_command
from inference_operator.cli.main import main

CORPUS = Path(__file__).parents[2] / "data" / "triton_repositories"
ARGUMENTS = ["--source-prefix", "pvc://models/repository"]


def test_manifests_go_to_stdout_and_warnings_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert import_command([str(CORPUS / "trading"), *ARGUMENTS, "-n", "trading"]) == 0
    captured = capsys.readouterr()
    documents = list(yaml.safe_load_all(captured.out))
    assert [d["metadata"]["name"] for d in documents] == [
        "lstm-price",
        "sentiment",
        "tokenizer",
        "text-sentiment",
        "signal",
    ]
    assert all(d["metadata"]["namespace"] == "trading" for d in documents)
    assert captured.err.startswith("warning: sentiment: not imported: labels.txt")


@pytest.mark.parametrize("repository", ["trading", "desk", "vision"])
def test_the_operator_would_serve_what_is_imported(
    repository: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_command([str(CORPUS / repository), *ARGUMENTS])
    manifests = tmp_path / "manifests.yaml"
    manifests.write_text(capsys.readouterr().out)
    assert main(["plan", "-f", str(manifests)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.count("  wanted: model ") == len(list((CORPUS / repository).iterdir()))
    assert "unresolved" not in captured.out


def test_overrides_are_printed_as_a_block_of_lines(capsys: pytest.CaptureFixture[str]) -> None:
    import_command([str(CORPUS / "trading"), *ARGUMENTS])
    assert 'configOverrides: |\n      platform: "pytorch_libtorch"' in capsys.readouterr().out


def test_some_models_that_fail_are_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bars").mkdir()
    assert import_command([str(tmp_path), *ARGUMENTS]) == 1
    assert "error: bars: found no version folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "error: found no --source-prefix, expected address of the repository"),
        (["--source-prefix", "/models"], 'error: found --source-prefix "/models", expected pvc://'),
        (
            ["--source-prefix", "runs:/4f1c"],
            'error: found --source-prefix "runs:/4f1c", expected pvc://CLAIM/PATH, https://HOST/PATH,'
            " s3://BUCKET/PATH or gs://BUCKET/PATH",
        ),
        ([*ARGUMENTS, "-n", "Bad_NS"], 'error: found --namespace "Bad_NS", expected up to 63'),
        (ARGUMENTS, "error: found no model in "),
    ],
    ids=[
        "no prefix",
        "a local path as the prefix",
        "a run as the prefix",
        "a namespace that Kubernetes cannot hold",
        "an empty folder",
    ],
)
def test_nothing_to_try_is_status_2(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_command([str(tmp_path), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(sentence)
    assert captured.out == ""


def test_a_path_that_is_no_folder_is_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_command([str(tmp_path / "none"), *ARGUMENTS]) == 2
    assert "found no folder" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["lstm_price", "sentiment", "signal"])
def test_a_models_own_folder_is_status_2(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = CORPUS / "trading" / model
    assert import_command([str(path), *ARGUMENTS]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"error: found one model in {path}, expected a folder with models; give the folder above"
        f" it, {path.parent}\n"
    )


def test_a_models_own_folder_without_a_config_is_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.onnx").touch()
    assert import_command([str(tmp_path), *ARGUMENTS]) == 2
    assert "found one model in" in capsys.readouterr().err


def test_a_config_beside_models_does_not_make_them_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.pbtxt").touch()
    (tmp_path / "bars").mkdir()
    assert import_command([str(tmp_path), *ARGUMENTS]) == 1
    assert "error: bars: found no version folder" in capsys.readouterr().err


def test_the_operators_command_line_knows_it() -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "inference_operator.cli",
            "import",
            str(CORPUS / "vision"),
            *ARGUMENTS,
        ],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    assert run.returncode == 0, run.stderr
    assert len(list(yaml.safe_load_all(run.stdout))) == 3
