"""Signed tokens: each that is refused has its sentence; keys come from the settings' place only."""

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from serving.gateway import key_sets
from serving.gateway.callers import Caller, Scope
from serving.gateway.key_sets import TRUSTED_SECONDS, KeyAddress, KeyFile, parsed
from serving.gateway.problems import RefusedError
from serving.gateway.tokens import Expected, Tokens
from tests.unit.serving.gateway.conftest import Start

OURS, FOREIGN = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
GOOD = {"sub": "desk", "aud": "gateway", "iss": "https://id", "scope": "predict openid"}
EXPECTED = Expected("gateway", "https://id")


def key_set(**keys: Any) -> str:
    made = [
        {**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}
        for kid, key in keys.items()
    ]
    return json.dumps({"keys": made})


def token(
    *, key: Any = OURS, kid: str | None = "k1", head: dict[str, Any] | None = None, **claims: Any
) -> str:
    payload = {**GOOD, "exp": int(time.time()) + 600, **claims}
    payload = {name: value for name, value in payload.items() if value is not None}
    headers = {**({"kid": kid} if kid else {}), **(head or {})}
    return jwt.encode(payload, key, "ES256", headers=headers)


def unsigned() -> str:
    parts = ({"alg": "none", "kid": "k1"}, {**GOOD, "exp": int(time.time()) + 600})
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join(each.rstrip("=") for each in texts) + "."


def shared_secret() -> str:
    """Return a token signed by the public key as if it were a shared secret."""
    secret = base64.b64encode(key_set(k1=OURS).encode()).decode()
    return jwt.encode({**GOOD, "exp": int(time.time()) + 600}, secret, "HS256", {"kid": "k1"})


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    path = tmp_path / "jwks.json"
    path.write_text(key_set(k1=OURS))
    return Tokens(KeyFile(path), EXPECTED)


def test_a_good_token_names_its_caller_and_scopes(tokens: Tokens) -> None:
    caller = tokens.caller(f"Bearer {token()}", Scope.PREDICT)
    assert caller == Caller("desk", frozenset({"predict", "openid"}))
    assert tokens.caller(f"Bearer {token(kid=None)}", Scope.PREDICT).name == "desk"
    assert tokens.caller(f"Bearer {token(exp=int(time.time()) - 10)}", Scope.PREDICT)


