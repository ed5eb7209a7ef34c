"""A graph in DOT, the language that Graphviz lays out."""

import textwrap
from collections.abc import Iterable, Iterator

from inference_operator.api.quoting import short, visible
from model_builders.graph.drawing.picture import Box, Kind, Picture, arrows

_FONT = "Helvetica,Arial,sans-serif"
_RED = "#d1242f"
_LONGEST_NAME = 44
_LONGEST_LINE = 120
_DEFAULTS = f"""\
  graph [rankdir=LR, labelloc=t, labeljust=l, pad=0.3, nodesep=0.3, ranksep=0.6]
  graph [fontname="{_FONT}", fontsize=14, fontcolor="#1f2328", bgcolor="#ffffff"]
  node [shape=box, style="rounded,filled", height=0.4, margin="0.2,0.1"]
  node [fontname="{_FONT}", fontsize=12, fontcolor="#1f2328"]
  edge [fontname="{_FONT}", fontsize=10, fontcolor="#59636e", color="#818b98", arrowsize=0.7]
"""
_COLORS = {
    Kind.INPUT: 'color="#54aeff", fillcolor="#ddf4ff"',
    Kind.STEP: 'color="#818b98", fillcolor="#f6f8fa"',
    Kind.OUTPUT: 'color="#4ac26b", fillcolor="#dafbe1"',
}


def dot(picture: Picture) -> str:
    """Return the graph's text. Problems are red: as tooltips, and in full below the name."""
    return "".join(f"{line}\n" for line in _lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    yield f"digraph {_quoted(picture.name)} {{"
    yield _DEFAULTS.rstrip("\n")
    yield f"  graph [label={_title(picture)}{_red(picture.problems)}]"
    for place, box in enumerate(picture.boxes):
        yield f"  n{place} [{_box(box)}]"
    for rank, kind in (("source", Kind.INPUT), ("sink", Kind.OUTPUT)):
        same = " ".join(f"n{n};" for n, box in enumerate(picture.boxes) if box.kind is kind)
        yield f"  {{ rank={rank}; {same} }}"
    for (source, target), wires in arrows(picture).items():
        labels = list(dict.fromkeys(wire.label for wire in wires))
        problems = list(dict.fromkeys(problem for wire in wires for problem in wire.problems))
        tip = _tooltip(problems or labels)
        label = f"label={_quoted(*map(_short, labels))}, {tip}, label{tip}"
        yield f"  n{source} -> n{target} [{label}{_red(problems)}]"
    yield "}"


def _title(picture: Picture) -> str:
    lines = [line for problem in picture.problems for line in _wrapped(problem)]
    return _quoted(picture.name, *lines, end="\\l" if lines else "")


def _wrapped(problem: str) -> list[str]:
    return textwrap.wrap(problem, _LONGEST_LINE, subsequent_indent="    ")


def _box(box: Box) -> str:
    texts = [text for text in (box.title, box.detail) if text]
    tip = _tooltip(box.problems or texts)
    return f"label={_quoted(*map(_short, texts))}, {tip}, {_COLORS[box.kind]}" + _red(box.problems)


def _tooltip(texts: Iterable[str]) -> str:
    """Return the whole text, which a label may shorten."""
    # Graphviz up to 2.43 reads the escapes of a tooltip twice.
    return f"tooltip={_quoted(*texts)}".replace(r"\\", r"\\\\")


def _short(text: str) -> str:
    return short(text, _LONGEST_NAME)


def _red(problems: Iterable[str]) -> str:
    return f', color="{_RED}", fontcolor="{_RED}", penwidth=2' if any(problems) else ""


def _quoted(*lines: str, end: str = "") -> str:
    r"""Return the lines as one string, which Graphviz shows as they are.

    Graphviz reads `\N`, `&lt;` and `\n` in a string as markup, and HTML outside of one only.
    """
    break_ = end or "\\n"
    return f'"{break_.join(map(_escaped, lines))}{end}"'


def _escaped(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
