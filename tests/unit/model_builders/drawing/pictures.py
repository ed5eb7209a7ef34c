"""Pictures of any graph, the broken ones too."""

from hypothesis import strategies as st

from model_builders.graph.drawing.picture import Box, Kind, Picture, Wire

_NAMES = st.text("abc_XYZ0123456789價", min_size=1, max_size=60) | st.text(
    st.characters(codec="utf-8"), min_size=1, max_size=5
)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    kinds = [
        *[Kind.INPUT] * draw(st.integers(0, 4)),
        *[Kind.STEP] * draw(st.integers(0, 15)),
        *[Kind.OUTPUT] * draw(st.integers(0, 4)),
    ]
    boxes = tuple(
        Box(kind, draw(_NAMES), f"box {n}", draw(st.just("") | _NAMES))
        for n, kind in enumerate(kinds)
    )
    sources = [n for n, kind in enumerate(kinds) if kind is not Kind.OUTPUT]
    targets = [n for n, kind in enumerate(kinds) if kind is not Kind.INPUT]
    wires: list[Wire] = []
    if sources and targets:
        label = st.sampled_from(["ids INT64 [batch, -1]", "x FP32 [1]", "window FP32 [60, 5]"])
        wire = st.builds(Wire, st.sampled_from(sources), st.sampled_from(targets), label)
        wires = draw(st.lists(wire, max_size=30, unique_by=lambda w: (w.source, w.target, w.label)))
    return Picture(draw(_NAMES), boxes, tuple(wires), ())
