"""Boxes, tags and lines of a drawing have places of their own."""

from itertools import combinations, pairwise

from hypothesis import HealthCheck, given, settings

from model_builders.graph.drawing.picture import Box, Kind, Picture, Wire
from model_builders.graph.drawing.places import Drawn, drawn
from model_builders.graph.drawing.text import LINE, width_of
from tests.examples import examples
from tests.unit.model_builders.drawing.pictures import pictures

Rectangle = tuple[float, float, float, float]
ANY = settings(
    max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def rectangles(found: Drawn) -> list[Rectangle]:
    """Left, top, right and bottom of each box and tag."""
    sizes = [
        *found.boxes,
        *(
            (tag.x, tag.y, max(width_of(line) for line, _ in tag.lines), len(tag.lines) * LINE)
            for tag in found.tags
        ),
    ]
    return [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for x, y, w, h in sizes]


@ANY
@given(pictures())
def test_no_box_or_label_lies_on_another(picture: Picture) -> None:
    for one, other in combinations(rectangles(drawn(picture)), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)


@ANY
@given(pictures())
def test_no_line_runs_through_a_box_or_a_label(picture: Picture) -> None:
    found = drawn(picture)
    for route in found.routes:
        for (x, y), (next_x, next_y) in pairwise(route.points):
            left, right = min(x, next_x), max(x, next_x)
            low, high = min(y, next_y), max(y, next_y)
            for box in rectangles(found):
                crosses = left < box[2] - 1 and box[0] + 1 < right
                assert not (crosses and low < box[3] and box[1] < high), (route, box)


@ANY
@given(pictures())
def test_everything_lies_inside_the_drawing(picture: Picture) -> None:
    found = drawn(picture)
    for left, top, right, bottom in rectangles(found):
        assert left >= -0.01
        assert top >= -0.01
        assert right <= found.width + 0.01
        assert bottom <= found.height + 0.01


@ANY
@given(pictures())
def test_every_wire_has_a_line_with_an_arrow_and_a_label(picture: Picture) -> None:
    found = drawn(picture)
    ways = {(wire.source, wire.target, wire.label) for wire in picture.wires}
    lines = [line for tag in found.tags for line, _ in tag.lines]
    assert len([route for route in found.routes if route.arrow]) <= len(ways)
    assert set(lines) == {label for _, _, label in ways}


def three_steps(*wires: Wire) -> Drawn:
    boxes = tuple(Box(Kind.STEP, name, name) for name in ("one", "two", "three"))
    return drawn(Picture("p", boxes, wires, ()))


def test_steps_stand_right_of_those_that_they_wait_for() -> None:
    found = three_steps(Wire(2, 1, "a"), Wire(1, 0, "b"))
    assert found.boxes[2][0] < found.boxes[1][0] < found.boxes[0][0]


def test_the_arrow_of_a_cycle_points_back() -> None:
    found = three_steps(Wire(0, 1, "a"), Wire(1, 0, "b"))
    ways = sorted(r.points[-2][0] < r.points[-1][0] for r in found.routes if r.arrow)
    assert ways == [False, True]


def test_a_tensor_that_two_steps_take_has_one_label() -> None:
    found = three_steps(Wire(0, 1, "a"), Wire(0, 2, "a"))
    assert [tag.lines for tag in found.tags] == [(("a", ()),)]


def test_a_picture_of_nothing_has_no_size() -> None:
    found = drawn(Picture("p", (), (), ()))
    assert (found.width, found.height) == (0, 0)
