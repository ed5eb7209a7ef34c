"""Signed tokens (JWT): who calls, by a key of the settings' own key set.

What a token says about its keys (`jku`, `x5u`, `jwk`) is never used.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from jwt import PyJWK
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidSignatureError,
    MissingRequiredClaimError,
    PyJWTError,
)

from serving.gateway.callers import Caller, Scope, bearer, check_scope, unauthenticated
from serving.gateway.key_sets import KeySet
from serving.gateway.problems import Problem, Reason, RefusedError, shown

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
LEEWAY_SECONDS = 30
_LONGEST = 8192
_LONGEST_NAME = 128
_REMEDY = "ask the issuer for a new token"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must be made for, and by whom; an empty issuer means any."""

    audience: str
    issuer: str = ""


class Tokens:
    """The check of tokens in `Authorization: Bearer TOKEN`."""

    def __init__(self, keys: KeySet, expected: Expected) -> None:
        self._keys, self._expected = keys, expected

    async def start(self) -> None:
        await self._keys.start()

    async def close(self) -> None:
        await self._keys.close()

    def caller(self, header: str | None, scope: Scope) -> Caller:
        """Return who calls; RefusedError for a token that is bad, or of another scope."""
        token = bearer(header)
        if not token:
            raise _refused("no token", "`Bearer TOKEN`")
        if len(token) > _LONGEST:
            raise _refused(f"a token of {len(token)} signs", f"{_LONGEST} at most")
        claims = self._claims(token, self._key(token))
        name = str(claims["sub"])[:_LONGEST_NAME]
        scopes = scopes_of(claims)
        remedy = "ask the issuer for a token with the scope"
        check_scope(f"the token of {shown(name)}", scopes, scope, remedy)
        return Caller(name, scopes)

    def _key(self, token: str) -> PyJWK:
        try:
            head = jwt.get_unverified_header(token)
        except (PyJWTError, ValueError, RecursionError):
            raise _refused("a text that is no JWT", "a signed JWT") from None
        algorithm = head.get("alg")
        if algorithm not in ALGORITHMS:
            raise _refused(f"alg {shown(algorithm)}", f"one of {', '.join(ALGORITHMS)}")
        keys = self._keys.keys
        if keys is None:
            self._keys.ask()
            raise RefusedError(_AWAY)
        kid = head.get("kid")
        key = next(iter(keys.values())) if kid is None and len(keys) == 1 else keys.get(str(kid))
        if key is None:
            self._keys.ask()
            raise _refused(f"kid {shown(kid)}", "the id of a key in the issuer's key set")
        return key

    def _claims(self, token: str, key: PyJWK) -> dict[str, Any]:
        expected = self._expected
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[each for each in ALGORITHMS if each == key.algorithm_name],
                audience=expected.audience,
                issuer=expected.issuer or None,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "aud", "sub", *(["iss"] if expected.issuer else [])]},
            )
        except (PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise _refused(*self._words(error, token)) from None
        return claims

    def _words(self, error: Exception, token: str) -> tuple[str, str]:
        """Return what was found in a bad token, and what is expected."""
        if isinstance(error, InvalidSignatureError):
            return "a signature that is not of the key it names", "one of that key"
        if isinstance(error, MissingRequiredClaimError):
            return f"no claim {error.claim}", f"{error.claim} in the token"
        claim, expected = _CLAIMS.get(type(error), ("", ""))
        if not claim:
            return f"a token that cannot be used ({shown(str(error))})", "a signed JWT"
        # The signature was right, or the claims would not have been looked at.
        given = jwt.decode(token, options={"verify_signature": False}).get(claim)
        if claim in ("exp", "nbf"):
            return f"{claim} {_time(given)}", expected
        right = self._expected.audience if claim == "aud" else self._expected.issuer
        return f"{claim} {shown(given)}", f"{right}"


_CLAIMS: dict[type[Exception], tuple[str, str]] = {
    ExpiredSignatureError: ("exp", "a time to come: the token expired"),
    ImmatureSignatureError: ("nbf", "a time that has passed: the token is not valid yet"),
    InvalidAudienceError: ("aud", "the gateway's"),
    InvalidIssuerError: ("iss", "the gateway's"),
}

_AWAY = Problem(
    Reason.KEYS_AWAY,
    "auth.jwks_url: found no keys to check tokens with, expected a JWKS; send the request again"
    " later, and look at the gateway's log",
    "Authorization",
    remedy="send the request again later",
    retry_after=10,
)


def scopes_of(claims: dict[str, Any]) -> frozenset[str]:
    """Return the scopes of a token: `scope` as one text, or a list; else `scp`.

    >>> sorted(scopes_of({"scope": "predict openid"})), sorted(scopes_of({"scp": ["predict"]}))
    (['openid', 'predict'], ['predict'])
    """
    given = claims.get("scope", claims.get("scp", ""))
    words = given.split() if isinstance(given, str) else given if isinstance(given, list) else ()
    return frozenset(str(word) for word in words)


def _refused(value: str, expected: str) -> RefusedError:
    return unauthenticated(value, expected, _REMEDY)


def _time(given: Any) -> str:
    try:
        return datetime.fromtimestamp(int(given), UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return shown(given)
