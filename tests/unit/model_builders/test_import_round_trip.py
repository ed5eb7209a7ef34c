"""Hand-written repositories become manifests, and render to the same config.pbtxt."""

from pathlib import Path

import pytest

from benchmarks.import_rate import rendered, served_name
from model_builders.config import parse_pbtxt
from model_builders.protobuf import ModelConfig
from tests.unit.model_builders.repositories import CORPUS, imported

REPOSITORIES = sorted(path for path in CORPUS.iterdir() if path.is_dir())
HAND_WRITTEN = sorted(CORPUS.glob("*/*/config.pbtxt"))


def clear_files(config: ModelConfig) -> None:
    """Take out what names files beside the versions: in the corpus, all labels and warm-up data."""
    for tensor in config.output:
        tensor.ClearField("label_filename")
    if any(tensor.input_data_file for s in config.model_warmup for tensor in s.inputs.values()):
        config.ClearField("model_warmup")


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(HAND_WRITTEN) >= 12


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda path: path.name)
def test_every_model_of_a_repository_is_imported(repository: Path) -> None:
    result = imported(repository)
    assert result.failures == []
    assert {served_name(m) for m in result.manifests} == {
        folder.name for folder in repository.iterdir()
    }


@pytest.mark.parametrize(
    "path", HAND_WRITTEN, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}"
)
def test_a_hand_written_config_renders_as_it_was(path: Path) -> None:
    original = parse_pbtxt(path.read_text())
    original.name = original.name or path.parent.name
    clear_files(original)
    for group in original.instance_group:
        group.count = group.count or 1
    assert rendered(imported(path.parent.parent).manifests, original) == original


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda path: path.name)
def test_the_same_repository_gives_the_same_manifests(repository: Path) -> None:
    assert imported(repository).manifests == imported(repository).manifests


def test_models_come_before_the_ensembles_that_need_them() -> None:
    kinds = [m["kind"] for m in imported(CORPUS / "trading").manifests]
    assert kinds == ["InferenceModel"] * 3 + ["EnsemblePipeline"] * 2
