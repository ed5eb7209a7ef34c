"""Drawings as SVG, laid out by the real Graphviz."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from inference_operator.api.quoting import short, visible
from inference_operator.cli.graphviz import svg
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.validation.drawing import drawing
from model_builders.graph.drawing.dot import dot
from model_builders.graph.drawing.picture import Box, Kind, Picture, Wire, picture
from tests.examples import examples
from tests.fakes.bodies import epipe, imodel
from tests.largest import SHAPES, STEPS, name_of
from tests.planned import seen
from tests.unit.cli.graph_command import MODEL, output_of, written
from tests.unit.model_builders.drawing.pictures import pictures

SVG = "{http://www.w3.org/2000/svg}"
TOOLTIP = "{http://www.w3.org/1999/xlink}title"


def drawn(shown: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(svg(dot(shown)))


def texts(root: ElementTree.Element) -> list[str]:
    return [(element.text or "").replace("\xa0", " ") for element in root.iter(f"{SVG}text")]


def tooltips(root: ElementTree.Element) -> set[str]:
    return {element.attrib[TOOLTIP] for element in root.iter(f"{SVG}a")}


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pictures())
def test_any_picture_is_drawn_with_its_texts_and_needs_nothing_from_elsewhere(
    shown: Picture,
) -> None:
    root = drawn(shown)

    assert root.tag == f"{SVG}svg"
    elements = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert elements <= {"svg", "title", "g", "a", "path", "polygon", "text", "ellipse"}
    titles = [text for box in shown.boxes for text in (box.title, box.detail) if text]
    labels = {(wire.source, wire.target, wire.label): wire.label for wire in shown.wires}
    expected = [visible(shown.name), *(short(text, 44) for text in (*titles, *labels.values()))]
    assert sorted(texts(root)) == sorted(expected)


MARKUP = [r"\N", r"a\nb\\", 'say"hi"', "<b>x</b>", "&lt;", "&amp;lt;", "&#38;", "a]; b -> c", "--"]


@pytest.mark.parametrize("name", MARKUP)
def test_names_are_not_markup(name: str) -> None:
    boxes = Box(Kind.INPUT, name, "spec.inputs[x]"), Box(Kind.STEP, name, "spec.steps[x]", name)
    root = drawn(Picture(name, boxes, (Wire(0, 1, name),), ()))

    assert texts(root) == [name] * 5
    assert tooltips(root) == {name, f"{name}\n{name}"}


def test_what_is_refused_is_red_with_the_sentence_and_written_below_the_name() -> None:
    sentence, other = "spec.steps[bars]: found 4, expected 16", "found INT64, expected FP64"
    boxes = (
        Box(Kind.INPUT, "ticks", "spec.inputs[ticks]"),
        Box(Kind.STEP, "bars", "spec.steps[bars]", problems=(sentence,)),
    )
    root = drawn(
        Picture("signal", boxes, (Wire(0, 1, "ticks INT64 [3]", (other,)),), (sentence, other))
    )

    red = {element.text for element in root.iter(f"{SVG}text") if element.get("fill") == "#d1242f"}
    assert red == {"signal", sentence, other, "bars", "ticks INT64 [3]"}
    assert tooltips(root) == {"ticks", sentence, other}


@pytest.mark.parametrize("shape", ["unknown", "chain", "shapes"])
def test_the_largest_pipelines_are_drawn(shape: str) -> None:
    made = drawing(seen(SHAPES[shape](name_of, STEPS)), RolloutState())
    shown = picture(made.graph, runs=made.runs, problems=made.problems)

    # A box has a line for its title, and a step one for its model.
    assert len(texts(drawn(shown))) > len(shown.boxes)


def test_the_command_draws_a_pipeline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, epipe(maxBatchSize=8), imodel(model=MODEL))
    file = tmp_path / "pipeline.svg"

    assert output_of(capsys, "-f", path, "-o", file) == (0, "", "")
    labels = texts(ElementTree.parse(file).getroot())
    assert {"fx-signal", "fx-drift:1", "x FP32 [batch, 4]", "y FP32 [batch, 1]"} <= set(labels)
    assert output_of(capsys, "-f", path, "--format", "svg") == (0, file.read_text("utf-8"), "")
