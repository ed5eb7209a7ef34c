"""`inference-operator run`: the operator itself."""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from inference_operator.api.quoting import one_line
from inference_operator.settings import Settings, SettingsError, read_settings

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


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
    in_cluster = "KUBECONFIG" not in os.environ and Path(TOKEN).exists()
    return 0 if asyncio.run(_run(settings, in_cluster)) else 1


async def _run(settings: Settings, in_cluster: bool) -> bool:
    from kubernetes.aio import config
    from kubernetes.aio.client import Configuration

    from inference_operator.observation.kinds import CHILDREN
    from inference_operator.runtime.operator import run

    configuration = Configuration()
    # A connection for each worker and each watch, and some for other requests.
    watches = 1 + len(CHILDREN) * max(1, len(settings.served_namespaces))
    configuration.connection_pool_maxsize = settings.workers + watches + 8
    # Otherwise aiohttp looks for proxies and a .netrc at each request, in a thread. Kopf's watches
    # never use them.
    configuration.client_session_kwargs = {"trust_env": False}
    if in_cluster:
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    else:
        await config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=os.environ.get("KUBECONFIG"), client_configuration=configuration
        )
    return await run(settings, configuration)
