"""Sentences that at least 20 people rated each: tweets, reviews and editorials, split by document.

The data are those of C. J. Hutto and E. Gilbert, "VADER" (ICWSM 2014), from the MIT-licensed source
distribution of vaderSentiment 0.5; later releases no longer carry them.
"""

import html
import io
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.duplicates import groups
from training.data.failure import DataError
from training.data.fetch import Distribution, digest_of, fetch

VADER = Distribution(
    "vaderSentiment==0.5",
    "vaderSentiment-0.5.zip",
    "5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a",
)
SOURCES = {
    "amazon": "amazonReviewSnippets_GroundTruth.txt",
    "movies": "movieReviewSnippets_GroundTruth.txt",
    "nyt": "nytEditorialSnippets_GroundTruth.txt",
    "tweets": "tweets_GroundTruth.txt",
}
_INNER = "vaderSentiment-0.5/additional_resources/hutto_ICWSM_2014.tar.gz"
_STRONGEST = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Sentiment:
    """`scores` [n] in [-1, 1] are a quarter of the mean human rating of `texts` [n].

    `sources` [n] are keys of SOURCES; `documents` [n] name the review or editorial of a sentence
    (a tweet and a film's snippet are their own). `sha256` is that of the archive.
    """

    texts: tuple[str, ...]
    scores: npt.NDArray[np.float32]
    sources: npt.NDArray[np.str_]
    documents: npt.NDArray[np.str_]
    sha256: str

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, chosen: Any) -> "Sentiment":
        """Return the rows that an array of numbers or booleans chooses."""
        rows = np.arange(len(self))[chosen]
        return Sentiment(
            tuple(self.texts[row] for row in rows),
            self.scores[rows],
            self.sources[rows],
            self.documents[rows],
            self.sha256,
        )

    def split(self, seed: int = 7, shares: tuple[float, float] = (0.8, 0.1)) -> "SentimentSplit":
        """Cut into train, validation (`shares` of each source) and test, the rest.

        No two parts share a document or near-duplicates; see `duplicates.groups`. The same seed
        gives the same parts. Takes seconds for 20,000 texts.
        """
        if not (min(shares) > 0 and sum(shares) < 1):
            raise DataError(
                f"shares: found {shares}, expected shares of train and validation above 0 that"
                " leave something to test"
            )
        group = groups(self.texts, self.documents.tolist())
        part = np.empty(len(self), np.int64)
        random = np.random.default_rng(seed)
        home = self.sources[group]  # of a group's first text
        for source in np.unique(home):
            rows = np.flatnonzero(home == source)
            numbers, sizes = np.unique(group[rows], return_counts=True)
            order = random.permutation(len(numbers))
            before = np.cumsum(sizes[order]) - sizes[order]
            parts = np.searchsorted(np.cumsum(shares), before / len(rows), side="right")
            of_group = dict(zip(numbers[order].tolist(), parts.tolist(), strict=True))
            part[rows] = [of_group[number] for number in group[rows].tolist()]
        return SentimentSplit(self[part == 0], self[part == 1], self[part == 2])


@dataclass(frozen=True, slots=True)
class SentimentSplit:
    """Parts without a document or near-duplicates in common."""

    train: Sentiment
    validation: Sentiment
    test: Sentiment


def load_sentiment(archive: Path | None = None) -> Sentiment:
    """Read the rated sentences from `archive`, which is fetched when it is not given.

    Raises DataError if it cannot be fetched, or if its content has changed.
    """
    path = archive or fetch(VADER)
    rows = [row for source, text in _files(path) for row in _rows(source, text)]
    texts, scores, sources, documents = zip(*rows, strict=True)
    return Sentiment(
        texts,
        np.array(scores, np.float32),
        np.array(sources),
        np.array(documents),
        digest_of(path),
    )


def _files(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(path) as outer:
            inner = io.BytesIO(outer.read(_INNER))
        with tarfile.open(fileobj=inner) as archive:
            contents = {Path(name).name: name for name in archive.getnames()}
            for source, name in SOURCES.items():
                file = archive.extractfile(contents[name])
                assert file is not None, f"{name} is a folder"
                yield source, file.read().decode()
    except (zipfile.BadZipFile, tarfile.TarError, KeyError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name}: found no rated sentences ({error}), expected the source distribution"
            f" {VADER.file}; remove the file, and it is fetched again"
        ) from None


def _rows(source: str, text: str) -> Iterator[tuple[str, float, str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, rest = line.partition("\t")
        rating, _, sentence = rest.partition("\t")
        score = _score(rating)
        if score is None or not sentence.strip():
            raise DataError(
                f"{SOURCES[source]}, line {number}: found {line[:60]!r}, expected a name, a rating"
                " from -4 to 4 and a sentence between tabs"
            )
        yield html.unescape(sentence.strip()), score, source, f"{source}/{name.split('_')[0]}"


def _score(rating: str) -> float | None:
    try:
        score = float(rating) / _STRONGEST
    except ValueError:
        return None
    return score if -1 <= score <= 1 else None
