"""A picture of a graph as an SVG file."""

import re
from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings

from model_builders.graph.drawing.picture import Box, Kind, Picture, Wire
from model_builders.graph.drawing.svg import svg
from tests.examples import examples
from tests.unit.model_builders.drawing.pictures import pictures

SVG = "{http://www.w3.org/2000/svg}"
INPUT = Box(Kind.INPUT, "ticks", "spec.inputs[ticks]")
STEP = Box(Kind.STEP, "bars", "spec.steps[bars]", "bar_maker:3")
TICKS = Wire(0, 1, "ticks FP64 [batch, -1, 3]")


def drawing(*boxes: Box, wires: tuple[Wire, ...] = (), problems: tuple[str, ...] = ()) -> str:
    return svg(Picture("signal", boxes, wires, problems))


def texts(found: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(found).iter(f"{SVG}text")]


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pictures())
def test_any_picture_is_well_formed_and_needs_nothing_from_elsewhere(picture: Picture) -> None:
    root = ElementTree.fromstring(svg(picture))
    assert root.tag == f"{SVG}svg"
    elements = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert elements <= {"svg", "title", "desc", "style", "rect", "g", "text", "path"}


def test_boxes_and_tensors_are_written_in_full() -> None:
    assert texts(drawing(INPUT, STEP, wires=(TICKS,))) == [
        "signal",
        "ticks FP64 [batch, -1, 3]",
        "ticks",
        "bars",
        "bar_maker:3",
    ]


def test_names_are_no_markup() -> None:
    found = drawing(Box(Kind.INPUT, "<a>&\"'", "spec.inputs[a]"))
    assert "<a>&\"'" in texts(found)


def test_a_long_name_keeps_its_ends() -> None:
    (_, shown) = texts(drawing(Box(Kind.INPUT, f"first{'x' * 200}last", "spec.inputs[x]")))
    assert len(shown) == 44
    assert (shown[:5], shown[-4:]) == ("first", "last")


def test_those_who_cannot_see_it_are_told_the_same() -> None:
    root = ElementTree.fromstring(drawing(INPUT, STEP, wires=(TICKS,), problems=("too small",)))
    labels = root.attrib["aria-labelledby"].split()
    found = {element.attrib.get("id"): element.text for element in root.iter()}
    assert root.attrib["role"] == "img"
    assert [found[label] for label in labels] == [
        "signal",
        "ticks FP64 [batch, -1, 3] from input ticks to step bars. Problems: too small",
    ]


def tooltips(found: str) -> list[str]:
    """Of what is drawn red."""
    groups = ElementTree.fromstring(found).iter(f"{SVG}g")
    return [
        group[0].text or ""
        for group in groups
        if group[0].tag == f"{SVG}title" and "bad" in " ".join(e.get("class", "") for e in group)
    ]


def test_a_step_that_is_refused_is_red_with_the_sentence() -> None:
    bad = Box(Kind.STEP, "bars", "spec.steps[bars]", problems=("found 4, expected 16",))
    assert tooltips(drawing(bad)) == ["found 4, expected 16"]


def test_a_tensor_that_is_refused_is_red_with_the_sentence() -> None:
    bad = Wire(0, 1, "ticks INT64 [3]", ("found INT64, expected FP64",))
    found = drawing(INPUT, STEP, wires=(bad,))
    assert set(tooltips(found)) == {"found INT64, expected FP64"}
    assert re.search('<path class="line bad"', found)


def test_a_sound_graph_has_nothing_red() -> None:
    assert tooltips(drawing(INPUT, STEP, wires=(TICKS,))) == []


def test_every_problem_is_written_below_where_a_page_has_no_tooltips() -> None:
    sentence = "spec.steps[bars]: found 4, expected at least 16; " + "raise it " * 20
    shown = " ".join(text.strip() for text in texts(drawing(STEP, problems=(sentence, "other"))))
    assert " ".join(sentence.split()) in shown
    assert shown.endswith("other")


def test_colours_follow_the_readers_ground() -> None:
    assert "@media (prefers-color-scheme: dark)" in drawing(INPUT)
