"""The case of a diagnosis, its result, and the phrases that all rules share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import NOT_SHOWN, image_is_shown, shown_text
from inference_operator.domain.accelerator import Node
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.observed import Container, Pod, RevisionRecord
from inference_operator.resources.pod import TRITON

LONGEST_QUOTE = 600
# The operator's own arguments of Triton end with this one; those of the spec follow.
_LAST_OF_OURS = "--grpc-max-connection-age="


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The reason why a revision does not serve, and a sentence with the remedy."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Case:
    """The revision that is diagnosed, and where it runs."""

    record: RevisionRecord
    namespace: str
    nodes: tuple[Node, ...] | None = None
    """The cluster's nodes; None if they are not known, or the unit needs no accelerator."""

    way_out: str = ""
    """Another remedy for pods that wait for an accelerator."""

    @property
    def triton_container(self) -> Mapping[str, Any]:
        """The Triton container of its pods; empty for a record without a Deployment."""
        containers = self.pod_spec.get("containers") or ()
        return next((c for c in containers if c["name"] == TRITON), {})

    @property
    def pod_spec(self) -> Mapping[str, Any]:
        """The spec of its pods; empty for a record without a Deployment."""
        specs = (
            child["spec"]["template"]["spec"]
            for child in self.record.children
            if child["kind"] == "Deployment"
        )
        return next(specs, {})

    @property
    def extra_options(self) -> tuple[str, ...]:
        """The names of the options in `spec.triton.extraArgs`; their values may be secret."""
        arguments = [str(argument) for argument in self.triton_container.get("args") or ()]
        starts = (at for at, text in enumerate(arguments) if text.startswith(_LAST_OF_OURS))
        first = next(starts, len(arguments)) + 1
        return tuple(argument.partition("=")[0] for argument in arguments[first:])

    def logs(self, pod: Pod, container: str, *, previous: bool = False) -> str:
        """Return the command that prints a container's log."""
        ending = " --previous" if previous else ""
        return f"`kubectl -n {self.namespace} logs {pod.name} -c {container}{ending}`"

    def describes(self, kind: str, name: str) -> str:
        """Return the command that prints an object with its Events."""
        return f"`kubectl -n {self.namespace} describe {kind} {name}`"


Rule = Callable[[Pod, Case], Diagnosis | None]
"""Returns the diagnosis of one pod; None if the rule's problem is not there."""


def quote(text: str, limit: int = LONGEST_QUOTE) -> str:
    """Return a foreign text on one line, without secrets of addresses, and cut."""
    return truncate(shown_text(text), limit)


def ending(container: Container) -> str:
    """Describe how a container ended."""
    reason = f" ({container.exit_reason})" if container.exit_reason not in ("", "Error") else ""
    return f"ended with exit code {container.exit_code}{reason}"


def image_of(container: Container) -> str:
    """Return the container's image, if it may be shown."""
    return container.image if image_is_shown(container.image) else NOT_SHOWN
