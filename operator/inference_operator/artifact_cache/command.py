"""`inference-operator cache`: the node's artifact cache, one of a DaemonSet."""

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add `cache`; `func` of its arguments runs it and returns the exit code."""
    parser = subparsers.add_parser(
        "cache",
        help="keep artifacts for the pods of this node (a DaemonSet)",
        description="Serve artifacts by their digest, so that a node fetches each of them once.",
    )
    parser.add_argument("--folder", type=Path, required=True, help="where the artifacts are kept")
    parser.add_argument(
        "--limit",
        type=_bytes,
        required=True,
        help="bytes that may be held, as a quantity (20Gi): the least recently used ones make room",
    )
    parser.add_argument("--address", default="", help="address to listen on (all)")
    parser.add_argument("--port", type=int, default=8081, help="port to listen on (%(default)s)")
    parser.set_defaults(func=run_cache)


def run_cache(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; return 0."""
    from inference_operator import logs

    logs.configure("INFO")
    asyncio.run(_serve(arguments))
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    import logging

    from inference_operator.artifact_cache.server import CacheServer, serve
    from inference_operator.artifact_cache.store import ArtifactStore

    store = ArtifactStore(arguments.folder, arguments.limit)
    runner = await serve(CacheServer(store), arguments.address, arguments.port)
    held = f"{store.count} artifacts, {store.size:,} of {store.limit:,} bytes"
    logging.getLogger(__name__).info("serving on %s with %s", runner.addresses, held)
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    await end.wait()
    await runner.cleanup()


def _bytes(text: str) -> int:
    from inference_operator.api.base import parse_quantity

    try:
        size = int(parse_quantity(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if size < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected 1 byte or more, such as 20Gi")
    return size
