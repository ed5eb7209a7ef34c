"""A picture of a graph as DOT."""

import pytest

from model_builders.graph.drawing.dot import dot
from model_builders.graph.drawing.picture import Box, Kind, Picture, Wire

INPUT = Box(Kind.INPUT, "ticks", "spec.inputs[ticks]", "optional")
STEP = Box(Kind.STEP, "bars", "spec.steps[bars]", "bar_maker:3")
OUTPUT = Box(Kind.OUTPUT, "candles", "spec.outputs[candles]")
TICKS = Wire(0, 1, "ticks FP64 [batch, -1, 3]")


def lines(*boxes: Box, wires: tuple[Wire, ...] = (), problems: tuple[str, ...] = ()) -> list[str]:
    text = dot(Picture("signal", boxes, wires, problems))
    return [line.strip() for line in text.splitlines()]


def line(start: str, *boxes: Box, wires: tuple[Wire, ...] = ()) -> str:
    (only,) = [text for text in lines(*boxes, wires=wires) if text.startswith(f"{start} [")]
    return only


def test_boxes_and_arrows_are_written_in_their_order() -> None:
    drawn = lines(INPUT, STEP, OUTPUT, wires=(TICKS, Wire(1, 2, "candles FP64 [batch, -1, 5]")))
    assert drawn[0] == 'digraph "signal" {'
    assert [text.partition(", ")[0] for text in drawn if text.startswith(("n0", "n1", "n2"))] == [
        r'n0 [label="ticks\noptional"',
        r'n1 [label="bars\nbar_maker:3"',
        'n2 [label="candles"',
        'n0 -> n1 [label="ticks FP64 [batch',
        'n1 -> n2 [label="candles FP64 [batch',
    ]
    assert drawn[-1] == "}"


def test_inputs_come_first_and_outputs_last() -> None:
    drawn = lines(INPUT, STEP, OUTPUT)
    assert "{ rank=source; n0; }" in drawn
    assert "{ rank=sink; n2; }" in drawn


def test_tensors_that_go_the_same_way_share_an_arrow() -> None:
    wires = (Wire(0, 1, "ids INT64 [1]"), Wire(0, 1, "mask INT64 [1]"))
    assert r'label="ids INT64 [1]\nmask INT64 [1]"' in line("n0 -> n1", INPUT, STEP, wires=wires)


def test_a_long_name_keeps_its_ends_and_the_tooltip_has_it_in_full() -> None:
    name = f"first{'x' * 200}last"
    drawn = line("n0", Box(Kind.INPUT, name, "spec.inputs[x]"))
    assert f'tooltip="{name}"' in drawn
    label = drawn.split('"')[1]
    assert (len(label), label[:5], label[-4:]) == (44, "first", "last")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ('say"hi"', r"say\"hi\""),
        ("&lt;", "&amp;lt;"),
        ("<b>x</b>", "<b>x</b>"),
        ("價格", "價格"),
    ],
)
def test_names_are_not_markup(name: str, written: str) -> None:
    assert line("n0", Box(Kind.INPUT, name, "spec.inputs[x]")).startswith(
        f'n0 [label="{written}", tooltip="{written}", '
    )


@pytest.mark.parametrize(
    ("name", "written"),
    [("a\\", r"a\\"), (r"\N", r"\\N"), ("a\nb", r"a\\u000ab"), ("a\0b", r"a\\u0000b")],
)
def test_a_backslash_is_itself_in_labels_and_in_tooltips(name: str, written: str) -> None:
    in_tooltip = written.replace(r"\\", r"\\\\")
    assert line("n0", Box(Kind.INPUT, name, "spec.inputs[x]")).startswith(
        f'n0 [label="{written}", tooltip="{in_tooltip}", '
    )


def test_a_step_that_is_refused_is_red_with_the_sentence() -> None:
    bad = Box(Kind.STEP, "bars", "spec.steps[bars]", problems=("found 4, expected 16",))
    drawn = line("n0", bad)
    assert 'tooltip="found 4, expected 16"' in drawn
    assert 'color="#d1242f"' in drawn


def test_a_tensor_that_is_refused_is_red_with_the_sentence() -> None:
    bad = Wire(0, 1, "ticks INT64 [3]", ("found INT64, expected FP64",))
    drawn = line("n0 -> n1", INPUT, STEP, wires=(bad,))
    assert 'labeltooltip="found INT64, expected FP64"' in drawn
    assert 'color="#d1242f"' in drawn


def test_a_sound_graph_has_nothing_red() -> None:
    assert "#d1242f" not in "".join(lines(INPUT, STEP, OUTPUT, wires=(TICKS,)))


def test_every_problem_is_written_where_a_page_has_no_tooltips() -> None:
    sentence = "spec.steps[bars]: found 4, expected at least 16; " + "raise it " * 20
    (title,) = [
        text for text in lines(STEP, problems=(sentence, "other")) if 'label="signal' in text
    ]
    shown = " ".join(part.strip() for part in title.split('"')[1].split(r"\l"))
    assert shown == f"signal {' '.join(sentence.split())} other "
