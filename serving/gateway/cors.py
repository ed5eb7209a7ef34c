"""Web pages of other origins that may call: none, unless the settings name them."""

from starlette.middleware.cors import CORSMiddleware

from serving.gateway.edge import App
from serving.settings.gateway import CorsSettings

_METHODS = ("GET", "POST", "DELETE")
_SENT = ("authorization", "content-type", "x-request-id")
_READ = ("x-request-id", "retry-after", "location")
_AGE = 600


def crossed(app: App, settings: CorsSettings) -> App:
    """Return the application, answering browsers about the origins of the settings.

    A page sends its key or token itself: cookies are never asked for.
    """
    if not settings.origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=settings.origins,
        allow_methods=_METHODS,
        allow_headers=_SENT,
        expose_headers=_READ,
        max_age=_AGE,
    )
