"""The program `kubectl-inference`, which kubectl runs as `kubectl inference`."""

import argparse
import asyncio
import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from inference_operator.cli.arguments import duration, report
from inference_operator.cli.cluster_access import (
    AccessError,
    add_unit,
    answered,
    connected,
    unit_of,
)
from inference_operator.cli.history import lines, read_history, read_records
from inference_operator.cli.main import piped
from inference_operator.cli.rollout_commands import alias, checks, rollback
from inference_operator.cli.rollout_commands.change import Change, RefusalError
from inference_operator.cli.rollout_commands.drawing import picture
from inference_operator.cli.rollout_commands.sending import read_situation, send
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.cli.rollout_commands.style import paint
from inference_operator.cli.rollout_commands.view import view
from inference_operator.cli.rollout_commands.waiting import judge
from inference_operator.cli.rollout_commands.watching import now, style_of, watch_on_stdout
from inference_operator.cli.wait import Wait
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.names import UnitKey

if TYPE_CHECKING:
    from inference_operator.adapters.kubernetes.client import KubeCluster

REFUSED = 1
INTERRUPTED = 130
"""The exit status that a shell reports for a program that Ctrl-C ended."""

DESCRIPTION = """\
Steer and watch the rollout of an InferenceModel or EnsemblePipeline. Each command sets or removes
one annotation whose value names the revision and the step that it is for, so a repeated command
does nothing. Exit status: 0 done or already so; 1 the command makes no sense now, or you may not
patch the resource; 2 timeout of --wait, or a wrong argument; 3 the resource cannot be read.
"""
COMMANDS = {
    "promote": "end the present step, or with --full all steps",
    "abort": "send all clients back to the stable revision",
    "retry": "start an aborted revision again",
    "pause": "hold the rollout at its present step",
    "resume": "end a pause",
    "rollback": "let an older revision serve until the spec changes",
    "refresh-alias": "ask the registry now which version the alias names",
    "status": "show steps, revisions, numbers of pods, conditions and the last decisions",
    "history": "show which artifact served clients, from when to when",
}
_READING = ("status", "history")
_PLAIN: Mapping[str, Callable[[Situation], Change]] = {
    "retry": checks.retry,
    "pause": checks.pause,
    "resume": checks.resume,
}
_LONGEST = 2000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""

    def run() -> int:
        parsed = _parser().parse_args(arguments)
        if parsed.kubeconfig is not None:
            os.environ["KUBECONFIG"] = parsed.kubeconfig
        return answered(lambda: asyncio.run(_run(parsed)), checks.PROGRAM)

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without Unicode shows escapes instead.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return piped(run)
    except RefusalError as refusal:
        report(checks.PROGRAM, truncate(str(refusal), _LONGEST))
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=checks.PROGRAM, description=DESCRIPTION)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parsers = {
        command: subparsers.add_parser(command, help=text, description=f"{text.capitalize()}.")
        for command, text in COMMANDS.items()
    }
    for command, subparser in parsers.items():
        add_unit(subparser)
        subparser.add_argument("--kubeconfig", metavar="FILE", help="kubeconfig (KUBECONFIG)")
        if command not in _READING:
            _add_wait(subparser)
    _add_views(parsers["status"])
    parsers["promote"].add_argument("--full", action="store_true", help="skip all steps")
    way = parsers["rollback"].add_mutually_exclusive_group()
    way.add_argument(
        "--to",
        metavar="VERSION",
        help="version or revision that shall serve (the one before the stable one)",
    )
    way.add_argument("--undo", action="store_true", help="roll out what the spec asks for again")
    return parser


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait", action="store_true", help="wait until the operator has acted on the command"
    )
    parser.add_argument(
        "--timeout",
        type=duration,
        default=timedelta(minutes=1),
        help="time after which --wait gives up with exit status 2, such as 90s or 5m (1m)",
    )


def _add_views(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("-w", "--watch", action="store_true", help="draw again until the rollout ends")
    how.add_argument("-o", "--output", choices=["json"], help="print the view for programs")
    parser.add_argument(
        "--forever", action="store_true", help="with --watch: also after the end of the rollout"
    )


async def _run(arguments: argparse.Namespace) -> int:
    is_reading = arguments.command in _READING
    async with connected(arguments.context, may_write=not is_reading) as cluster:
        key = await unit_of(cluster, arguments)
        if arguments.command == "history":
            print(*lines(await read_history(cluster, key)), sep="\n")
            return 0
        if arguments.command == "status":
            return await _show(cluster, key, arguments)
        return await _steer(cluster, key, arguments)


async def _show(cluster: "KubeCluster", key: UnitKey, arguments: argparse.Namespace) -> int:
    if arguments.watch:
        await watch_on_stdout(cluster, key, is_endless=arguments.forever)
        return 0
    situation = await read_situation(cluster, key)
    if arguments.output == "json":
        print(json.dumps(view(situation, now()), indent=2))
        return 0
    style = style_of(sys.stdout)
    print(*paint(picture(situation, now(), style), style), sep="\n")
    return 0


async def _steer(cluster: "KubeCluster", key: UnitKey, arguments: argparse.Namespace) -> int:
    change = await send(cluster, key, await _decision(cluster, key, arguments))
    print(truncate(f"{key}: {change.sentence}", _LONGEST), flush=True)
    if not arguments.wait:
        return 0
    return await Wait(cluster, key, judge(key, change)).until(arguments.timeout)


async def _decision(
    cluster: "KubeCluster", key: UnitKey, arguments: argparse.Namespace
) -> Callable[[Situation], Change]:
    """Return the function that decides what the command changes; it may be called again."""
    if arguments.command == "rollback":
        if arguments.undo:
            return rollback.undo
        records = await _records(cluster, key)
        return lambda situation: rollback.rollback(situation, records, arguments.to, now())
    if arguments.command == "promote":
        return lambda situation: checks.promote(situation, now(), full=arguments.full)
    if arguments.command == "abort":
        return lambda situation: checks.abort(situation, now())
    if arguments.command == "refresh-alias":
        return lambda situation: alias.refresh(situation, now())
    return _PLAIN[arguments.command]


async def _records(cluster: "KubeCluster", key: UnitKey) -> rollback.Records:
    from inference_operator.adapters.kubernetes.api_error import ApiError

    try:
        return await read_records(cluster, key)
    except ApiError as error:
        raise AccessError(f"the kept revisions of {key} cannot be read: {error}") from error
