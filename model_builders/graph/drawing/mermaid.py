"""A graph as a Mermaid flowchart, which GitHub and GitLab draw inside Markdown."""

import re
from collections.abc import Iterator

from model_builders.graph.drawing.picture import Box, Kind, Picture, arrows

_SHAPES = {Kind.INPUT: ("([", "])"), Kind.STEP: ("[", "]"), Kind.OUTPUT: ("([", "])")}
_RED = "stroke:#d1242f,stroke-width:2px"

# Underscores only where they are not inside a word; what begins a list only at the start.
_MARKUP = re.compile(r"[^\w\s.,:;/()\[\]+=-]|(?<!\w)_+|(?<!_)_++(?!\w)|^[+-]|(?<=^\d)\.")


def mermaid(picture: Picture) -> str:
    """Return the flowchart's text; problems are red, and in comments: Mermaid has no tooltips."""
    return "".join(f"{line}\n" for line in _lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    yield "---"
    yield f"title: {_quoted(picture.name)}"
    yield "---"
    yield "flowchart LR"
    yield from (f"  %% {one_line}" for one_line in map(_comment, picture.problems))
    for place, box in enumerate(picture.boxes):
        yield f"  {_id(picture, place)}{_box(box)}"
    between = arrows(picture)
    for (source, target), wires in between.items():
        labels = "<br>".join(_text(wire.label) for wire in wires)
        yield f'  {_id(picture, source)} -->|"{labels}"| {_id(picture, target)}'
    bad = [_id(picture, n) for n, box in enumerate(picture.boxes) if box.problems]
    if bad:
        yield f"  classDef refused {_RED}"
        yield f"  class {','.join(bad)} refused"
    for number, wires in enumerate(between.values()):
        if any(wire.problems for wire in wires):
            yield f"  linkStyle {number} {_RED}"


def _id(picture: Picture, place: int) -> str:
    """Return an identifier; Mermaid's keywords (`end`, `class`) and punctuation would break it."""
    box = picture.boxes[place]
    word = re.sub(r"[^A-Za-z0-9]+", "_", box.title)
    return f"{box.kind.value}{place}_{word}".rstrip("_")


def _box(box: Box) -> str:
    opening, closing = _SHAPES[box.kind]
    title = f"<b>{_text(box.title)}</b>" if box.kind is Kind.STEP else _text(box.title)
    lines = [title, *([_text(box.detail)] if box.detail else [])]
    return f'{opening}"{"<br>".join(lines)}"{closing}'


def _text(text: str) -> str:
    """Escape all signs that Mermaid, Markdown or HTML would read as markup."""
    return _MARKUP.sub(lambda match: "".join(f"#{ord(sign)};" for sign in match[0]), text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _comment(text: str) -> str:
    # Mermaid takes braces in comments for directives.
    return " ".join(text.split()).replace("{", "(").replace("}", ")")
