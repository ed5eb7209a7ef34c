"""A mounted Secret: its values, and what an HTTP request makes of them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError

EXPECTED = "`token`, or `username` and `password`, or `ca.crt`"


@dataclass(frozen=True, slots=True)
class Secret:
    """The texts of a mounted Secret, which are never printed; empty ones count as absent."""

    name: str
    values: Mapping[str, str] = field(repr=False)

    def first(self, *keys: str) -> str | None:
        """The value of the first of these keys that is there."""
        return next((self.values[key] for key in keys if key in self.values), None)

    def unusable(self, what: str, expected: str) -> LoadError:
        """An error that names keys and never values."""
        return LoadError(
            Reason.ARTIFACT_FORBIDDEN,
            f"the Secret for {self.name} cannot be used: {what}; expected the keys {expected}",
        )

    @property
    def keys_found(self) -> str:
        return f"found the keys {', '.join(sorted(self.values)) or '(none)'}"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Never printed: `authorization` is secret. `ca` is PEM text, trusted beside the system's."""

    authorization: str | None = None
    ca: str | None = None


def read_secret(folder: Path) -> Secret:
    """Read a Secret's folder; LoadError when it is not mounted or holds what is no text."""
    name = folder.name
    if not folder.is_dir():
        raise Secret(name, {}).unusable("it is not mounted in the pod", "of its source")
    values = {}
    # The kubelet keeps the Secret's versions in hidden folders; `.dockerconfigjson` is a key.
    for path in folder.iterdir():
        if path.is_file():
            try:
                values[path.name] = path.read_text("utf-8").strip()
            except UnicodeDecodeError:
                raise Secret(name, {}).unusable(f"`{path.name}` is not text", "as text") from None
    return Secret(name, {key: value for key, value in values.items() if value})


def http_credentials(secret: Secret, expected: str = EXPECTED) -> Credentials:
    """A header and trust; LoadError names the keys when they do not fit."""
    token, user = secret.first("token"), secret.first("username")
    password, ca = secret.first("password"), secret.first("ca.crt")
    if (user is None) != (password is None):
        raise secret.unusable("`username` and `password` must come together", expected)
    if token is None and user is None and ca is None:
        raise secret.unusable(secret.keys_found, expected)
    header = None
    if token is not None:
        header = f"Bearer {token}"
    elif user is not None:
        header = basic(user, password or "")
    if header is not None and not (header.isascii() and header.isprintable()):
        raise secret.unusable("`token` holds line breaks or characters outside ASCII", expected)
    return Credentials(header, ca)


def basic(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
