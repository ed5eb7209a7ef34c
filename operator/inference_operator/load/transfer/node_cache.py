"""The cache of this node: pods fetch the same artifact once. Loading also works without it.

The first pod to claim a digest fetches the artifact from its source and uploads it to the cache.
The others wait, and download it from there. The claim is an open request: it ends with its pod.
"""

import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from inference_operator.load.failure import LoadError
from inference_operator.load.fetch import Fetched, Fetcher
from inference_operator.load.transfer.digest import CHUNK
from inference_operator.load.transfer.progress import log
from inference_operator.load.transfer.resumable_download import Download
from inference_operator.load.transfer.retry import RetryPolicy
from inference_operator.load.transfer.transport import Transport

# The node's own cache answers at once, or is not there.
CONNECT_SECONDS = 2.0
READ_SECONDS = 30.0
# A waiting pod gives up on the one that fetches after this long, and fetches for itself.
LONGEST_WAIT_SECONDS = 900.0
# The cache answers at once whether it accepts an upload; an older version may not answer.
ASKING_SECONDS = 2.0
# The attempts at a cache that is busy with other uploads, and the wait between them.
UPLOAD_ATTEMPTS = 3
BUSY_SECONDS = 2.0
# An artifact that was corrupt twice is corrupted by the node's disk.
_CLAIMS = 2
_BUSY = {429, 503}
_CUT = (OSError, http.client.HTTPException)


class _State(Enum):
    """The cache's answer to a claim."""

    PRESENT = "present"
    YOURS = "yours"
    TAKEN = "taken"


class NodeCache:
    """A client of the server of `inference-operator cache` at `url`."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url, self._clock, self._sleep = url.rstrip("/"), clock, sleep
        self._address = urlsplit(self._url)

    def obtain(
        self, download: Download, sha256: str, folder: Path, fetch: Callable[[], Fetched]
    ) -> Fetched:
        """Download the artifact from the cache, or call `fetch` and upload it to the cache.

        A copy that the cache dropped as corrupt is replaced by the next pod to claim it.
        """
        model = download.model
        for _ in range(_CLAIMS):
            with self._claim(model, sha256) as state:
                if state is _State.PRESENT:
                    if copy := self._take(download, sha256, folder):
                        return copy
                    if self._dropped(model, sha256):
                        continue
                fetched = fetch()
                if state is _State.YOURS and fetched.sha256 == sha256:
                    self._give(model, fetched)
                return fetched
        return fetch()

    @contextmanager
    def _claim(self, model: str, sha256: str) -> Iterator["_State | None"]:
        """Hold the claim while the artifact is fetched; yield None when the cache does not help."""
        end, connection = self._clock() + LONGEST_WAIT_SECONDS, None
        try:
            state: _State | None = _State.TAKEN
            while state is _State.TAKEN:
                connection = self._connect()
                connection.request("POST", f"{self._address.path}/sha256/{sha256}/claim")
                state = _state(connection.getresponse())
                if state is _State.TAKEN:
                    connection.close()
                    log("waiting for another pod's download", model=model, sha256=sha256)
                    state = state if self._clock() < end else None
        except (*_CUT, ValueError) as error:
            log("fetching without the node's cache", "WARNING", model=model, error=str(error))
            state = None
        try:
            yield state
        finally:
            if connection is not None:
                connection.close()

    def _take(self, download: Download, sha256: str, folder: Path) -> Fetched | None:
        """Download and check the cache's copy; None where that fails."""
        model = download.model
        policy = RetryPolicy(attempts=2, first_wait=0.2)
        # Within a node, one connection is faster than four.
        fetcher = Fetcher(Transport(timeout=READ_SECONDS), policy, in_ranges=False)
        uri = f"{self._url}/sha256/{sha256}"
        with suppress(LoadError):
            fetched = fetcher.fetch(replace(download, uri=uri, pinned=True), folder)
            if fetched.sha256 == sha256:
                log("taken from the node's cache", model=model, sha256=sha256, bytes=fetched.size)
                return fetched
            fetched.path.unlink()
        log("the node's cache gave no usable copy", "WARNING", model=model, sha256=sha256)
        return None

    def _dropped(self, model: str, sha256: str) -> bool:
        """Return whether the cache checked its copy and dropped it."""
        try:
            connection = self._connect()
            connection.request("DELETE", f"{self._address.path}/sha256/{sha256}")
            is_gone = connection.getresponse().status == 204
            connection.close()
        except _CUT as error:
            log("the node's cache did not answer", "WARNING", model=model, error=str(error))
            return False
        if is_gone:
            log("the node's cache dropped its copy", model=model, sha256=sha256)
        return is_gone

    def _give(self, model: str, fetched: Fetched) -> None:
        try:
            status, answer = self._upload(fetched)
            for _ in range(UPLOAD_ATTEMPTS - 1):
                if status in _BUSY:
                    self._sleep(BUSY_SECONDS)
                    status, answer = self._upload(fetched)
        except _CUT as error:
            log("the node's cache refused the artifact", "WARNING", model=model, error=str(error))
            return
        if status == 201:
            log("uploaded to the node's cache", model=model, sha256=fetched.sha256)
        else:
            log("the node's cache refused the artifact", "WARNING", model=model, error=answer)

    def _upload(self, fetched: Fetched) -> tuple[int, str]:
        """Upload to a cache that accepts the file; return the status and text of its answer."""
        connection = self._connect()
        with closing(connection), fetched.path.open("rb") as body:
            connection.putrequest("PUT", f"{self._address.path}/sha256/{fetched.sha256}")
            connection.putheader("Content-Length", str(fetched.size))
            connection.putheader("Expect", "100-continue")
            connection.endheaders()
            if _goes_on(connection.sock):
                connection.send(body)
            answer = connection.getresponse()
            return answer.status, answer.read(500).decode("utf-8", "replace").strip()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._address.hostname or "", self._address.port or 80
        connection = http.client.HTTPConnection(host, port, CONNECT_SECONDS, blocksize=CHUNK)
        connection.connect()
        connection.sock.settimeout(READ_SECONDS)
        return connection


def _state(answer: http.client.HTTPResponse) -> _State:
    """Return the answer to a claim; ValueError, with the text, for any other answer."""
    try:
        return _State(answer.getheader("State", ""))
    except ValueError:
        text = answer.read(500).decode("utf-8", "replace").strip()
        raise ValueError(f"it answered {answer.status} {answer.reason}: {text}") from None


def _goes_on(sock: socket.socket) -> bool:
    """Return whether the cache waits for the body: any answer but 100 is its last one."""
    sock.settimeout(ASKING_SECONDS)
    try:
        # http.client reads past an answer of 100 by itself.
        return sock.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 100"
    except TimeoutError:
        return True
    finally:
        sock.settimeout(READ_SECONDS)
