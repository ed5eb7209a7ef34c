"""Credentials of HTTP requests, which a Secret gives to the operator and the init container. Values
stay secret: `repr` hides them, and errors name keys only."""

import base64
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

KEYS = ("token", "username", "password", "ca.crt")
EXPECTED = "`token`, or `username` and `password`, or `ca.crt`"


class CredentialsError(ValueError):
    """A Secret whose values cannot be used; the message names keys, but not values."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The value of an Authorization header, and the PEM text of another authority to trust."""

    authorization: str | None = field(default=None, repr=False)
    ca: str | None = field(default=None, repr=False)

    @staticmethod
    def of(values: Mapping[str, str]) -> "Credentials":
        """Return the credentials in the values; empty values count as absent. Raises
        CredentialsError."""
        token, user, password, ca = (values.get(key) or None for key in KEYS)
        if (user is None) != (password is None):
            raise CredentialsError("`username` and `password` must come together")
        if token is None and user is None and ca is None:
            raise CredentialsError(keys_found(values))
        if token is None:
            return Credentials(None if user is None else basic(user, password or ""), ca)
        if not is_header_value(token):
            raise CredentialsError("`token` holds line breaks or characters outside ASCII")
        return Credentials(f"Bearer {token}", ca)


def keys_found(keys: Iterable[str]) -> str:
    """Return the part of a message that lists the keys of a Secret."""
    return f"found the keys {', '.join(sorted(keys)) or '(none)'}"


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def is_header_value(text: str) -> bool:
    """Return whether a header can hold the text: printable ASCII, and so no line breaks."""
    return text.isascii() and text.isprintable()


def trust(ca: str | None) -> ssl.SSLContext:
    """Return a context with the system's authorities and those of the PEM text."""
    context = ssl.create_default_context()
    try:
        if ca is not None:
            # Comments between certificates may be in any language; Python takes ASCII alone.
            context.load_verify_locations(cadata=ca.encode("ascii", "replace").decode())
    except (ssl.SSLError, ValueError) as error:
        raise CredentialsError(
            f"`ca.crt` of the Secret does not hold a usable certificate ({error}); write PEM text"
            " that starts with -----BEGIN CERTIFICATE-----"
        ) from None
    return context
