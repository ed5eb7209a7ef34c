"""A mounted Secret as what a request needs: an Authorization header and trusted authorities."""

import base64
from dataclasses import dataclass
from pathlib import Path

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError

EXPECTED = "`token`, or `username` and `password`, or `ca.crt`"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Never printed: `authorization` is secret. `ca` is PEM text, trusted beside the system's."""

    authorization: str | None = None
    ca: str | None = None


def read_credentials(folder: Path) -> Credentials:
    """Read a Secret's folder; LoadError names its keys (never values) when they do not fit."""
    if not folder.is_dir():
        raise _unusable(folder, "it is not mounted in the pod")
    token, user, password, ca = (
        _text(folder / key) for key in ("token", "username", "password", "ca.crt")
    )
    if (user is None) != (password is None):
        raise _unusable(folder, "`username` and `password` must come together")
    if token is None and user is None and ca is None:
        keys = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
        raise _unusable(folder, f"found the keys {', '.join(keys) or '(none)'}")
    header = None
    if token is not None:
        header = f"Bearer {token}"
    elif user is not None:
        header = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if header is not None and not (header.isascii() and header.isprintable()):
        raise _unusable(folder, "`token` holds line breaks or characters outside ASCII")
    return Credentials(header, ca)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise _unusable(path.parent, f"`{path.name}` is not text") from None


def _unusable(folder: Path, what: str) -> LoadError:
    return LoadError(
        Reason.ARTIFACT_FORBIDDEN,
        f"the Secret for {folder.name} cannot be used: {what}; expected the keys {EXPECTED}",
    )
