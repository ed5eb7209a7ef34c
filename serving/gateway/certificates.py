"""The gateway's own certificate and key, read again when they change."""

import asyncio
import contextlib
import logging
import ssl
from pathlib import Path

_LOOK_SECONDS = 2.0
_LOG = logging.getLogger(__name__)

Mark = tuple[tuple[int, int, int], ...]


class Certificates:
    """A TLS context of two PEM files: connections that begin later have the newest pair.

    Raises ValueError for a pair that cannot be used. Later, such a pair is logged, and the last
    good one stays in force.
    """

    def __init__(self, certificate: Path, key: Path, look_seconds: float = _LOOK_SECONDS) -> None:
        self._files, self._look_seconds = (certificate, key), look_seconds
        self._watching: asyncio.Task[None] | None = None
        try:
            self._mark = self._state()
            self.context = self._loaded()
        except (OSError, ssl.SSLError) as error:
            raise ValueError(
                f"server.certificate_file, server.key_file: found {certificate} and {key}"
                f" ({error}), expected a certificate and its key as PEM; correct the files"
            ) from error

    def start(self) -> None:
        self._watching = asyncio.create_task(self._watch(), name="certificates")

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._look_seconds)
            await asyncio.to_thread(self._look)

    def _look(self) -> None:
        try:
            mark = self._state()
            if mark == self._mark:
                return
            # First into a context that nobody uses: half a pair would end in the real one.
            self._loaded()
            self.context.load_cert_chain(*self._files)
            self._mark = mark
            _LOG.info("the certificate was read again")
        except (OSError, ssl.SSLError) as error:
            _LOG.error("%s: %s; the last good certificate stays in force", self._files[0], error)

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*self._files)
        return context

    def _state(self) -> Mark:
        states = [path.stat() for path in self._files]
        return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in states)
