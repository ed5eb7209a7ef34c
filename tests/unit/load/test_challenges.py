"""Challenges in a registry's `WWW-Authenticate`."""

import pytest

from inference_operator.load.sources.challenges import LONGEST, Challenge, parse_challenges

REALM = "https://auth.example/token"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f'Bearer realm="{REALM}",service="r",scope="repository:x:pull,push"', [("bearer", REALM)]),
        (f'BEARER  Realm = "{REALM}" , service = r', [("bearer", REALM)]),
        (f'Basic realm="models", Bearer realm="{REALM}"', [("basic", "models"), ("bearer", REALM)]),
        ('Basic realm="a \\"b\\" \\\\, c"', [("basic", 'a "b" \\, c')]),
        ("Basic realm=models", [("basic", "models")]),
        ("Negotiate YWJj==, Basic realm=x", [("negotiate", ""), ("basic", "x")]),
        ("Basic", [("basic", "")]),
        ('Bearer realm="never closed', [("bearer", "never closed")]),
        ('Bearer realm="a",realm="b"', [("bearer", "a")]),
        (", ,Basic realm=x,,", [("basic", "x")]),
        ('realm="x", Basic realm=y', [("basic", "y")]),
        ("\x00\x00, Basic realm=y", [("basic", "y")]),
        ("", []),
        ("=====", []),
        (f'Bearer realm="{"x" * LONGEST}"', []),
    ],
)
def test_each_challenge_has_its_parameters(header: str, expected: list[tuple[str, str]]) -> None:
    challenges = parse_challenges(header)
    assert [
        (challenge.scheme, challenge.parameters.get("realm", "")) for challenge in challenges
    ] == expected


def test_commas_within_quotes_separate_nothing() -> None:
    assert parse_challenges('Bearer scope="a,b",service="s"') == (
        Challenge("bearer", {"scope": "a,b", "service": "s"}),
    )


class Counted(str):
    """A text that counts how often it is looked into."""

    looks = 0

    def __getitem__(self, place: object) -> str:
        Counted.looks += 1
        return super().__getitem__(place)  # type: ignore[index]


@pytest.mark.parametrize(
    "piece", ["a", 'a="', "a=,", '"', ",", " ", "=", "a ", 'a="\\"', "\\", 'a="b" c ', "\x00"]
)
def test_each_character_is_looked_at_a_few_times(piece: str) -> None:
    for size in (LONGEST // 2, LONGEST):
        Counted.looks = 0
        parse_challenges(Counted((piece * size)[:size]))
        assert Counted.looks <= 6 * size
