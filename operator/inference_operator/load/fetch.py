"""Downloads of files from any source, resumed from an earlier attempt or container.

Small files and those of servers without ranges grow from their start; large ones are fetched in
pieces over several connections.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from inference_operator.api.shown_uri import shown_uri
from inference_operator.load.transfer.digest import file_digest
from inference_operator.load.transfer.progress import Progress, log
from inference_operator.load.transfer.ranged_download import (
    RangedDownload,
    RemoteVersion,
    remove_pieces,
)
from inference_operator.load.transfer.resumable_download import Download, ResumableDownload
from inference_operator.load.transfer.retry import Retries, RetryPolicy, Sleep, TransientError
from inference_operator.load.transfer.source import ArtifactSource, ByteRange, Listing, RangeError
from inference_operator.load.transfer.space import require_space
from inference_operator.load.transfer.stop import Stop


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete download; `resumed` if some of its bytes come from an earlier container."""

    path: Path
    sha256: str
    size: int
    resumed: bool


@dataclass(slots=True)
class Fetcher:
    """Downloads from one source, with retries."""

    source: ArtifactSource
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    retries: Callable[[RetryPolicy, Sleep], Retries] = Retries
    in_ranges: bool = True
    """True if a large file may come over several connections."""

    _has_answered: bool = field(default=False, init=False)
    """Whether the source has sent anything: its later silence is an interruption."""

    def files(self, uri: str, stop: Stop) -> Listing:
        """Return the files at the address; LoadError when the source does not list them."""
        retries = self.retries(self.policy, stop.pause)
        while True:
            try:
                return self.source.files(uri)
            except TransientError as cut:
                retries.wait(cut, shown_uri(uri), 0)

    def fetch(self, download: Download, folder: Path) -> Fetched:
        """Download the whole file to `folder`/download.

        LoadError when that fails for good; StoppedError when another download failed.
        """
        partial = ResumableDownload(folder, download)
        if partial.resumed:
            log("resuming a download", model=download.model, bytes=partial.size)
        policy = self.policy.patient if self._has_answered else self.policy
        retries = self.retries(policy, download.downloads.stop.pause)
        may_split = self.in_ranges
        while not partial.complete:
            try:
                whole = self._attempt(download, partial, may_split)
                if whole is None:
                    break
                return self._in_pieces(download, partial, whole)
            except RangeError as refused:
                if partial.size == 0 and not may_split:
                    retries.wait(TransientError(str(refused)), shown_uri(download.uri), 0)
                may_split = False
                log("starting over", "WARNING", model=download.model, error=str(refused))
                partial.discard()
            except TransientError as cut:
                retries.wait(cut, shown_uri(download.uri), partial.size)
        remove_pieces(folder)
        return Fetched(partial.path, partial.digest.hexdigest(), partial.size, partial.resumed)

    def _attempt(
        self, download: Download, partial: ResumableDownload, may_split: bool
    ) -> RemoteVersion | None:
        """Continue the partial download, or return a file that is worth several connections."""
        start = ByteRange(partial.size if partial.resumable else 0)
        with self.source.get(download.uri, start, partial.etag) as answer:
            self._has_answered = True
            if answer.total is not None:
                download.downloads.expect(partial.path, answer.total)
            whole = RemoteVersion.of(answer, download)
            if whole and may_split and answer.start == 0 and whole.is_large:
                return whole
            partial.begin(answer)
            if answer.total is not None:
                missing = answer.total - partial.size
                require_space(partial.path.parent, missing, f"the download of {download.model}")
            progress = Progress(download.model, answer.total, partial.size)
            partial.append(progress.over(download.downloads.stop.over(answer.body)))
        if answer.total is not None and partial.size != answer.total:
            raise TransientError(
                f"the connection ended after {partial.size:,} of {answer.total:,} bytes"
            )
        progress.end()
        return None

    def _in_pieces(
        self, download: Download, partial: ResumableDownload, whole: RemoteVersion
    ) -> Fetched:
        pieces = RangedDownload(partial.path.parent, download, whole)
        if pieces.resumed:
            log("resuming a download", model=download.model, bytes=pieces.done)
        # Remove the rest of an attempt that could not be continued.
        partial.discard()
        pieces.fetch(self.source, lambda sleep: self.retries(self.policy.patient, sleep))
        pieces.keep_as(partial.path)
        return Fetched(partial.path, file_digest(partial.path), whole.size, pieces.resumed)
