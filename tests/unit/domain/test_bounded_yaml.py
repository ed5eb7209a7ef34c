"""Limits of YAML that another party wrote: each is a sentence, and none takes long."""

import time
from contextlib import suppress
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.domain.bounded_yaml import (
    YamlLimits,
    YamlRefusedError,
    parse_yaml,
    parse_yaml_documents,
)
from tests.bombs import laughs, merges, nested_aliases

STRICT = YamlLimits(size=65_536, depth=32, nodes=2_000)
SHARING = replace(STRICT, repeated=10_000)
LOAD_SECONDS = 2.0
"""Far more than any of these takes alone, and far less than one that is not bounded."""


def refused(text: str, limits: YamlLimits = STRICT) -> str:
    started = time.process_time()
    with pytest.raises(YamlRefusedError) as caught:
        parse_yaml(text, limits)
    assert time.process_time() - started < LOAD_SECONDS
    assert len(str(caught.value)) < 600
    return caught.value.at("m.yaml")


def test_what_is_written_is_read() -> None:
    text = "# a comment\na: 1\nb: [x, 2.5, true, null]\nc: {d: '0x1'}\ne: 2031-01-01\n"
    assert parse_yaml(text, STRICT) == yaml.safe_load(text)
    assert parse_yaml("", STRICT) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (laughs(9), "line 1: found the anchor &a0, expected YAML without anchors, aliases and"),
        (merges(9), "line 1: found the anchor &a0, expected YAML without anchors, aliases and"),
        ("a: &x 1", "line 1: found the anchor &x, expected YAML without"),
        ("a: 1\nb: *x", "line 2: found the alias *x, expected YAML without"),
        ("a: {<<: {b: 1}}", "line 1: found the merge key <<, expected YAML without"),
        ("a: {!!merge x: {b: 1}}", "line 1: found the merge key <<, expected YAML without"),
    ],
)
def test_aliases_anchors_and_merge_keys_are_refused(text: str, words: str) -> None:
    assert words in refused(text)


@pytest.mark.parametrize("bomb", [laughs(9), merges(9), laughs(12)])
def test_what_aliases_repeat_is_bounded_where_they_are_allowed(bomb: str) -> None:
    assert "found aliases that repeat more than 10,000 keys, values and" in refused(bomb, SHARING)


def test_a_long_text_counts_each_time_that_it_is_repeated() -> None:
    text = f"a: &a {'x' * 1000}\nb: [{', '.join(['*a'] * 11)}]"
    assert "line 2: found aliases that repeat more than 10,000" in refused(text, SHARING)


def test_few_aliases_are_read_where_they_are_allowed() -> None:
    text = "a: &a {x: [1]}\nb: {<<: *a, y: *a}\n---\na: &a 2\nb: *a\n"
    values = [document.value for document in parse_yaml_documents(text, "m.yaml", SHARING)]
    assert values == list(yaml.safe_load_all(text))


def test_levels_that_aliases_repeat_count() -> None:
    assert parse_yaml(nested_aliases(30), SHARING)["a29"]
    assert "line 32: found more than 32 levels of nesting" in refused(nested_aliases(40), SHARING)


@pytest.mark.parametrize("limits", [STRICT, SHARING], ids=["strict", "sharing"])
@pytest.mark.parametrize(
    "text",
    [
        "[" * 1000 + "]" * 1000,
        "{a: " * 1000 + "1" + "}" * 1000,
        "- " * 1000 + "x",
        "? " * 1000 + "x",
        "".join(" " * level + "a:\n" for level in range(300)),
        "a:\n" + "[" * 60_000,
    ],
    ids=["lists", "maps", "blocks", "keys", "indents", "open"],
)
def test_a_thousand_levels_are_refused(text: str, limits: YamlLimits) -> None:
    assert "found more than 32 levels of nesting, expected at most 32" in refused(text, limits)


def test_as_many_levels_as_the_limit_are_read() -> None:
    assert parse_yaml("[" * 32 + "]" * 32, STRICT)
    assert "levels" in refused("[" * 33 + "]" * 33)


@pytest.mark.parametrize(
    "value",
    [
        "9" * 60_000,
        "0x" + "f" * 60_000,
        "0b" + "1" * 60_000,
        "0" + "7" * 60_000,
        "1" + ":1" * 30_000,
        "1." + "1" * 60_000,
        "2031-01-01T00:00:00." + "1" * 60_000,
        "!!int '" + "9" * 60_000 + "'",
        "!!float '" + "9" * 60_000 + "'",
    ],
    ids=["decimal", "hex", "binary", "octal", "base 60", "float", "time", "tagged", "tagged float"],
)
def test_a_huge_number_is_refused(value: str) -> None:
    assert "m.yaml, line 2: found a number or date of " in refused(f"a: 1\nb: {value}")


def test_a_digest_of_digits_only_is_read() -> None:
    assert parse_yaml(f"a: {'9' * 64}", STRICT) == {"a": int("9" * 64)}


@pytest.mark.parametrize(
    "value",
    ["!!int ''", "!!float ''", "!!bool x", "!!timestamp x", "2031-99-99", "!!int 0x", "!!set [a]"],
)
def test_a_value_that_its_type_does_not_have_is_a_sentence(value: str) -> None:
    assert refused(f"a: {value}").startswith("m.yaml: cannot be read as YAML: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "m.yaml, line 2: found the key a a second time, the first is on line 1"),
        ("a: 1\n---\nb: 2", "m.yaml, line 3: found a second document, expected 1"),
        ("- a\n" * 2000, "m.yaml, line 2000: found more than 2,000 keys and values, expected"),
        ("#" * 65_537, "m.yaml: found more than 65,536 characters, expected at most 65,536"),
        ("a: !!python/object:os.system x", "cannot be read as YAML: could not determine a"),
        (f"a: !{'t' * 60_000} x", "cannot be read as YAML: could not determine a constructor"),
        ("? [a]\n: b", "found unhashable key"),
        ("a: \0", "cannot be read as YAML: unacceptable character"),
        ("a: [", "cannot be read as YAML: while parsing a flow node"),
    ],
)
def test_other_texts_are_refused_with_a_sentence(text: str, words: str) -> None:
    assert words in refused(text)


@given(st.text(alphabet="ab01:-?[]{},&*!|>'\"%#\n <.x~", max_size=60))
def test_no_text_ends_in_another_error(text: str) -> None:
    for limits in (STRICT, SHARING):
        with suppress(YamlRefusedError):
            parse_yaml(text, limits)


def test_a_tag_line_cannot_make_long_tags_of_short_ones() -> None:
    text = f"%TAG !e! tag:{'x' * 20_000}:\n---\n" + "- !e!a b\n" * 10
    with pytest.raises(YamlRefusedError, match="found tags of more than 100,000 characters"):
        parse_yaml(text, YamlLimits(size=100_000, depth=10, nodes=100))
