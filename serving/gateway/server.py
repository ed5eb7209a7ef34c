"""The HTTP server of one process: the application with its web pages and its TLS."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Any

import uvicorn

from serving.client.triton_client import TritonPredictionClient
from serving.gateway.app import create_app
from serving.gateway.certificates import Certificates
from serving.gateway.cors import crossed
from serving.gateway.edge import App
from serving.gateway.logs import config_of
from serving.gateway.program import Share
from serving.settings import Settings

_LONGEST_START = 60


@dataclass(frozen=True, slots=True)
class Application:
    """A factory that uvicorn calls within the loop of the server, in whatever process that is."""

    settings: Settings
    share: Share | None = None

    def __call__(self) -> App:
        """Return the application; ValueError for settings or files that cannot be used."""
        client = TritonPredictionClient(self.settings.serving)
        return crossed(create_app(self.settings, client, self.share), self.settings.cors)

    def context(self, *_: object) -> SSLContext:
        """Return the TLS context, and read its files again from now on."""
        certificates = certificates_of(self.settings)
        assert certificates is not None
        certificates.start()
        return certificates.context


def certificates_of(settings: Settings) -> Certificates | None:
    """Return the pair of the server; ValueError for one that cannot be used."""
    server = settings.server
    if not server.certificate_file:
        return None
    return Certificates(Path(server.certificate_file), Path(server.key_file))


def uvicorn_config(
    settings: Settings, factory: Callable[[], App], context: Callable[..., SSLContext]
) -> uvicorn.Config:
    """Return uvicorn's configuration; it is sent to workers, so all of it can be pickled."""
    server = settings.server
    more: dict[str, Any] = {"ssl_context_factory": context} if server.certificate_file else {}
    return uvicorn.Config(
        factory,
        factory=True,
        host=server.host,
        port=server.port,
        workers=server.workers,
        log_config=config_of(settings.logging.level),
        access_log=False,
        # Workers import for seconds on a busy machine, and answer nothing meanwhile.
        timeout_worker_healthcheck=_LONGEST_START,
        **more,
    )
