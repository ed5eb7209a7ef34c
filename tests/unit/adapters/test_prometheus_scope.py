"""Settings of the queries are checked before they are parts of a text."""

import pytest

from inference_operator.adapters.prometheus.queries import text
from inference_operator.adapters.prometheus.scope import Scope, ScopeError
from inference_operator.api.analysis import Window
from inference_operator.domain.measurement import Family


@pytest.mark.parametrize(
    "selector",
    ["", "  ", 'cluster="eu1"', ' a = "b" , c!~"d|e" ', r'a="say \"b\" {}"'],
)
def test_a_selector(selector: str) -> None:
    matchers = Scope(selector=selector).matchers
    assert matchers.startswith('namespace!=""')
    assert selector.strip() in matchers


@pytest.mark.parametrize(
    "selector",
    [
        "cluster=eu1",
        'cluster="eu1",',
        'cluster="eu1"} or up{a="b"',
        'cluster="eu1" #',
        '{cluster="eu1"}',
        'cluster="eu1',
        'cluster="a\nb"',
        'a="b",,c="d"',
        ",",
        'a="b" c="d"',
        'a="' + "x" * 1000 + '"',
    ],
)
def test_a_selector_that_is_refused(selector: str) -> None:
    with pytest.raises(ScopeError, match="found the selector"):
        Scope(selector=selector)


@pytest.mark.parametrize("label", ["", "1a", "a-b", "__name__", "model", "le", "a" * 64, "a b"])
@pytest.mark.parametrize("setting", ["namespace_label", "pod_label"])
def test_a_label_that_is_refused(setting: str, label: str) -> None:
    with pytest.raises(ScopeError, match="found the label"):
        Scope(**{setting: label})


def test_two_labels_are_needed() -> None:
    with pytest.raises(ScopeError, match="two labels"):
        Scope(namespace_label="pod")


@pytest.mark.parametrize("namespace", ["", "a|b", 'a"', ".*", "A"])
def test_a_namespace_that_is_refused(namespace: str) -> None:
    with pytest.raises(ScopeError, match="name of a namespace"):
        Scope(namespaces=(namespace,))


def test_the_gateway_is_not_looked_for_in_the_units_namespaces() -> None:
    scope = Scope('cluster="eu1"', ("shop",))
    assert '{cluster="eu1"}' in text(Family.GATEWAY_BUCKETS, [], scope)


def test_windows_have_one_order_and_come_once() -> None:
    windows = [Window.FIVE_MINUTES, Window.ONE_MINUTE]
    query = text(Family.PENDING, windows, Scope())
    assert query == text(Family.PENDING, [*reversed(windows), Window.ONE_MINUTE], Scope())
    assert query.count(" or ") == 1


def test_a_family_with_windows_needs_one() -> None:
    with pytest.raises(ValueError, match="no window"):
        text(Family.PENDING, [], Scope())
