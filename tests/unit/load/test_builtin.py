"""Built-in steps and ensembles of a plan become folders that Triton loads, whole or not at all."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from inference_operator.api.builtin import Builtin
from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.repository_plan import BUILTINS, ArtifactFormat, PlannedModel
from inference_operator.load.failure import LoadError
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder
from inference_operator.load.transfer.digest import digest_of
from model_builders.builtin.config import builtin_config
from model_builders.config import config_pbtxt

VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nrise\n"
WORDS = PlannedModel("words", 1, ArtifactFormat.PYTHON, builtin="tokenizer")
VOCABULARY_URI = "spec.builtin.tokenizer.vocabulary.uri"
FETCHED = replace(WORDS, uri="pvc://texts/vocab.txt")
TRADING = PlannedModel("trading", 12, ArtifactFormat.ENSEMBLE)
ENSEMBLE = """
name: "trading"
platform: "ensemble"
ensemble_scheduling { step [ { model_name: "words" model_version: 1
  input_map { key: "text" value: "text" } output_map { key: "input_ids" value: "ids" } } ] }
"""


@pytest.fixture
def claim(tmp_path: Path) -> Path:
    folder = tmp_path / "claims" / "texts"
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text(VOCABULARY)
    return folder


def order(model: PlannedModel, config: str | None = None) -> ModelOrder:
    if config is None:
        builtin = Builtin.model_validate({model.builtin: {}})
        config = config_pbtxt(builtin_config(builtin, name=model.name, max_batch_size=4))
    return ModelOrder(model, config)


def load(root: Path, *orders: ModelOrder) -> LoadReport:
    folders = Folders(root / "models", root / "credentials", root / "claims")
    return Loader(folders).load(orders)


def refused(root: Path, *orders: ModelOrder) -> LoadError:
    with pytest.raises(LoadError) as caught:
        load(root, *orders)
    assert list((root / "models").glob("*")) == []
    return caught.value


@pytest.mark.parametrize("kind", BUILTINS)
def test_a_step_is_laid_out_with_its_digest(kind: str, tmp_path: Path) -> None:
    report = load(tmp_path, order(PlannedModel("step", 1, ArtifactFormat.PYTHON, builtin=kind)))
    folder = tmp_path / "models/step/1"
    (loaded,) = report.models
    assert loaded.sha256 == digest_of(folder)
    assert loaded.bytes == sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    assert report.message == "laid out step (version 1)"


def test_an_ensemble_is_a_config_and_an_empty_folder(tmp_path: Path) -> None:
    report = load(tmp_path, order(WORDS), order(TRADING, ENSEMBLE))
    folder = tmp_path / "models/trading"
    assert sorted(path.name for path in folder.iterdir()) == [".loaded.json", "12", "config.pbtxt"]
    assert list((folder / "12").iterdir()) == []
    assert report.message == "laid out words (version 1), trading (version 12)"
    assert [model.name for model in report.models] == ["words"]


def test_a_container_that_starts_again_leaves_all_alone(claim: Path, tmp_path: Path) -> None:
    orders = (order(FETCHED), order(TRADING, ENSEMBLE))
    first = load(tmp_path, *orders)
    made = (tmp_path / "models/words/1/model.py").stat().st_ino
    (claim / "vocab.txt").unlink()
    assert load(tmp_path, *orders) == first
    assert (tmp_path / "models/words/1/model.py").stat().st_ino == made


def test_what_an_ended_container_left_is_done_again(tmp_path: Path) -> None:
    left = tmp_path / "models/.load-words/model/1"
    left.mkdir(parents=True)
    (left / "model.py").write_text("half of it")
    load(tmp_path, order(WORDS))
    assert "TritonPythonModel" in (tmp_path / "models/words/1/model.py").read_text()
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["words"]


def test_other_words_than_english_bert_s_are_fetched(claim: Path, tmp_path: Path) -> None:
    load(tmp_path, order(replace(FETCHED, sha256=digest_of(claim / "vocab.txt"))))
    assert (tmp_path / "models/words/1/vocab.txt").read_text() == VOCABULARY


def test_words_with_another_digest_are_refused(claim: Path, tmp_path: Path) -> None:
    failure = refused(tmp_path, order(replace(FETCHED, sha256="0" * 64)))
    assert failure.reason is Reason.DIGEST_MISMATCH
    assert str(failure).startswith("spec.builtin.tokenizer.vocabulary.sha256: found an artifact")


@pytest.mark.parametrize("content", [b"rise\nfall\n", b"\xff\xfe\n", b""])
def test_a_file_that_is_no_vocabulary_is_refused(
    content: bytes, claim: Path, tmp_path: Path
) -> None:
    (claim / "vocab.txt").write_bytes(content)
    failure = refused(tmp_path, order(FETCHED))
    assert failure.reason is Reason.ARTIFACT_INVALID
    assert (failure.model, failure.problems[0].path) == ("words", VOCABULARY_URI)
    assert "pvc://texts/vocab.txt is not a vocabulary: " in str(failure)


def test_a_folder_of_words_is_refused(claim: Path, tmp_path: Path) -> None:
    failure = refused(tmp_path, order(replace(FETCHED, uri="pvc://texts/.")))
    assert failure.reason is Reason.ARTIFACT_INVALID
    assert "found a folder at pvc://texts/., expected a vocab.txt" in str(failure)


def test_packed_words_are_refused(claim: Path, tmp_path: Path) -> None:
    with tarfile.open(claim / "vocab.tar.gz", "w:gz") as packed:
        packed.addfile(tarfile.TarInfo("vocab.txt"), io.BytesIO())
    failure = refused(tmp_path, order(replace(FETCHED, uri="pvc://texts/vocab.tar.gz")))
    assert "found an archive at pvc://texts/vocab.tar.gz, expected a vocab.txt" in str(failure)


@pytest.mark.parametrize(
    ("config", "problem"),
    [('name: "trading"', "found no ensemble_scheduling"), ("max_batch_size: x", "found line 1")],
)
def test_an_ensemble_without_steps_is_refused(config: str, problem: str, tmp_path: Path) -> None:
    failure = refused(tmp_path, order(TRADING, config))
    assert failure.reason is Reason.ARTIFACT_INVALID
    assert failure.model == "trading"
    assert str(failure).startswith("config.pbtxt: ")
    assert problem in str(failure)


def test_a_changed_ensemble_is_laid_out_again(tmp_path: Path) -> None:
    load(tmp_path, order(TRADING, ENSEMBLE))
    load(tmp_path, order(replace(TRADING, version=13), ENSEMBLE + "max_batch_size: 8\n"))
    folder = tmp_path / "models/trading"
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["13"]
    assert json.loads((folder / ".loaded.json").read_text())["bytes"] == 0


def test_a_large_vocabulary_is_refused_before_it_is_copied(tmp_path: Path, claim: Path) -> None:
    with (claim / "vocab.txt").open("r+b") as file:
        file.truncate(17 << 20)
    with pytest.raises(LoadError) as caught:
        load(tmp_path, order(FETCHED))
    assert caught.value.reason is Reason.ARTIFACT_INVALID
    assert str(caught.value) == (
        "spec.builtin.tokenizer.vocabulary: found 17.0 MiB (17,825,792 bytes) to download,"
        " expected at most 16.0 MiB (16,777,216 bytes); give a vocab.txt, one word a line"
    )


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_a_vocabulary_of_many_lines_is_refused(tmp_path: Path, claim: Path, end: str) -> None:
    (claim / "vocab.txt").write_bytes(end.encode() * 500_001)
    with pytest.raises(LoadError) as caught:
        load(tmp_path, order(FETCHED))
    assert "found more than 500,000 lines" in str(caught.value)
