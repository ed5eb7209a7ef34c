"""Program of the gateway: `python -m serving.gateway`."""

import asyncio
import sys

import uvicorn

from serving.client.triton_client import TritonPredictionClient
from serving.gateway.app import create_app
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
    # The client needs the loop that its calls run on.
    app = create_app(settings, TritonPredictionClient(settings.serving))
    server = settings.server
    config = uvicorn.Config(
        app, host=server.host, port=server.port, log_config=None, access_log=False
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    sys.exit(main())
