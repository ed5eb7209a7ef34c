"""A picture of a graph as a Mermaid flowchart."""

import pytest

from model_builders.graph.drawing.mermaid import mermaid
from model_builders.graph.drawing.picture import Box, Kind, Picture, Wire


def chart(boxes: tuple[Box, ...], *wires: Wire, problems: tuple[str, ...] = ()) -> list[str]:
    return mermaid(Picture("signal", boxes, wires, problems)).splitlines()


def test_boxes_and_arrows_are_drawn_in_their_order() -> None:
    boxes = (
        Box(Kind.INPUT, "ticks", "spec.inputs[ticks]", "optional"),
        Box(Kind.STEP, "bars", "spec.steps[bars]", "bar_maker:3"),
        Box(Kind.OUTPUT, "candles", "spec.outputs[candles]"),
    )
    wires = (Wire(0, 1, "ticks FP64 [batch, -1, 3]"), Wire(1, 2, "candles FP64 [batch, -1, 5]"))
    assert chart(boxes, *wires) == [
        "---",
        'title: "signal"',
        "---",
        "flowchart LR",
        '  input0_ticks(["ticks<br>optional"])',
        '  step1_bars["<b>bars</b><br>bar_maker:3"]',
        '  output2_candles(["candles"])',
        '  input0_ticks -->|"ticks FP64 [batch, -1, 3]"| step1_bars',
        '  step1_bars -->|"candles FP64 [batch, -1, 5]"| output2_candles',
    ]


TWO = (Box(Kind.STEP, "one", "spec.steps[one]"), Box(Kind.STEP, "two", "spec.steps[two]"))


def test_tensors_that_go_the_same_way_share_an_arrow() -> None:
    lines = chart(TWO, Wire(0, 1, "ids INT64 [1]"), Wire(0, 1, "mask INT64 [1]"))
    assert lines[-1] == '  step0_one -->|"ids INT64 [1]<br>mask INT64 [1]"| step1_two'


def test_a_step_that_is_refused_is_red() -> None:
    boxes = (TWO[0], Box(Kind.STEP, "two", "spec.steps[two]", problems=("too small",)))
    assert chart(boxes)[-2:] == [
        "  classDef refused stroke:#d1242f,stroke-width:2px",
        "  class step1_two refused",
    ]


def test_an_arrow_that_is_refused_is_red_by_its_number() -> None:
    wires = (Wire(0, 1, "ids INT64 [1]"), Wire(1, 0, "mask INT64 [1]", ("a cycle",)))
    assert chart(TWO, *wires)[-1] == "  linkStyle 1 stroke:#d1242f,stroke-width:2px"


def test_problems_are_comments_of_one_line_that_are_no_directives() -> None:
    lines = chart(TWO, problems=("{ init: x }\nand more",))
    assert "  %% ( init: x ) and more" in lines


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("end", "end"),
        ('say"hi"', "say#34;hi#34;"),
        ("<script>", "#60;script#62;"),
        ("a&b", "a#38;b"),
        ("x#35;", "x#35;35;"),
        ("`x`", "#96;x#96;"),
        ("**x**", "#42;#42;x#42;#42;"),
        ("OUTPUT__0", "OUTPUT__0"),
        ("__init__", "#95;#95;init#95;#95;"),
        ("-x", "#45;x"),
        ("1.x", "1#46;x"),
        ("價格", "價格"),
    ],
)
def test_names_are_no_markup(name: str, written: str) -> None:
    (line,) = chart((Box(Kind.INPUT, name, "spec.inputs[x]"),))[4:]
    assert line.endswith(f'(["{written}"])')


def test_every_box_has_an_id_of_its_own_that_is_a_word() -> None:
    boxes = tuple(Box(Kind.INPUT, name, name) for name in ("a-b", "a_b", "價格", "end"))
    ids = [line.strip().partition("(")[0] for line in chart(boxes)[4:]]
    assert ids == ["input0_a_b", "input1_a_b", "input2", "input3_end"]
