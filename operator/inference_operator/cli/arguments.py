"""Arguments, refusals and messages that several commands share."""

import argparse
import sys
from datetime import timedelta

from inference_operator.api.base import parse_duration
from inference_operator.api.quoting import one_line
from inference_operator.planning.plan import Plan


def add_input(parser: argparse.ArgumentParser, kinds: str, also: str = "") -> None:
    """Add `-f`, and `--live` with the kinds that `kubectl get` prints for it."""
    parser.add_argument(
        "-f",
        "--filename",
        required=True,
        action="append",
        metavar="FILE",
        help="manifests: a file, a folder (its .json, .yaml and .yml files), or - for stdin;"
        " may be given several times",
    )
    parser.add_argument(
        "--live",
        action="append",
        default=[],
        metavar="FILE",
        help=f"state of the cluster: the output of `kubectl get {kinds} -o yaml`{also}",
    )


def refusals(plan: Plan) -> tuple[str, ...]:
    """Return why clients cannot be served by a manifest; empty while nothing is wrong."""
    assessment = plan.assessment
    if assessment.invalid is not None:
        return tuple(map(str, assessment.invalid.problems))
    unresolved = assessment.unresolved
    if assessment.unit is None and unresolved is not None and unresolved.is_definite:
        return (unresolved.message,)
    return tuple(plan.blocked_by_conflicts.values())


def unknown(plan: Plan) -> tuple[str, ...]:
    """Return why a manifest that may be valid is not planned yet."""
    assessment = plan.assessment
    if assessment.unit is not None or assessment.unresolved is None or refusals(plan):
        return ()
    return (f"not known yet: {assessment.unresolved.message}",)


def report(subject: object, sentence: object) -> None:
    """Print the sentence to stderr, where a pipe does not swallow it."""
    print(one_line(f"{subject}: {sentence}"), file=sys.stderr)


def duration(text: str) -> timedelta:
    """Return the duration of an argument, such as `90s`; the parser reports another text."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
