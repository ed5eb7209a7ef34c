"""`inference-operator run`: the operator itself."""

import argparse
import asyncio
import sys
from typing import Any

from inference_operator.api.quoting import one_line
from inference_operator.settings import Settings, SettingsError, read_settings


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "run",
        help="run the operator",
        description="Run the operator, in a cluster or with the kubeconfig of KUBECONFIG.",
    )
    parser.set_defaults(func=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; return 0, 1 for a lost lease, or 2 for an unusable setting."""
    from inference_operator import logs

    try:
        settings = read_settings()
    except SettingsError as error:
        print(one_line(f"inference-operator: {error}"), file=sys.stderr)
        return 2
    logs.configure(settings.log_level)
    return 0 if asyncio.run(_run(settings)) else 1


async def _run(settings: Settings) -> bool:
    from inference_operator.cli.cluster_access import load_configuration
    from inference_operator.observation.kinds import CHILDREN
    from inference_operator.runtime.operator import run

    configuration = await load_configuration()
    # A connection for each worker and each watch, and some for other requests.
    watches = 1 + len(CHILDREN) * max(1, len(settings.served_namespaces))
    configuration.connection_pool_maxsize = settings.workers + watches + 8
    return await run(settings, configuration)
