"""The command line: `inference-operator run`, `plan`, `graph` and so on, one module a command."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

# Imported only when asked for: `load` must start at once and must not drag Kopf along.
_COMMANDS = {
    "run": "inference_operator.cli.run",
    "plan": "inference_operator.cli.plan",
    "render": "inference_operator.cli.plan",
    "graph": "inference_operator.cli.graph",
    "simulate": "inference_operator.cli.simulate",
    "init": "inference_operator.cli.init",
    "import": "inference_operator.cli.import_repository",
    "wait": "inference_operator.cli.wait",
    "history": "inference_operator.cli.history",
    "call": "inference_operator.cli.call",
    "push": "inference_operator.cli.push",
    "load": "inference_operator.load.command",
    "digest": "inference_operator.load.command",
    "cache": "inference_operator.artifact_cache.command",
    "probe": "inference_operator.probe.command",
}

# In these commands a BrokenPipeError can come from a connection, so it is not taken for `| head`.
_NETWORK_COMMANDS = {"run", "load", "cache", "probe"}
# The status that a shell reports for a program that SIGPIPE ended.
READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="inference-operator",
        description="A Kubernetes operator for NVIDIA Triton Inference Server.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = words[0] if words and words[0] in _COMMANDS else None
    modules = {_COMMANDS[asked]} if asked else set(_COMMANDS.values())
    for module in sorted(modules):
        import_module(module).add_parser(subparsers)

    def run() -> int:
        parsed = parser.parse_args(words)
        status: int = parsed.func(parsed)
        return status

    return run() if asked in _NETWORK_COMMANDS else piped(run)


def piped(run: Callable[[], int]) -> int:
    """Return the exit status of a command; READER_GONE if nobody reads its output any more."""
    try:
        try:
            return run()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe. The interpreter flushes again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
