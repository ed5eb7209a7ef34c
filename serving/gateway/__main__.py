"""Program of the gateway: `python -m serving.gateway`."""

import sys

import uvicorn

from serving.gateway import workers
from serving.gateway.server import Application, uvicorn_config
from serving.settings import Settings
from serving.settings.loading import SettingsError, load


def main() -> int:
    """Serve until a signal comes; 2 for settings that cannot be followed."""
    try:
        return _serve(load())
    except (SettingsError, ValueError, OSError) as error:
        for line in str(error).splitlines():
            print(f"serving.gateway: {line}", file=sys.stderr)
        return 2


def _serve(settings: Settings) -> int:
    if settings.server.workers > 1:
        return workers.serve(settings)
    application = Application(settings)
    uvicorn.Server(uvicorn_config(settings, application, application.context)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
