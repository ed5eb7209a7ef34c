"""How the checks of a graph speak of shapes, of names, and of names that come close."""

import difflib
from collections.abc import Iterable, Sequence

from model_builders.graph.model import End

BATCH = 0
"""The leading dimension that is the request's batch; no other dimension is 0."""


def shape_words(shape: Iterable[int]) -> str:
    return f"[{', '.join('batch' if dim == BATCH else str(dim) for dim in shape)}]"


def listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(set(names))) or "nothing"


def model_words(end: End) -> str:
    """The model at this end."""
    return "the pipeline" if end.step is None else f'model "{end.step.model.name}"'


def closest(name: str, names: Iterable[str], otherwise: str) -> str:
    """A remedy: the name that was probably meant, else another remedy."""
    candidates: Sequence[str] = sorted(set(names) - {name})
    found = difflib.get_close_matches(name, candidates, n=1)
    if not found:
        folded = {candidate.casefold(): candidate for candidate in candidates}
        found = [folded[name.casefold()]] if name.casefold() in folded else []
    return f'did you mean "{found[0]}"?' if found else otherwise
