"""`inference-operator import`, as a person sees it."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from inference_operator.api.base import API_VERSION
from inference_operator.cli.documents import LIMITS
from inference_operator.cli.import_check import unserved
from inference_operator.cli.import_repository import import_command
from inference_operator.cli.main import main
from inference_operator.domain.kubectl_yaml import parse_manifests, write_manifests

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


@pytest.mark.parametrize("name", ["Y", "n", "1e-3", "true", "null", "1", "0o7"])
def test_every_reader_of_yaml_reads_names_as_names(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = f"""backend: "python" parameters {{ key: "{name}" value {{ string_value: "{name}" }} }}
      input {{ name: "{name}" data_type: TYPE_FP32 dims: 1 }}
      output {{ name: "OUT" data_type: TYPE_FP32 dims: 1 }}"""
    (tmp_path / "repository" / "bars" / "1").mkdir(parents=True)
    (tmp_path / "repository" / "bars" / "config.pbtxt").write_text(config)
    (tmp_path / "repository" / "bars" / "1" / "model.py").write_text("")
    assert import_command([str(tmp_path / "repository"), *ARGUMENTS]) == 0
    text = capsys.readouterr().out
    manifests = [document.value for document in parse_manifests(text, "out", LIMITS)]
    assert manifests == [
        document.value for document in parse_manifests(text, "out", LIMITS, as_printed=True)
    ]
    assert manifests[0]["spec"]["model"]["inputs"][0]["name"] == name
    assert manifests[0]["spec"]["triton"]["parameters"] == {name: name}


def test_what_render_refuses_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = {
        "apiVersion": API_VERSION,
        "kind": "InferenceModel",
        "metadata": {"name": "bars"},
        "spec": {"model": {"source": {"uri": "pvc://models/bars"}, "format": "torchscript"}},
    }
    text = write_manifests([manifest])
    assert list(unserved(text, {"bars"})) == []
    (sentence,) = unserved(text, ())
    assert sentence.startswith("bars: the operator will refuse it: spec.model.format: found")
    assert list(unserved("", ())) == []


@pytest.mark.parametrize(
    ("prefix", "secret", "expected"),
    [
        ("s3://models/r", (), "warning: s3:// without --secret: a bucket that is not public needs"),
        ("gs://models/r", (), "warning: gs:// without --secret: a bucket that is not public needs"),
        ("s3://models/r", ("--secret", "store"), ""),
        ("https://models.example/r", ("--secret", "store"), ""),
        (
            "pvc://models/r",
            ("--secret", "store"),
            'error: found --secret "store" with pvc://models/',
        ),
        (
            "s3://models/r",
            ("--secret", "My_Store"),
            'error: found --secret "My_Store", expected up',
        ),
    ],
)
def test_the_secret_of_the_sources(
    prefix: str,
    secret: tuple[str, ...],
    expected: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "bars" / "1").mkdir(parents=True)
    (tmp_path / "bars" / "config.pbtxt").write_text(
        'backend: "python" input { name: "a" data_type: TYPE_FP32 dims: 1 }'
        'output { name: "b" data_type: TYPE_FP32 dims: 1 }'
    )
    (tmp_path / "bars" / "1" / "model.py").write_text("")
    status = import_command([str(tmp_path), "--source-prefix", prefix, *secret])
    captured = capsys.readouterr()
    assert status == (2 if expected.startswith("error") else 0)
    assert captured.err.startswith(expected)
    assert bool(captured.err) == bool(expected)
    assert ("secretRef:\n        name: store" in captured.out) == (status == 0 and bool(secret))
