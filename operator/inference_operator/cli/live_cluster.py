"""State of a cluster for `plan`: what the operator would observe of some namespaces, only read."""

import os
from argparse import Namespace
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from inference_operator.cli.cluster_access import AccessError, connected, namespace_of
from inference_operator.cli.documents import Document
from inference_operator.cli.manifests import Live
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import MutableBody
from inference_operator.observation.kinds import (
    CHILD_BY_KIND,
    CHILDREN,
    NAMESPACE,
    NODE,
    OPTIONAL,
    UNITS,
    selector_of,
)
from inference_operator.settings import PREFIX, Settings, SettingsError, settings_of

_OPERATOR = "inference-operator"
_PLACE = "the cluster"


class ReadCluster(Protocol):
    """The requests that reading the state sends."""

    async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody: ...

    def pages(
        self, resource: ApiResource, space: str, selector: str
    ) -> AsyncIterator[MutableBody]: ...


@dataclass(frozen=True, slots=True)
class LiveCluster:
    """The objects that decide about the units of some namespaces."""

    live: Live
    settings: Settings | None
    """The settings of the operator's Deployment; None if they cannot be read."""

    notes: tuple[str, ...] = ()
    """Sentences about what could not be read."""


def reads_cluster(arguments: Namespace) -> bool:
    """Return whether the arguments or KUBECONFIG name a cluster."""
    if arguments.offline or arguments.live:
        return False
    return arguments.context is not None or bool(os.environ.get("KUBECONFIG"))


def namespace_for(arguments: Namespace) -> str:
    """Return the namespace of manifests that name none."""
    if reads_cluster(arguments):
        return namespace_of(arguments)
    return str(arguments.namespace or "default")


async def read_cluster(arguments: Namespace, namespaces: Collection[str]) -> LiveCluster:
    """Read the state of these namespaces; AccessError if the API server refuses."""
    async with connected(arguments.context) as cluster:
        return await state_of(cluster, namespaces)


async def state_of(cluster: ReadCluster, namespaces: Collection[str]) -> LiveCluster:
    """Return the units, their children, the nodes and the operator's settings."""
    from inference_operator.adapters.kubernetes.api_error import ApiError

    bodies: list[MutableBody] = []
    notes: list[str] = []
    for namespace in sorted(namespaces):
        for resource in (*UNITS, *CHILDREN):
            try:
                bodies += await _listed(cluster, resource, namespace)
            except ApiError as error:
                if resource.kind in OPTIONAL and error.status in (403, 404):
                    continue
                raise AccessError(f"{resource.plural} of {namespace}: {error}") from error
        bodies += await _namespace(cluster, namespace, notes)
    try:
        nodes = await _listed(cluster, NODE, "")
    except ApiError as error:
        nodes = []
        notes.append(f"nodes cannot be read, so that what they offer is not known: {error}")
    settings = None
    try:
        deployment = await cluster.get(CHILD_BY_KIND["Deployment"], _OPERATOR, _OPERATOR)
        settings = settings_in(deployment)
    except (ApiError, SettingsError) as error:
        notes.append(f"the operator's settings cannot be read, so that defaults are taken: {error}")
    documents = tuple(Document(_PLACE, body) for body in (*bodies, *nodes))
    return LiveCluster(Live(documents, _PLACE, bool(nodes)), settings, tuple(notes))


async def _namespace(cluster: ReadCluster, name: str, notes: list[str]) -> list[MutableBody]:
    """Return the Namespace, if it exists; add a note if it cannot be read."""
    from inference_operator.adapters.kubernetes.api_error import ApiError

    try:
        body = await cluster.get(NAMESPACE, "", name)
    except ApiError as error:
        if error.status != 404:
            notes.append(f"whether {name} freezes rollouts cannot be read: {error}")
        return []
    return [{**body, "apiVersion": NAMESPACE.api_version, "kind": NAMESPACE.kind}]


async def _listed(cluster: ReadCluster, resource: ApiResource, namespace: str) -> list[MutableBody]:
    typed = {"apiVersion": resource.api_version, "kind": resource.kind}
    selector = selector_of(resource)
    return [
        {**item, **typed}
        async for page in cluster.pages(resource, namespace, selector)
        for item in page["items"] or ()
    ]


def settings_in(deployment: Mapping[str, Any]) -> Settings:
    """Return the settings in the operator's Deployment; SettingsError where one is unusable."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    variables = [v for c in containers if c["name"] == "operator" for v in c.get("env") or ()]
    return settings_of(
        {v["name"]: v["value"] for v in variables if v["name"].startswith(PREFIX) and "value" in v}
    )
