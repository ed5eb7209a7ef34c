"""A broken situation: what a person applies, what the status says of it, and how soon."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NAMESPACE = "NAMESPACE"
"""Stands for the situation's namespace, in changes, objects and messages."""
POD = "POD"
"""Stands for the name of a pod, in messages."""
ANY = "…"
"""Stands for any text, in messages."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One row of the table."""

    name: str
    """The cause, as a person would say it."""

    reason: str
    """Reason of the Ready condition; empty if `kubectl apply` fails."""

    shows: str
    """The message of the Ready condition, or its part that tells; see NAMESPACE, POD and ANY."""

    remedy: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Values by dotted path, for the model that works."""

    objects: tuple[Mapping[str, Any], ...] = ()
    """Other objects of the namespace, which are applied before it."""

    pipeline: Mapping[str, Any] | None = None
    """The spec of an EnsemblePipeline, in place of the model."""

    is_slow: bool = False
    """Whether a source or a model first has to keep silent for a while."""

    needs_cluster: bool = True
    """Whether the operator can tell it only with a cluster: pods, or other objects."""

    is_of_settings: bool = False
    """Whether it depends on a setting of the operator: `tests/integration/operator` makes it, with
    an operator of its own."""

    is_confined: bool = False
    """Whether it needs the namespace with a quota and a limit range."""

    @property
    def slug(self) -> str:
        """The name of its resource."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40].strip("-")

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the message must contain."""
        text = re.escape(self.shows)
        for sign, expression in ((ANY, r".*"), (POD, r"[a-z0-9-]+"), (NAMESPACE, r"[a-z0-9-]+")):
            text = text.replace(re.escape(sign), expression)
        return re.compile(text)

    def changes_in(self, namespace: str) -> dict[str, Any]:
        """Return the changes of the model, for a namespace."""
        return dict(_named(self.changes, namespace))

    def objects_in(self, namespace: str) -> list[dict[str, Any]]:
        """Return the other objects, in a namespace."""
        bodies: list[dict[str, Any]] = [_named(body, namespace) for body in self.objects]
        for body in bodies:
            body["metadata"]["namespace"] = namespace
        return bodies


def _named(value: Any, namespace: str) -> Any:
    return json.loads(json.dumps(value).replace(NAMESPACE, namespace))


def store(path: str) -> str:
    """Return the address of a file in the e2e tests' model store."""
    return f"https://model-store.model-store.svc:8443/{path}"


def bad_server(path: str, port: int) -> str:
    """Return an address of the server that does everything wrong."""
    return f"https://bad-server.{NAMESPACE}.svc:{port}/{path}"
