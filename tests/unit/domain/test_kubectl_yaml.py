"""YAML as kubectl reads it: its values, what is refused, and what is written.

`tests/integration/api/test_yaml_as_kubectl.py` compares the same tables with the real kubectl.
"""

from typing import Any

import pytest
import yaml

from inference_operator.domain.bounded_yaml import YamlLimits, YamlRefusedError
from inference_operator.domain.kubectl_scalars import scalar
from inference_operator.domain.kubectl_yaml import parse_manifests, write_manifests
from tests.yaml_cases import LOOKS_LIKE_TEXT, READ_ALIKE, TEXTS

LIMITS = YamlLimits(size=65_536, depth=32, nodes=2_000, repeated=1000)


def read(text: str, *, as_printed: bool = False) -> list[Any]:
    parsed = parse_manifests(text, "m.yaml", LIMITS, as_printed=as_printed)
    return [document.value for document in parsed]


def refused(text: str) -> str:
    with pytest.raises(YamlRefusedError) as caught:
        read(text)
    return caught.value.at("m.yaml")


@pytest.mark.parametrize(("text", "value"), {**READ_ALIKE, **LOOKS_LIKE_TEXT}.items())
def test_scalars_have_the_values_of_kubectl(text: str, value: Any) -> None:
    assert (type(scalar(text)), scalar(text)) == (type(value), value)
    assert read(f"v: {text}", as_printed=True) == [{"v": value}]


@pytest.mark.parametrize(("text", "value"), READ_ALIKE.items())
def test_scalars_that_look_like_what_they_are_are_read(text: str, value: Any) -> None:
    assert read(f"v: {text}") == [{"v": value}]


@pytest.mark.parametrize(("text", "value"), LOOKS_LIKE_TEXT.items())
@pytest.mark.parametrize("place", ["a: 1\nv: {}", "a: 1\n{}: v", "a:\n- {}", "a:\n  [{}]"])
def test_scalars_that_kubectl_reads_as_no_text_are_refused(
    text: str, value: Any, place: str
) -> None:
    sentence = refused(place.format(text))
    meaning = str(value).lower()
    assert sentence == (
        f"m.yaml, line 2: found {text} without quotes, expected quotes, since kubectl reads it as"
        f' {meaning}: write "{text}" if it is text, else {meaning}'
    )
    assert read(place.format(f'"{text}"'))


@pytest.mark.parametrize("digits", ["1" * 64, "0" * 20 + "9" * 44, str(2**63), f"-{2**63 + 1}"])
def test_a_digest_of_digits_only_is_refused(digits: str) -> None:
    sentence = refused(f"a: 1\nsha256: {digits}\n")
    assert sentence == (
        f"m.yaml, line 2: found {digits} without quotes, expected a number of at most 64 bits,"
        f' since kubectl rounds it: write "{digits}" if it is text, such as a digest'
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: .inf", "line 1: found .inf without quotes, expected a number that JSON has: put it"),
        ("a: !foo b", "line 1: found the tag !foo, expected a value without tags: remove it"),
        ("a: !!binary aGk=", "line 1: found the tag !!binary, expected a value without tags"),
        ("a: !!int x", 'line 1: found "x" with the tag !!int, expected a value of that type'),
        ("%YAML 1.1\n---\na: b", "line 1: found a line that begins with %, expected manifests"),
        ("a: b\n--- {c: d}", "line 2: found a value behind ---, expected a new line"),
        ("a: b\n...\nc: d", "line 3, column 1"),
        ("a: 1\nb: 2\na: 3", "line 3: found the key a a second time, the first is on line 1"),
        ("a:\n\tb: 1", "line 2"),
    ],
)
def test_other_yaml_that_kubectl_refuses_or_passes_over_is_refused(
    text: str, sentence: str
) -> None:
    assert sentence in refused(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("--- # first\na: b\n---\nc: d\n---\n", [{"a": "b"}, {"c": "d"}, None]),
        ("a: b\n...\n", [{"a": "b"}]),
        ("a: !!str 1\nb: !!float 1\nc: !!int '5'", [{"a": "1", "b": 1, "c": 5}]),
        ("a: &x {b: 1}\nc: {<<: *x, d: =}", [{"a": {"b": 1}, "c": {"b": 1, "d": "="}}]),
        ("a: ''\nb:\nc: \"Y\"\nd: 'n'", [{"a": "", "b": None, "c": "Y", "d": "n"}]),
    ],
)
def test_documents_tags_and_anchors_are_those_of_kubectl(text: str, values: list[Any]) -> None:
    assert read(text) == values


@pytest.mark.parametrize("explicit_start", [False, True])
@pytest.mark.parametrize("allow_unicode", [False, True])
def test_all_readers_read_alike_what_is_written(explicit_start: bool, allow_unicode: bool) -> None:
    bodies = [{"values": list(TEXTS), "keys": {text: text for text in TEXTS}}]
    written = write_manifests(bodies, explicit_start=explicit_start, allow_unicode=allow_unicode)

    assert read(written) == read(written, as_printed=True) == list(yaml.safe_load_all(written))
    assert read(written) == bodies


def test_a_text_that_needs_no_quotes_gets_none() -> None:
    assert write_manifests([{"name": "yes-or-no", "image": "a/b:1.2"}]) == (
        "name: yes-or-no\nimage: a/b:1.2\n"
    )
