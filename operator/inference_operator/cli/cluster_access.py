"""Access of commands to a cluster: by a kubeconfig, or as the pod that they run in."""

import argparse
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inference_operator.api.base import GROUP
from inference_operator.api.custom_resources import CUSTOM_RESOURCES
from inference_operator.api.quoting import quoted
from inference_operator.cli.arguments import report
from inference_operator.domain.names import UnitKey

if TYPE_CHECKING:
    from kubernetes.aio.client import Configuration

    from inference_operator.adapters.kubernetes.client import KubeCluster

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_REQUEST_SECONDS = 15.0
UNREADABLE = 3
"""Exit status when the cluster does not answer, or the resource does not exist."""


class AccessError(Exception):
    """The cluster, or the resource in it, cannot be read; the message is for the user."""


def add_unit(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name one resource of a cluster."""
    parser.add_argument("name", metavar="NAME", help="name of the resource, or KIND/NAME")
    parser.add_argument(
        "-n", "--namespace", help="its namespace (that of the kubeconfig's context, or default)"
    )
    parser.add_argument(
        "--kind",
        type=_kind,
        choices=[resource.kind for resource in CUSTOM_RESOURCES],
        help="its kind, if both kinds have a resource of that name; imodel and epipe are accepted",
    )
    add_context(parser)


def add_context(parser: argparse.ArgumentParser) -> None:
    """Add `--context`, which chooses a cluster of the kubeconfig."""
    parser.add_argument("--context", help="context of the kubeconfig (its current one)")


def _kind(text: str) -> str:
    """Return the kind with this name, plural or short name; the text itself if no kind has it."""
    for resource in CUSTOM_RESOURCES:
        plural = resource.plural
        names = (resource.kind.lower(), plural, f"{plural}.{GROUP}", resource.short_name)
        if text.lower() in names:
            return resource.kind
    return text


async def load_configuration(context: str | None = None) -> "Configuration":
    """Return the configuration of the client: that of KUBECONFIG, of the pod, or of the home
    folder; a `context` is one of a kubeconfig."""
    from kubernetes.aio import config
    from kubernetes.aio.client import Configuration

    configuration = Configuration()
    # Otherwise aiohttp looks for proxies and a .netrc at each request, in a thread. Kopf's watches
    # never use them.
    configuration.client_session_kwargs = {"trust_env": False}
    if context is None and _is_in_pod():
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    else:
        await config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=os.environ.get("KUBECONFIG"),
            context=context,
            client_configuration=configuration,
        )
    return configuration


@asynccontextmanager
async def connected(
    context: str | None = None, *, may_write: bool = False
) -> AsyncIterator["KubeCluster"]:
    """Return a client of the cluster, which is closed at the end; AccessError without a usable
    configuration. Unless `may_write` is given, it refuses every write."""
    from kubernetes.aio.config import ConfigException

    from inference_operator.adapters.kubernetes.client import KubeCluster
    from inference_operator.adapters.web.telemetry import Telemetry

    try:
        configuration = await load_configuration(context)
    except (ConfigException, OSError, ValueError) as error:
        remedy = "set KUBECONFIG" if context is None else "set KUBECONFIG, or another --context"
        raise AccessError(f"no usable kubeconfig: {error}; {remedy}") from error
    cluster = KubeCluster(configuration, Telemetry(), _REQUEST_SECONDS, may_write=lambda: may_write)
    try:
        yield cluster
    finally:
        await cluster.close()


def namespace_of(arguments: argparse.Namespace) -> str:
    """Return the namespace of the arguments, the context or the pod; else `default`."""
    if arguments.namespace:
        return str(arguments.namespace)
    context: str | None = arguments.context
    if context is None and _is_in_pod():
        own = _ACCOUNT / "namespace"
        return own.read_text("utf-8").strip() if own.exists() else "default"
    from kubernetes.aio.config import ConfigException, list_kube_config_contexts

    try:
        contexts, active = list_kube_config_contexts(os.environ.get("KUBECONFIG"))  # type: ignore[no-untyped-call]
    except (ConfigException, OSError):
        return "default"
    if context is not None:
        active = next((item for item in contexts if item["name"] == context), None)
    return ((active or {}).get("context") or {}).get("namespace") or "default"


def answered(work: Callable[[], int], program: str = "inference-operator") -> int:
    """Return the exit status of the work; UNREADABLE, with the message of the program, after an
    AccessError."""
    try:
        return work()
    except AccessError as error:
        report(program, error)
        return UNREADABLE


async def unit_of(cluster: "KubeCluster", arguments: argparse.Namespace) -> UnitKey:
    """Return the resource that the arguments name; AccessError unless exactly one exists."""
    from inference_operator.adapters.kubernetes.api_error import ApiError
    from inference_operator.observation.kinds import UNITS

    namespace = namespace_of(arguments)
    kind, name = _named(arguments)
    existing = []
    for resource in UNITS:
        if kind in (None, resource.kind):
            try:
                await cluster.get(resource, namespace, name)
                existing.append(resource.kind)
            except ValueError as error:
                raise AccessError(str(error)) from error
            except ApiError as error:
                if not error.is_gone:
                    raise AccessError(f"{resource.kind} {namespace}/{name}: {error}") from error
    if len(existing) == 1:
        return UnitKey(existing[0], namespace, name)
    if existing:
        raise AccessError(f"{name} is {' and '.join(existing)}; choose one with --kind")
    kinds = kind or " or ".join(resource.kind for resource in UNITS)
    raise AccessError(f"namespace {namespace} has no {kinds} {name}; apply it, or give -n")


def _named(arguments: argparse.Namespace) -> tuple[str | None, str]:
    """Return the kind, None for any, and the name; AccessError for a kind that is not ours."""
    prefix, slash, name = arguments.name.rpartition("/")
    kind = _kind(prefix) if slash else arguments.kind
    if kind is not None and kind not in [resource.kind for resource in CUSTOM_RESOURCES]:
        kinds = " or ".join(f"{each.kind} ({each.short_name})" for each in CUSTOM_RESOURCES)
        raise AccessError(f"found kind {quoted(kind)}, expected {kinds}; or give the name alone")
    return kind, name


def _is_in_pod() -> bool:
    return "KUBECONFIG" not in os.environ and (_ACCOUNT / "token").exists()