# The token, the status, and a part of the sentence.
BAD = {
    "none": (lambda: "", 401, "found no token, expected `Bearer TOKEN`"),
    "no JWT": (lambda: "abc", 401, "found a text that is no JWT, expected a signed JWT"),
    "no text of a JWT": (lambda: "é.b.c", 401, "found a text that is no JWT"),
    "9,000 signs": (lambda: "a" * 9000, 401, "found a token of 9000 signs, expected 8192 at most"),
    "alg none": (unsigned, 401, "found alg none, expected one of RS256,"),
    "a shared secret": (shared_secret, 401, "found alg HS256, expected one of RS256,"),
    "expired": (lambda: token(exp=1_000_000_000), 401,
                "found exp 2001-09-09T01:46:40+00:00, expected a time to come: the token expired;"
                " ask the issuer for a new token"),
    "not valid yet": (lambda: token(nbf=4_000_000_000), 401,
                      "found nbf 2096-10-02T07:06:40+00:00, expected a time that has passed"),
    "a foreign audience": (lambda: token(aud="other"), 401, "found aud other, expected gateway;"),
    "a foreign issuer": (lambda: token(iss="https://x"), 401,
                         "found iss https://x, expected https://id;"),
    "no expiry": (lambda: token(exp=None), 401, "found no claim exp, expected exp in the token"),
    "no name": (lambda: token(sub=None), 401, "found no claim sub, expected sub in the token"),
    "no audience": (lambda: token(aud=None), 401, "found no claim aud, expected aud in the token"),
    "an unknown key": (lambda: token(kid="k9"), 401,
                       "found kid k9, expected the id of a key in the issuer's key set"),
    "a key that is not its own": (lambda: token(key=FOREIGN), 401,
                                  "found a signature that is not of the key it names"),
    "another scope": (lambda: token(scope="metrics:read"), 403,
                      "the token of desk has the scopes metrics:read, expected predict; ask the"
                      " issuer for a token with the scope"),
    "no scope": (lambda: token(scope=None), 403,
                 "the token of desk has the scopes none of the gateway's, expected predict;"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_told(name: str, tokens: Tokens) -> None:
    make, status, sentence = BAD[name]
    with pytest.raises(RefusedError) as caught:
        tokens.caller(f"Bearer {make()}", Scope.PREDICT)
    problem = caught.value.problem
    assert problem.status == status
    assert sentence in problem.detail
    assert problem.remedy


async def test_the_gateway_asks_for_tokens_by_scope_of_the_path(
    start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(key_set(k1=OURS))
    auth = {"mode": "jwt", "audience": "gateway", "issuer": "https://id", "jwks_file": str(path)}
    async with start(auth=auth) as gateway:
        refused = await gateway.price()
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        gateway.http.headers["Authorization"] = f"Bearer {token()}"
        assert (await gateway.price()).status_code == 200
        refused = await gateway.http.get("/api/v1/metrics")
        assert (refused.status_code, refused.json()["expected"]) == (403, "metrics:read")
        path.write_text(key_set(k2=FOREIGN))
        gateway.app._parts.callers._keys._file._looked -= 2
        assert (await gateway.price()).status_code == 401
        gateway.http.headers["Authorization"] = f"Bearer {token(key=FOREIGN, kid='k2')}"
        assert (await gateway.price()).status_code == 200


class Issuer:
    """An address of keys that a test turns off."""

    def __init__(self) -> None:
        self.text, self.away, self.asked = key_set(k1=OURS), False, 0

    async def fetch(self) -> str:
        self.asked += 1
        if self.away:
            raise OSError("no address")
        return self.text


async def test_keys_stay_in_force_for_a_day_while_their_address_is_away() -> None:
    issuer, now = Issuer(), 0.0
    keys = KeyAddress(issuer.fetch, lambda: now)
    checks = Tokens(keys, EXPECTED)
    issuer.away = True
    await keys.refresh()
    with pytest.raises(RefusedError) as caught:
        checks.caller(f"Bearer {token()}", Scope.PREDICT)
    problem = caught.value.problem
    assert (problem.status, problem.retry_after) == (503, 10)
    assert problem.detail.startswith("auth.jwks_url: found no keys to check tokens with")
    issuer.away = False
    await keys.refresh()
    issuer.away, now = True, TRUSTED_SECONDS
    await keys.refresh()
    assert checks.caller(f"Bearer {token()}", Scope.PREDICT).name == "desk"
    now = TRUSTED_SECONDS + 1
    assert keys.keys is None


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sets, "RETRY_SECONDS", 0.05)


async def test_a_key_that_is_missing_wakes_the_reading_and_only_the_settings_name_its_place(
    fast: None,
) -> None:
    issuer = Issuer()
    keys = KeyAddress(issuer.fetch)
    checks = Tokens(keys, EXPECTED)
    await keys.start()
    issuer.text = key_set(k1=OURS, k2=FOREIGN)
    other = token(key=FOREIGN, kid="k2", head={"jku": "http://127.0.0.1:9/keys"})
    for _ in range(50):
        with pytest.raises(RefusedError, match="found kid k2"):
            checks.caller(f"Bearer {other}", Scope.PREDICT)
    for _ in range(500):
        if "k2" in (keys.keys or {}):
            break
        await asyncio.sleep(0.01)
    assert checks.caller(f"Bearer {other}", Scope.PREDICT).name == "desk"
    assert issuer.asked == 2
    await keys.close()


BAD_SETS = {
    "no JSON": ("{", "Expecting"),
    "a list": ("[]", "found no JWKS"),
    "no keys": ('{"keys": []}', "found 0 keys, expected a public one that signs"),
    "a shared secret": ('{"keys": [{"kty": "oct", "k": "AAAA"}]}', "found 1 keys"),
    "a key to encrypt": (key_set(k1=OURS).replace('"sig"', '"enc"'), "found 1 keys"),
    "a kind of no name": ('{"keys": [{"kty": "X"}, 3]}', "found 2 keys"),
}


@pytest.mark.parametrize("name", BAD_SETS)
def test_a_set_without_a_public_key_is_refused(name: str) -> None:
    text, words = BAD_SETS[name]
    with pytest.raises(ValueError, match=words):
        parsed(text)
