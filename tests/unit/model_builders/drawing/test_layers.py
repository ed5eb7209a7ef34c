"""Layers, and the order in which lines cross least."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from model_builders.graph.drawing.layers import backward, crossings, depths, order

LINKS = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20)


def test_links_of_a_graph_without_cycles_all_lead_forward() -> None:
    assert backward(4, [(0, 1), (1, 2), (0, 2), (3, 2)]) == set()


def test_the_link_that_closes_a_cycle_leads_backward() -> None:
    assert backward(3, [(0, 1), (1, 2), (2, 1)]) == {(2, 1)}


def test_a_link_to_itself_leads_backward() -> None:
    assert backward(1, [(0, 0)]) == {(0, 0)}


@given(LINKS)
def test_each_link_that_leads_forward_leads_deeper(links: set[tuple[int, int]]) -> None:
    forward = links - backward(8, sorted(links))
    found = depths(8, forward)
    assert all(found[source] < found[target] for source, target in forward)


def test_a_node_is_as_deep_as_its_longest_way() -> None:
    assert depths(4, [(0, 1), (1, 2), (0, 2), (2, 3)]) == [0, 1, 2, 3]


def test_two_lines_that_change_places_cross_once() -> None:
    assert crossings([[0, 1], [2, 3]], [(0, 3), (1, 2)]) == 1


def test_lines_that_meet_do_not_cross() -> None:
    assert crossings([[0, 1], [2]], [(0, 2), (1, 2)]) == 0


def test_crossings_that_can_be_avoided_are() -> None:
    ordered = order([[0, 1, 2], [3, 4, 5]], [(0, 5), (1, 3), (2, 4)])
    assert crossings(ordered, [(0, 5), (1, 3), (2, 4)]) == 0


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(4, 7)), max_size=10))
def test_ordering_never_makes_it_worse_and_keeps_every_node(links: set[tuple[int, int]]) -> None:
    before = [[0, 1, 2, 3], [4, 5, 6, 7]]
    ordered = order(before, sorted(links))
    assert crossings(ordered, sorted(links)) <= crossings(before, sorted(links))
    assert tuple(ordered[0]) in permutations(before[0])
    assert tuple(ordered[1]) in permutations(before[1])
