"""The URI of a model in a status."""

from inference_operator.api.shown_uri import is_stamp_of, stamped_uri
from inference_operator.api.status import URI_LENGTH
from inference_operator.domain.message_limits import truncate


def status_uri(uri: str) -> str:
    """Return the URI without terminal commands and credentials: Kubernetes shows a status as it
    is."""
    return truncate(stamped_uri(uri), URI_LENGTH)


def is_status_uri_of(written: str | None, uri: str) -> bool:
    """Return whether a status with the URI `written` is about the model from `uri`."""
    return is_stamp_of(written, uri) or written == status_uri(uri)
