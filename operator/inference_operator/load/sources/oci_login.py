"""Login to a registry: the Secret's user or token, and the registry's bearer tokens."""

import binascii
from base64 import b64decode
from typing import Any
from urllib.parse import urlencode, urlsplit

from inference_operator.api.problem import SOURCE_SECRET
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.domain.http_credentials import basic, is_header_value
from inference_operator.load.failure import LoadError
from inference_operator.load.sources.challenges import parse_challenges
from inference_operator.load.sources.credentials import Secret, http_credentials
from inference_operator.load.transfer.refusals import UnauthorizedError, origin
from inference_operator.load.transfer.transport import Transport

EXPECTED = "`username` and `password`, or `token`, or `.dockerconfigjson`, or `ca.crt`"
DOCKER_CONFIG = ".dockerconfigjson"
# The limit of an answer with a token, and of a configuration: a Secret has at most 1 MiB.
_JSON = JsonLimits(size=1 << 20)
# The limit of a bearer token; servers accept a few KiB.
_LONGEST = 64 << 10


def held_for(host: str, secret: Secret | None) -> str | None:
    """Return the Secret's Authorization header for this registry; None: no credentials."""
    if secret is None:
        return None
    if (config := secret.first(DOCKER_CONFIG)) is not None:
        return _of_docker_config(config, host, secret)
    return http_credentials(secret, EXPECTED).authorization


class Login:
    """The answers to a registry's challenges; the last token serves the requests that follow."""

    def __init__(self, transport: Transport, host: str, held: str | None) -> None:
        self._transport, self._host, self._held = transport, host, held
        self.authorization = held if held and held.startswith("Bearer ") else None

    def answer(self, refusal: UnauthorizedError) -> None:
        """Get the credentials that the challenge asks for, or raise `refusal`.

        Only the registry itself may ask: the target of a redirect could name a realm that collects
        credentials (CVE-2020-15157).
        """
        if origin(refusal.url) != origin(f"https://{self._host}"):
            raise LoadError(
                Reason.ARTIFACT_FORBIDDEN,
                f"{self._host} redirects to {shown_uri(refusal.url)}, which asks for credentials,"
                f" and they are for {self._host} only",
                "let the registry redirect to an address that is signed, or serve its layers"
                " itself",
            ) from None
        if self.authorization is not None and self.authorization == self._held:
            raise refusal
        for challenge in parse_challenges(refusal.challenge):
            if challenge.scheme == "basic" and self._held:
                self.authorization = self._held
                return
            if challenge.scheme == "bearer":
                self.authorization = self._token(challenge.parameters, refusal)
                return
        raise refusal

    def _token(self, parameters: dict[str, str], refusal: LoadError) -> str:
        realm = parameters.get("realm", "")
        if not _is_plain_https(realm):
            raise refusal
        asked = [(name, parameters[name]) for name in ("service", "scope") if name in parameters]
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(asked)}"
        with self._transport.open(url, {}, self._held, named_by=self._host) as response:
            body = response.read(_JSON.size + 1)
        try:
            fields = parse_json(body, _JSON)
            token = fields.get("token") or fields["access_token"]
        except (ValueError, KeyError, AttributeError):
            token = None
        if not _is_token(token):
            raise LoadError(
                Reason.FETCH_FAILED,
                f"{shown_uri(realm)} gave no usable token: at most {_LONGEST >> 10} KiB of"
                " printable ASCII",
                "check the registry's token service",
            )
        return f"Bearer {token}"


def _is_token(value: Any) -> bool:
    """Return whether the value can be sent in a header."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and is_header_value(value)


def _of_docker_config(text: str, host: str, secret: Secret) -> str | None:
    try:
        auths: dict[str, Any] = parse_json(text, _JSON)["auths"]
        entry = next((held for name, held in auths.items() if _host(name) == host), None)
        if entry is None:
            hosts = ", ".join(sorted(map(_host, auths))) or "no registry"
            raise LoadError(
                Reason.ARTIFACT_FORBIDDEN,
                f"{DOCKER_CONFIG} of Secret {secret.name} has credentials for {hosts}, not for"
                f" {host}",
                f"add {host} to its `auths`, or name a Secret that has it",
                SOURCE_SECRET,
            )
        if "auth" in entry:
            user, _, password = b64decode(entry["auth"]).decode().partition(":")
        else:
            user, password = entry["username"], entry["password"]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise secret.unusable(f"{DOCKER_CONFIG} is not a Docker configuration", EXPECTED) from None
    return basic(user, password)


def _is_plain_https(realm: str) -> bool:
    """Return whether credentials may be sent there: https, and a host without a user."""
    try:
        parts = urlsplit(realm)
        return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def _host(name: str) -> str:
    return (urlsplit(name).netloc if "://" in name else name.partition("/")[0]).lower()
