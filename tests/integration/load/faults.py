"""Faults of servers, for the store in conftest."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

Handler = Any


def answers_really(handler: Handler) -> None:
    """Answer as the store's handler, of which the faulty one is a subclass, does."""
    base: Any = type(handler).__bases__[0]
    base.do_GET(handler)


def answers(status: int, **headers: str) -> Callable[[Handler], None]:
    """An empty answer with this status."""

    def fault(handler: Handler) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.refuse(HTTPStatus(status), names)

    return fault


def cuts_after(count: int) -> Callable[[Handler], None]:
    """The real answer's headers, `count` bytes of its body, and a closed connection."""

    def fault(handler: Handler) -> None:
        def send_body(path: Path, start: int, end: int) -> None:
            handler.wfile.write(path.read_bytes()[start : min(start + count, end)])
            handler.close_connection = True

        handler.send_body = send_body
        answers_really(handler)

    return fault


def stalls_after(count: int) -> Callable[[Handler], None]:
    """Do as `cuts_after`, but keep the connection open and silent until the test ends."""

    def fault(handler: Handler) -> None:
        def send_body(path: Path, start: int, end: int) -> None:
            handler.wfile.write(path.read_bytes()[start : min(start + count, end)])
            handler.wfile.flush()
            handler.server.released.wait(30)
            handler.close_connection = True

        handler.send_body = send_body
        answers_really(handler)

    return fault


def hangs_up(handler: Handler) -> None:
    """No answer at all."""
    handler.close_connection = True


def ignores_ranges(handler: Handler) -> None:
    """The whole file, whatever the request asked for."""
    del handler.headers["Range"]
    answers_really(handler)


def waits_for(barrier: threading.Barrier) -> Callable[[Handler], None]:
    """The real answer, once as many requests are there as the barrier wants."""

    def fault(handler: Handler) -> None:
        barrier.wait(10)
        answers_really(handler)

    return fault


def ignores_if_range(handler: Handler) -> None:
    """The rest of the file even if the file is another one now."""
    del handler.headers["If-Range"]
    answers_really(handler)


def without_etag(fault: Callable[[Handler], None]) -> Callable[[Handler], None]:
    """The same fault on a server that names no versions."""

    def changed(handler: Handler) -> None:
        send_header = handler.send_header

        def send(name: str, value: str) -> None:
            if name != "ETag":
                send_header(name, value)

        handler.send_header = send
        fault(handler)

    return changed


def without_length(count: int | None = None) -> Callable[[Handler], None]:
    """A body that ends with the connection, after all or `count` of its bytes."""

    def fault(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(handler.locate().read_bytes()[:count])
        handler.close_connection = True

    return fault


def chunked(complete: bool) -> Callable[[Handler], None]:
    """A chunked body, with or without its end."""

    def fault(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        body = handler.locate().read_bytes()
        for start in range(0, len(body), 4096):
            piece = body[start : start + 4096]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if complete:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    return fault
