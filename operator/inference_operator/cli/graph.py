"""`inference-operator graph`: an EnsemblePipeline as a drawing, without a cluster."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from inference_operator.api.ensemble_pipeline import KIND
from inference_operator.api.validate import InvalidResourceError
from inference_operator.cli.arguments import add_input, refusals, report, unknown
from inference_operator.cli.documents import InputError
from inference_operator.cli.graphviz import svg
from inference_operator.cli.manifests import units
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.observation.reference_index import references_in
from inference_operator.planning.plan import Plan
from inference_operator.planning.rollout.position import rollout_state_of
from inference_operator.settings import DEFAULTS
from inference_operator.validation.defaults import Defaults
from inference_operator.validation.drawing import Drawing, drawing
from model_builders.graph.drawing.dot import dot
from model_builders.graph.drawing.mermaid import mermaid
from model_builders.graph.drawing.picture import Picture, picture

DESCRIPTION = """\
Draw an EnsemblePipeline: its inputs, steps and outputs, and the type and shape of each tensor.
Parts that the operator would refuse are red and reported on stderr, with exit status 1. The
referenced models are read from the same files and from --live. One that cannot be served
counts as refused; one in neither is drawn without shapes. SVG needs the program `dot` of Graphviz.
"""


class Format(StrEnum):
    """A format of the drawing."""

    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"


_MARKDOWN = ".md"
_FORMATS = {
    "": Format.MERMAID,
    ".svg": Format.SVG,
    ".dot": Format.DOT,
    ".gv": Format.DOT,
    ".mmd": Format.MERMAID,
    ".mermaid": Format.MERMAID,
    _MARKDOWN: Format.MERMAID,
}


def add_parser(subparsers: Any) -> None:
    """Add `graph`."""
    parser = subparsers.add_parser(
        "graph",
        help="draw the steps of a pipeline and the tensors between them",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_input(parser, "inference,controllerrevision,configmap")
    parser.add_argument(
        "--name",
        metavar="[NAMESPACE/]NAME",
        help=f"the {KIND} to draw, if the manifests contain several",
    )
    parser.add_argument(
        "--format",
        choices=[format_.value for format_ in Format],
        help="default: by the ending of FILE (.svg; .dot, .gv; .mmd, .mermaid, .md), else mermaid",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="file to write; default: stdout")
    parser.set_defaults(func=graph_command)


def graph_command(arguments: argparse.Namespace) -> int:
    """Draw one pipeline; 1 when the operator would refuse it, 2 for unusable input."""
    defaults = Defaults(DEFAULTS.triton_image, DEFAULTS.loader_image)
    try:
        there = {
            seen.owner.key: (seen, made)
            for seen, made in units(arguments.filename, arguments.live, defaults)
        }
        chosen = _chosen(arguments, there)
        drawn = _drawn(there[chosen][0])
        if drawn is not None:
            _write(arguments, drawn)
    except InputError as error:
        report("inference-operator", error)
        return 2
    plans = [there[key][1] for key in _made_of(chosen, there)]
    problems = [(chosen, str(problem)) for problem in drawn.problems] if drawn else []
    refused = dict.fromkeys(
        (*problems, *((made.key, text) for made in plans for text in refusals(made)))
    )
    for sentence in drawn.unknown if drawn else ():
        if (chosen, sentence) not in refused:
            report(chosen, f"not all shapes are known: {sentence}")
    for key, sentence in (*_unknown(plans[1:]), *refused):
        report(key, sentence)
    return 1 if refused else 0


def _drawn(seen: Observed) -> Drawing | None:
    try:
        return drawing(seen, rollout_state_of(seen))
    except InvalidResourceError:
        # The plan has the problems.
        return None


def _unknown(plans: Iterable[Plan]) -> Iterator[tuple[UnitKey, str]]:
    return ((made.key, text) for made in plans for text in unknown(made))


def _chosen(arguments: argparse.Namespace, there: Iterable[UnitKey]) -> UnitKey:
    pipelines = [key for key in there if key.kind == KIND]
    matching = [key for key in pipelines if arguments.name in (None, *_names(key))]
    if len(matching) == 1:
        return matching[0]
    is_one_namespace = len({key.namespace for key in pipelines}) == 1
    available = ", ".join(_names(key)[0 if is_one_namespace else 1] for key in pipelines)
    expected = f"one {KIND}" + (f" called {arguments.name}" if arguments.name else "")
    if len(matching) > 1 or (pipelines and not arguments.name):
        expected += "; choose it with --name"
    names = ", ".join(arguments.filename)
    raise InputError(f"{names}: found {available or f'no {KIND}'}, expected {expected}")


def _names(key: UnitKey) -> tuple[str, str]:
    return key.name, f"{key.namespace}/{key.name}"


def _made_of(chosen: UnitKey, there: Mapping[UnitKey, tuple[Observed, Plan]]) -> list[UnitKey]:
    """Return a pipeline, first, and the units in the files that it refers to, directly or not."""
    met = {chosen: None}
    waiting = [chosen]
    while waiting:
        key = waiting.pop(0)
        named = sorted(references_in(there[key][0].spec))
        others = [UnitKey(other.kind, key.namespace, other.name) for other in named]
        new = [other for other in others if other in there and other not in met]
        met |= dict.fromkeys(new)
        waiting += new
    return list(met)


def _write(arguments: argparse.Namespace, drawn: Drawing) -> None:
    format_ = _format(arguments)
    text = _text(format_, picture(drawn.graph, runs=drawn.runs, problems=drawn.problems))
    if arguments.output is None:
        print(text, end="")
        return
    if format_ is Format.MERMAID and _ending(arguments.output) == _MARKDOWN:
        text = f"```mermaid\n{text}```\n"
    try:
        Path(arguments.output).write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{arguments.output}: cannot be written: {error.strerror}") from None


def _text(format_: Format, shown: Picture) -> str:
    if format_ is Format.MERMAID:
        return mermaid(shown)
    return dot(shown) if format_ is Format.DOT else svg(dot(shown))


def _format(arguments: argparse.Namespace) -> Format:
    if arguments.format is not None:
        return Format(arguments.format)
    ending = _ending(arguments.output or "")
    if ending not in _FORMATS:
        endings = ", ".join(filter(None, _FORMATS))
        raise InputError(
            f"{arguments.output}: found the ending {ending}, expected one of {endings}; rename it,"
            " or choose the format with --format"
        )
    return _FORMATS[ending]


def _ending(name: str) -> str:
    return Path(name).suffix.lower()
