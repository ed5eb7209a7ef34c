"""Files of the operator's settings that requests to Prometheus need: token, password, authorities.

They are read again for each sweep, because Kubernetes renews the files of a Secret.
"""

import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from inference_operator.domain.http_credentials import (
    CredentialsError,
    basic,
    is_header_value,
    trust,
)

# Tokens of identity providers have some KB; a bundle of all public authorities has 250 KB.
_MOST_BYTES = 1 << 20
_context = lru_cache(maxsize=4)(trust)


class AccessError(Exception):
    """A file that cannot be used; the message names its setting, not its content."""

    def __init__(self, setting: str, problem: str, remedy: str) -> None:
        """Name the setting as a field of AccessFiles, and say what is wrong with its file."""
        self.setting = setting
        self.problem = f"{problem}: {remedy}"
        variable = f"INFERENCE_OPERATOR_PROMETHEUS_{setting.upper()}"
        super().__init__(f"the file of {variable} {self.problem}")


@dataclass(frozen=True, slots=True)
class Access:
    """What a request is sent with. `repr` hides the header."""

    authorization: str | None
    context: ssl.SSLContext | bool

    def __repr__(self) -> str:
        return "Access(...)"


@dataclass(frozen=True, slots=True)
class AccessFiles:
    """The settings of a request's credentials: each is a path, or empty."""

    bearer_token_file: str = ""
    username: str = ""
    password_file: str = ""
    ca_file: str = ""

    def read(self) -> Access:
        """Read the files; it takes some milliseconds at most, and belongs into a thread.

        Raises:
            AccessError: if a file is missing, too long, or not what it should be.
        """
        authorization: str | None = None
        if self.bearer_token_file:
            token = _read(self.bearer_token_file, "bearer_token_file").strip()
            if not token or not is_header_value(token):
                raise AccessError(
                    "bearer_token_file", "has a text that is no token", "write one line"
                )
            authorization = f"Bearer {token}"
        elif self.username:
            password = _read(self.password_file, "password_file").strip("\r\n")
            authorization = basic(self.username, password)
        return Access(authorization, self._context())

    def _context(self) -> ssl.SSLContext | bool:
        if not self.ca_file:
            return True
        try:
            return _context(_read(self.ca_file, "ca_file"))
        except CredentialsError:
            remedy = "write PEM text that starts with -----BEGIN CERTIFICATE-----"
            raise AccessError("ca_file", "has no usable certificate", remedy) from None


def _read(path: str, setting: str) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise AccessError(
            setting, f"cannot be read: {why}", "mount it, or correct its path"
        ) from None
    if len(raw) > _MOST_BYTES:
        raise AccessError(setting, f"has more than {_MOST_BYTES:,} bytes", "name another file")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise AccessError(setting, "is not UTF-8 text", "name another file") from None
