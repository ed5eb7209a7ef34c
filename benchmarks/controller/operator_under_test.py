"""The operator under test as a value: its command, custom resource, children and edits."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hack.console import StepError

OPERATORS = Path(__file__).with_name("subjects")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as the API server's URLs name it."""

    api_version: str
    plural: str
    kind: str = ""

    def path(self, namespace: str, name: str = "") -> str:
        root = "/apis" if "/" in self.api_version else "/api"
        path = f"{root}/{self.api_version}/namespaces/{namespace}/{self.plural}"
        return f"{path}/{name}" if name else path


@dataclass(frozen=True, slots=True)
class Edit:
    """A merge patch of the custom resource, and the kinds of children that it changes."""

    name: str
    patch: Json
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Churn:
    """A merge patch of a child by another client; `{number}` differs each time."""

    plural: str
    patch: Json
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class OperatorUnderTest:
    """An operator under test; `{python}`, `{root}`, `{kubeconfig}`, `{port}` are filled in."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    resource: Kind
    children: tuple[Kind, ...]
    template: Json
    """The custom resource without its name; `{name}` within strings becomes it."""

    manifests: tuple[str, ...] = ()
    """CRDs and other objects that it needs: kustomizations or files, from the repository's root."""

    ready_condition: str = "Ready"
    ready_path: str = ""
    """Answers 200 once it serves; empty: it counts as ready as soon as it runs."""

    queue_metric: str = ""
    """The gauge of objects that wait, in its /metrics; empty: silence alone means idle."""

    pass_metric: str = ""
    """The counter of its reconciliations."""

    owner_label: str = ""
    """Label of children that names their custom resource; empty: owner references do."""

    edits: tuple[Edit, ...] = ()
    settle_seconds: float = 0
    """How long after the last edit something still happens by design."""

    churn: tuple[Churn, ...] = ()
    changed_defaults: Mapping[str, str] = field(default_factory=dict)
    """Environment of an upgrade that must not touch what runs."""

    def custom_resource(self, name: str, namespace: str) -> Json:
        body = filled(self.template, name=name)
        assert isinstance(body, dict)
        meta = {**body.get("metadata", {}), "name": name, "namespace": namespace}
        return {**body, "metadata": meta}

    def child(self, plural: str) -> Kind:
        return next(kind for kind in self.children if kind.plural == plural)


def filled(value: Any, **words: str) -> Any:
    """Return the same tree with `{word}` replaced in each of its strings."""
    text = json.dumps(value)
    for word, meant in words.items():
        text = text.replace("{" + word + "}", json.dumps(meant)[1:-1])
    return json.loads(text)


def load(name: str) -> OperatorUnderTest:
    """Read an operator from a file, or by its name in `subjects/`."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else OPERATORS / f"{name}.yaml"
    try:
        given = yaml.safe_load(path.read_text())
    except OSError as error:
        available = ", ".join(sorted(file.stem for file in OPERATORS.glob("*.yaml")))
        raise StepError(
            f"operator {name} cannot be read: {error}", f"Use {available}, or a file."
        ) from None
    return read(given)


def read(given: Json) -> OperatorUnderTest:
    """Return the operator of a file's content; its keys are the field names in camelCase."""
    return OperatorUnderTest(
        name=given["name"],
        command=tuple(given["command"]),
        environment=given.get("environment", {}),
        resource=_kind(given["resource"]),
        children=tuple(_kind(child) for child in given["children"]),
        template=given["template"],
        manifests=tuple(given.get("manifests", ())),
        ready_condition=given.get("readyCondition", "Ready"),
        ready_path=given.get("readyPath", ""),
        queue_metric=given.get("queueMetric", ""),
        pass_metric=given.get("passMetric", ""),
        owner_label=given.get("ownerLabel", ""),
        edits=tuple(
            Edit(edit["name"], edit["patch"], tuple(edit["changes"]))
            for edit in given.get("edits", ())
        ),
        settle_seconds=given.get("settleSeconds", 0),
        churn=tuple(Churn(**churn) for churn in given.get("churn", ())),
        changed_defaults=given.get("changedDefaults", {}),
    )


def _kind(given: Mapping[str, str]) -> Kind:
    return Kind(given["apiVersion"], given["plural"], given.get("kind", ""))
