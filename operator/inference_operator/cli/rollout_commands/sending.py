"""Sending of a command: the resource is read, the command checked, and one patch sent."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from inference_operator.cli.cluster_access import AccessError
from inference_operator.cli.rollout_commands.change import Change, RefusalError
from inference_operator.cli.rollout_commands.situation import Situation, situation_of
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import UnitKey

FIELD_MANAGER = "kubectl-inference"
"""The manager of the annotations that the commands set; the operator's has another name."""

ATTEMPTS = 5
"""Times that a command is checked again because the resource changed in between."""


class WrittenCluster(Protocol):
    """The requests that a command sends."""

    async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody: ...

    async def patch(
        self,
        resource: ApiResource,
        body: Mapping[str, Any],
        *,
        subresource: str = ...,
        manager: str = ...,
    ) -> MutableBody: ...


async def read_situation(cluster: WrittenCluster, key: UnitKey) -> Situation:
    """Return the resource's present situation; AccessError if it cannot be read."""
    from inference_operator.adapters.kubernetes.api_error import ApiError
    from inference_operator.observation.kinds import UNIT_BY_KIND

    try:
        body = await cluster.get(UNIT_BY_KIND[key.kind], key.namespace, key.name)
    except ApiError as error:
        raise AccessError(f"{key}: {error}") from error
    return situation_of(body, key)


async def send(
    cluster: WrittenCluster, key: UnitKey, decide: Callable[[Situation], Change]
) -> Change:
    """Decide about the present situation, and write what it takes; return the change.

    The patch holds only if the resource is still what was decided about. Otherwise the decision is
    made again. RefusalError if the command makes no sense, or the user may not patch the resource.
    """
    from inference_operator.adapters.kubernetes.api_error import ApiError
    from inference_operator.observation.kinds import UNIT_BY_KIND

    resource = UNIT_BY_KIND[key.kind]
    for _ in range(ATTEMPTS):
        situation = await read_situation(cluster, key)
        change = decide(situation)
        if not change.annotations:
            return change
        try:
            await cluster.patch(resource, _patch(situation, change), manager=FIELD_MANAGER)
        except ApiError as error:
            if error.status == 409:
                continue
            raise _error(error.status, str(error), resource, key) from error
        return change
    raise RefusalError(
        f"{key} changed {ATTEMPTS} times while the command was checked, so that nothing was"
        " written; repeat the command"
    )


def _patch(situation: Situation, change: Change) -> dict[str, Any]:
    key = situation.key
    annotations = {verb.annotation: value for verb, value in change.annotations.items()}
    return {
        "metadata": {
            "namespace": key.namespace,
            "name": key.name,
            "resourceVersion": situation.resource_version,
            "annotations": annotations,
        }
    }


def _error(status: int, message: str, resource: ApiResource, key: UnitKey) -> Exception:
    if status == 403:
        return RefusalError(
            f"you may not change {key}: the API server refused the patch ({message}); the command"
            f" needs the verb patch for {resource.plural} in namespace {key.namespace}"
        )
    if status == 404:
        return AccessError(f"{key} was deleted meanwhile")
    return AccessError(f"{key}: the API server did not accept the patch: {message}")
