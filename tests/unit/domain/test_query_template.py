"""Values in a user's query stay within their quotes, whatever they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.analysis import Window
from inference_operator.domain.query_template import (
    LONGEST,
    NAMES_OF_ANALYSIS,
    fill,
    names_pods,
    problem_of,
    quoted,
)

VALUES = {"namespace": "shop", "model": "price", "revision": "935a3432c3"}


def filled(query: str, **values: str) -> str:
    return fill(query, VALUES | values, Window.ONE_MINUTE)


def test_each_name() -> None:
    query = 'x{a=$namespace, b=$model, c=$revision, d=~"e$"}[$window]'
    assert filled(query) == 'x{a="shop", b="price", c="935a3432c3", d=~"e$"}[1m]'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('a"} or up #', r'"a\"} or up #"'),
        ("a\\", r'"a\\"'),
        ('a\\"', r'"a\\\""'),
        ("a\nb", r'"a\nb"'),
        ("a\x00b", r'"a\x00b"'),
        ("$window", '"$window"'),
        ("\ud800", '"\ufffd"'),
    ],
)
def test_a_hostile_value(value: str, text: str) -> None:
    assert filled("x{a=$model}", model=value) == f"x{{a={text}}}"


@given(st.text())
def test_no_value_ends_the_quotes(value: str) -> None:
    text = quoted(value)
    position = 1
    while text[position] != '"':
        position += 2 if text[position] == "\\" else 1
    assert position == len(text) - 1
    assert "\n" not in text


@pytest.mark.parametrize("quote", ['"', "'", "`"])
@pytest.mark.parametrize("name", [*VALUES, "window"])
def test_a_name_within_quotes_is_refused(quote: str, name: str) -> None:
    problem = problem_of(f"x{{a={quote}${name}{quote}}}")
    assert problem.startswith(f"found ${name} within quotes: remove the quotes")


def test_pods_are_a_name_of_an_analysis_alone() -> None:
    query = "x{pod=~$pods}"
    assert problem_of(query, NAMES_OF_ANALYSIS) == ""
    assert filled(query, pods="a-0|a-1") == 'x{pod=~"a-0|a-1"}'
    assert problem_of(query).startswith("found $pods, expected one of $namespace")
    inside = problem_of('x{pod=~"$pods"}', NAMES_OF_ANALYSIS)
    assert inside.startswith("found $pods within quotes")


@pytest.mark.parametrize("query", ['x{a="$pods"}', "x # $pods", "x{a=$podsy}", "x{a=$model}"])
def test_pods_in_quotes_comments_and_other_names_are_none(query: str) -> None:
    assert not names_pods(query)


def test_an_end_of_a_quoted_text_that_is_escaped_is_none() -> None:
    assert problem_of(r'x{a="\"$model"}').startswith("found $model within quotes")


@pytest.mark.parametrize("query", ["x{a=$pod}", "x$", "x{a=${model}}", "x{a=$models}", "$ x"])
def test_an_unknown_name_is_refused(query: str) -> None:
    assert "expected one of $namespace, $model, $revision, $window" in problem_of(query)
    with pytest.raises(ValueError, match="expected one of"):
        filled(query)


def test_a_comment_is_left_as_it_is() -> None:
    assert filled('x # "$pod\n + y{a=$model}') == 'x # "$pod\n + y{a="price"}'


def test_a_long_query_is_refused() -> None:
    assert problem_of("x" * LONGEST) == ""
    assert problem_of("x" * (LONGEST + 1)).startswith("found 2,001 characters")
