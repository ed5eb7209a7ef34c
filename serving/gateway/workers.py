"""Several workers of one program: processes on one port, which are started again when they die."""

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from time import time
from typing import TypeVar

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from serving.client.triton_client import TritonPredictionClient
from serving.gateway.app import create_app
from serving.gateway.edge import App
from serving.gateway.program import Share
from serving.gateway.server import Application, certificates_of, uvicorn_config
from serving.settings import Settings

# prometheus_client reads it when it is imported: workers have it from their start.
_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_LOG = logging.getLogger(__name__)

Made = TypeVar("Made")


def serve(settings: Settings) -> int:
    """Serve until a signal comes, and return 0; 3 if a worker cannot start.

    Raises:
        ValueError, OSError: for settings or files that cannot be used, before the port opens.
    """
    asyncio.run(_check(settings))
    with tempfile.TemporaryDirectory(prefix="inference-gateway-") as folder:
        os.environ[_METRICS_FOLDER] = folder
        worker = _Worker(Application(settings, Share(Path(folder), time())))
        config = uvicorn_config(settings, worker, worker.context)
        supervisor = _Supervisor(config, [config.bind_socket()])
        supervisor.run()
        failed = any(each.exitcode == STARTUP_FAILURE for each in supervisor.processes)
    return STARTUP_FAILURE if failed else 0


async def _check(settings: Settings) -> None:
    """Make all parts of a worker once."""
    client = TritonPredictionClient(settings.serving)
    try:
        certificates_of(settings)
        create_app(settings, client)
    finally:
        await client.close()


class _Supervisor(Multiprocess):
    """A supervisor that sees the end of a worker while it waits for the worker's answer.

    uvicorn keeps the worker's end of their pipe open, so that nothing but the time limit ends the
    wait for a worker that was killed meanwhile; until then no worker is started and no signal read.
    """

    def keep_subprocess_alive(self) -> None:
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()


@dataclass(frozen=True, slots=True)
class _Worker:
    """The application of a worker, made within its own process."""

    application: Application

    def __call__(self) -> App:
        _end_with_the_parent()
        return _or_end(self.application)

    def context(self, *_: object) -> SSLContext:
        return _or_end(self.application.context)


def _or_end(make: Callable[[], Made]) -> Made:
    """Return what is made, or end the program: another try would fail in the same way."""
    try:
        return make()
    except (ValueError, OSError) as error:
        _LOG.error("the worker cannot start: %s", error)
        sys.exit(STARTUP_FAILURE)


def _end_with_the_parent() -> None:
    """Stop this worker when its parent is gone, by kill -9 too: it would keep the port."""
    parent, loop = multiprocessing.parent_process(), asyncio.get_running_loop()
    if parent is None:
        return

    def end() -> None:
        loop.remove_reader(parent.sentinel)
        _LOG.error("the program is gone, so its worker ends")
        os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(parent.sentinel, end)
