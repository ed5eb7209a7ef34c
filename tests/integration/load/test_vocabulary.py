"""A tokenizer's own words come over https as any artifact does: resumed, pinned, with a Secret."""

import hashlib
from collections.abc import Callable

import pytest

from inference_operator.api.builtin import Builtin
from inference_operator.api.reasons import Reason
from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    ArtifactFormat,
    PlannedModel,
    RepositoryPlan,
)
from inference_operator.load.transfer.digest import digest_of
from model_builders.builtin.config import builtin_config
from model_builders.config import config_pbtxt

from .conftest import SECRET, FaultyStore, Pod
from .faults import cuts_after

WORDS = "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"word{n}" for n in range(30_000))])
SHA256 = hashlib.sha256(WORDS.encode()).hexdigest()


@pytest.fixture
def words(start_store: Callable[[str | None], FaultyStore], pod: Pod) -> FaultyStore:
    """A store that asks for a token, and a plan with the token's Secret."""
    store = start_store("open sesame")
    (store.folder / "vocab.txt").write_text(WORDS)
    pod.secret(token="open sesame")
    return store


def plan(pod: Pod, store: FaultyStore, sha256: str | None = SHA256) -> None:
    uri = f"{store.url}/vocab.txt"
    planned = PlannedModel(
        "words", 1, ArtifactFormat.PYTHON, uri, sha256, SECRET, builtin="tokenizer"
    )
    builtin = Builtin.model_validate({"tokenizer": {}})
    config = builtin_config(builtin, name="words", max_batch_size=4)
    folder = pod.root / "plan"
    folder.mkdir(exist_ok=True)
    (folder / PLAN_FILE).write_text(RepositoryPlan((planned,)).to_json())
    (folder / planned.config_file).write_text(config_pbtxt(config))


def test_words_that_were_cut_arrive_whole_beside_the_code(words: FaultyStore, pod: Pod) -> None:
    words.faults = [cuts_after(50_000)]
    plan(pod, words)
    (loaded,) = pod.load().models
    version = pod.output / "words/1"
    assert (version / "vocab.txt").read_text() == WORDS
    assert "TritonPythonModel" in (version / "model.py").read_text()
    assert loaded.sha256 == digest_of(version)
    assert len(words.requests) == 2


def test_a_container_that_starts_again_does_not_fetch_them_again(
    words: FaultyStore, pod: Pod
) -> None:
    plan(pod, words)
    assert pod.load() == pod.load()
    assert len(words.requests) == 1


def test_other_words_than_the_pinned_ones_are_refused(words: FaultyStore, pod: Pod) -> None:
    plan(pod, words, "0" * 64)
    reason, message = pod.refused()
    assert reason is Reason.DIGEST_MISMATCH
    assert f"found an artifact with sha256 {SHA256}, expected {'0' * 64}" in message
