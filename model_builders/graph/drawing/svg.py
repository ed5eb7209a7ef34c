"""A graph as one SVG file that needs nothing else, readable on light and on dark ground."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from model_builders.graph.drawing.picture import Box, Kind, Picture
from model_builders.graph.drawing.places import Drawn, Route, Tag, drawn
from model_builders.graph.drawing.text import CHAR, LINE, shortened

_MARGIN = 24.0
_HEAD = 34.0
_READABLE = 1100.0
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
# Characters that no XML can hold, escaped or not; a tensor's name can.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLE = f"""
text {{ font: 12px {_FONT}; fill: #1f2328; }}
.name {{ font-weight: bold; }}
.small {{ fill: #59636e; }}
.ground {{ fill: #ffffff; }}
.box {{ fill: #f6f8fa; stroke: #818b98; stroke-width: 1.2; }}
.end {{ fill: #ddf4ff; stroke: #54aeff; }}
.line {{ fill: none; stroke: #818b98; stroke-width: 1.4; }}
.tip {{ fill: #818b98; }}
.bad {{ stroke: #d1242f; stroke-width: 2; }}
text.bad, .tip.bad {{ fill: #d1242f; stroke: none; }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #f0f6fc; }}
  .small {{ fill: #9198a1; }}
  .ground {{ fill: #0d1117; }}
  .box {{ fill: #151b23; stroke: #656c76; }}
  .end {{ fill: #0c2d4d; stroke: #388bfd; }}
  .line {{ stroke: #9198a1; }}
  .tip {{ fill: #9198a1; }}
  .bad {{ stroke: #f85149; }}
  text.bad, .tip.bad {{ fill: #f85149; }}
}}
"""


def svg(picture: Picture) -> str:
    """The file's text. What is wrong is red, with the sentence as its tooltip and below."""
    found = drawn(picture)
    across = max(found.width, 480.0)
    notes = list(_wrapped(picture.problems, int(min(across, _READABLE) / CHAR)))
    width = across + 2 * _MARGIN
    height = found.height + 2 * _MARGIN + _HEAD + len(notes) * LINE
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(picture.name)}</title>',
        f'<desc id="desc">{escape(_description(picture))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{width:.0f}" height="{height:.0f}" rx="6"/>',
        _words(_MARGIN, _MARGIN + LINE / 2, picture.name, "name", "start"),
        f'<g transform="translate({_MARGIN:g} {_MARGIN + _HEAD:g})">',
        *_content(picture, found),
        *(
            _words(0, found.height + (index + 1) * LINE + 6, note, "bad", "start")
            for index, note in enumerate(notes)
        ),
        "</g>",
        "</svg>",
    ]
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", "\n".join(lines) + "\n")


def _content(picture: Picture, found: Drawn) -> Iterator[str]:
    for route in found.routes:
        yield from _route(route)
    for tag in found.tags:
        yield from _tag(tag)
    for box, (x, y, width, height) in zip(picture.boxes, found.boxes, strict=True):
        yield from _group(box.problems, _box(box, x, y, (width, height)))


def _box(box: Box, x: float, y: float, size: tuple[float, float]) -> Iterator[str]:
    width, height = size
    classes = "box" + ("" if box.kind is Kind.STEP else " end") + (" bad" if box.problems else "")
    corner = 6 if box.kind is Kind.STEP else min(height / 2, 16)
    yield (
        f'<rect class="{classes}" x="{x - width / 2:.1f}" y="{y - height / 2:.1f}"'
        f' width="{width:.1f}" height="{height:.1f}" rx="{corner:.1f}"/>'
    )
    shift = LINE / 2 if box.detail else 0
    yield _words(x, y - shift, shortened(box.title), "name")
    if box.detail:
        yield _words(x, y + shift, shortened(box.detail), "small")


def _tag(tag: Tag) -> Iterator[str]:
    top = tag.y - LINE * (len(tag.lines) - 1) / 2
    for index, (line, problems) in enumerate(tag.lines):
        classes = "bad" if problems else ""
        yield from _group(
            problems or (line,), [_words(tag.x, top + index * LINE, shortened(line), classes)]
        )


def _route(route: Route) -> Iterator[str]:
    bad = " bad" if route.problems else ""
    (x, y), *rest = route.points
    path = [f"M{x:.1f} {y:.1f}"]
    for (x, y), (next_x, next_y) in zip(route.points, rest, strict=False):
        middle = (x + next_x) / 2
        path.append(
            f"L{next_x:.1f} {next_y:.1f}"
            if y == next_y
            else f"C{middle:.1f} {y:.1f} {middle:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}"
        )
    made = [f'<path class="line{bad}" d="{" ".join(path)}"/>']
    if route.arrow:
        x, y = route.points[-1]
        way = 7 if route.points[-2][0] < x else -7
        made.append(
            f'<path class="tip{bad}" d="M{x:.1f} {y:.1f} l{-way} -4 v8 z"/>',
        )
    yield from _group(route.problems, made)


def _group(problems: Sequence[str], drawing: Iterable[str]) -> Iterator[str]:
    """With a tooltip, where there is something to say."""
    if not problems:
        yield from drawing
        return
    yield f"<g><title>{escape(chr(10).join(problems))}</title>"
    yield from drawing
    yield "</g>"


def _words(x: float, y: float, text: str, classes: str, anchor: str = "middle") -> str:
    named = f" class={quoteattr(classes)}" if classes else ""
    place = f'x="{x:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}" xml:space="preserve"'
    return f"<text{named} {place}>{escape(text)}</text>"


def _wrapped(problems: Iterable[str], characters: int) -> Iterator[str]:
    for problem in problems:
        yield from textwrap.wrap(problem, characters, subsequent_indent="  ") or [""]


def _description(picture: Picture) -> str:
    """The graph in words, for those who cannot see it."""
    titles = [f"{box.kind.value} {box.title}" for box in picture.boxes]
    ways = [f"{w.label} from {titles[w.source]} to {titles[w.target]}" for w in picture.wires]
    wrong = f"Problems: {' '.join(picture.problems)}" if picture.problems else ""
    return f"{'; '.join(ways) or 'Nothing is connected'}. {wrong}".strip()
