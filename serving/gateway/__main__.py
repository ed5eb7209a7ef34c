"""Program of the gateway: `python -m serving.gateway`."""

import asyncio
import sys
from pathlib import Path

import uvicorn

from serving.client.triton_client import TritonPredictionClient
from serving.gateway.app import create_app
from serving.gateway.certificates import Certificates
from serving.gateway.cors import crossed
from serving.settings import Settings
from serving.settings.loading import SettingsError, load


def main() -> int:
    """Serve until a signal comes; 2 for settings that cannot be followed."""
    try:
        asyncio.run(_serve(load()))
    except (SettingsError, ValueError) as error:
        for line in str(error).splitlines():
            print(f"serving.gateway: {line}", file=sys.stderr)
        return 2
    return 0


async def _serve(settings: Settings) -> None:
    server = settings.server
    pair = (Path(server.certificate_file), Path(server.key_file))
    certificates = Certificates(*pair) if server.certificate_file else None
    # The client needs the loop that its calls run on.
    app = create_app(settings, TritonPredictionClient(settings.serving))
    config = uvicorn.Config(
        crossed(app, settings.cors),
        host=server.host,
        port=server.port,
        log_config=None,
        access_log=False,
    )
    if certificates is None:
        await uvicorn.Server(config).serve()
        return
    context = certificates.context
    config.ssl_context_factory = lambda *_: context
    certificates.start()
    try:
        await uvicorn.Server(config).serve()
    finally:
        await certificates.close()


if __name__ == "__main__":
    sys.exit(main())
