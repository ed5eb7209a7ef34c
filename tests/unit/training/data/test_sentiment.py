"""Ratings are read as they are, and no part of the split knows a sentence of another."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.data.archives import archive
from training.data.failure import DataError
from training.data.sentiment import Sentiment, load_sentiment

WORDS = [f"word{number}" for number in range(500)]


def sentences(count: int, seed: int = 1) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, 8, replace=False)) for _ in range(count)]


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Sentiment:
    """Reviews of 3 sentences, and tweets of which every other one shouts the one before."""
    random = np.random.default_rng(3)
    reviews = [
        f"{at // 3}_{at % 3}\t{random.uniform(-4, 4)}\t{text}"
        for at, text in enumerate(sentences(300))
    ]
    calm = sentences(100, seed=2)
    both = [text for tweet in calm for text in (tweet, tweet.upper() + "!!!")]
    tweets = [f"{at}\t{random.uniform(-4, 4)}\t{text}" for at, text in enumerate(both)]
    path = tmp_path_factory.mktemp("data") / "vaderSentiment-0.5.zip"
    return load_sentiment(archive(path, {"amazon": reviews, "tweets": tweets}))


def test_a_score_is_a_quarter_of_the_rating(tmp_path: Path) -> None:
    lines = {"amazon": ["7_1\t3.0\tIt works &amp; looks great. ", "8_1\t-4\tHorrible."]}
    rated = load_sentiment(archive(tmp_path / "x.zip", lines))
    assert rated.texts[:2] == ("It works & looks great.", "Horrible.")
    assert rated.scores[:2].tolist() == [0.75, -1.0]
    assert rated.scores.dtype == np.float32
    assert rated.documents[:2].tolist() == ["amazon/7", "amazon/8"]
    assert rated.sources.tolist() == ["amazon", "amazon", "movies", "nyt", "tweets"]
    assert len(rated.sha256) == 64


def test_no_document_is_in_two_parts(rated: Sentiment) -> None:
    parts = rated.split()
    train, validation, test = (
        set(part.documents.tolist()) for part in (parts.train, parts.validation, parts.test)
    )
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_no_sentence_is_in_two_parts_in_other_letters(rated: Sentiment) -> None:
    parts = rated.split()
    train, validation, test = (
        {text.lower().strip("!") for text in part.texts}
        for part in (parts.train, parts.validation, parts.test)
    )
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_every_sentence_is_in_a_part_with_its_score(rated: Sentiment) -> None:
    parts = rated.split()
    rows = [
        (text, float(score), str(source))
        for part in (parts.train, parts.validation, parts.test)
        for text, score, source in zip(part.texts, part.scores, part.sources, strict=True)
    ]
    expected = zip(rated.texts, rated.scores.tolist(), rated.sources.tolist(), strict=True)
    assert sorted(rows) == sorted(expected)


def test_each_source_has_its_share_in_each_part(rated: Sentiment) -> None:
    parts = rated.split(shares=(0.6, 0.2))
    for source in ("amazon", "tweets"):
        whole = int((rated.sources == source).sum())
        for part, share in ((parts.train, 0.6), (parts.validation, 0.2), (parts.test, 0.2)):
            assert int((part.sources == source).sum()) == pytest.approx(share * whole, abs=20)


def test_the_same_seed_gives_the_same_parts_and_another_others(rated: Sentiment) -> None:
    assert rated.split(5).test.texts == rated.split(5).test.texts
    assert rated.split(5).test.texts != rated.split(6).test.texts


@pytest.mark.parametrize("shares", [(0.0, 0.1), (0.9, 0.1), (0.5, -0.1)])
def test_shares_that_leave_a_part_empty_are_refused(
    shares: tuple[float, float], rated: Sentiment
) -> None:
    with pytest.raises(DataError, match="expected shares of train and validation above 0"):
        rated.split(shares=shares)


BAD_LINES = ["1\tgood", "1\tgood\tvery good", "1\t5.0\tgood", "1\tnan\tgood", "1\t1.0\t  "]


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_line_that_is_no_rating_is_named(line: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"nyt": ["1_1\t0.4\tfine", line]})
    with pytest.raises(DataError, match=r"nytEditorialSnippets_GroundTruth.txt, line 2: found '1"):
        load_sentiment(path)


def test_another_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"x.zip: found no rated sentences \(File is not a zip"):
        load_sentiment(path)
