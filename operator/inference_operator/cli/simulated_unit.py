"""Arguments and manifests that both simulations take, and the way to their pictures."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from inference_operator.cli.arguments import refusals, report
from inference_operator.cli.documents import InputError
from inference_operator.cli.manifests import Live, planned, refuse_misread
from inference_operator.cli.resources import Resource, chosen, resources
from inference_operator.validation.defaults import Defaults


def add_unit_arguments(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Add the arguments that name the unit; `purpose` is a verb such as "scale"."""
    parser.add_argument(
        "-f",
        "--filename",
        required=True,
        action="append",
        metavar="FILE",
        help="manifests, as for `plan`: the unit, and those that it refers to",
    )
    parser.add_argument(
        "--name",
        metavar="[NAMESPACE/]NAME",
        help=f"the resource to {purpose}, if the manifests contain several",
    )
    parser.add_argument(
        "-n", "--namespace", default="default", help="namespace of manifests that name none"
    )


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument that says how decisions are printed."""
    parser.add_argument(
        "--format", choices=["text", "json"], default="text", help="format of the decisions"
    )


def check_seed(seed: int) -> None:
    """Raise InputError for a seed that no generator takes."""
    if not 0 <= seed < 2**63:
        raise InputError(
            f"--seed: found {str(seed)[:30]}, expected a number from 0 to 2^63 - 1;"
            " choose another one"
        )


def read_unit(
    arguments: argparse.Namespace, purpose: str, defaults: Defaults
) -> tuple[Resource, list[Resource], bool]:
    """Return the unit, all manifests, and whether they can be served; what is refused is reported.

    Raises:
        InputError: if the manifests cannot be read, or do not name one unit.
    """
    ours = resources(arguments.filename, arguments.namespace)
    refuse_misread(ours)
    unit = chosen(ours, arguments.name, purpose)
    plans = [made for _, made in planned(ours, Live(), defaults)]
    sentences = [(made.key, sentence) for made in plans for sentence in refusals(made)]
    for key, sentence in sentences:
        report(key, sentence)
    return unit, ours, not sentences


@contextmanager
def needing_matplotlib() -> Iterator[None]:
    """Import what draws in this block; InputError if matplotlib is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(
            f"--output: a picture needs matplotlib, and {error.name} is not installed; install"
            " inference-operator[simulate], or leave out --output"
        ) from None
