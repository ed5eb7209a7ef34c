"""The OpenAPI document of the prediction gateway, as `make generate` writes it."""

import json


def document() -> str:
    """Return the document that the gateway serves at /openapi.json, in a stable order."""
    # Not at the top: other generated files need no web framework.
    from serving.gateway.app import routed

    return json.dumps(routed(None).openapi(), indent=1, sort_keys=True) + "\n"
