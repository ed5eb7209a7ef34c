"""The subject of a measurement: an operator as a file describes it.

A subject file says how the operator is started, which custom resources are created from which
template, and which children are counted. Its keys are the fields below in camelCase.
"""

import json
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from hack.console import StepError

SUBJECTS = Path(__file__).with_name("subjects")
Json = dict[str, Any]
# Kinds with a pod template: they are ready when their pods are.
WORKLOADS = ("deployments", "statefulsets")


class _Part(BaseModel):
    """A part of a subject file. An unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Kind(_Part):
    """A kind as the API server's URLs name it."""

    api_version: str
    plural: str
    kind: str = ""

    def path(self, namespace: str, name: str = "") -> str:
        root = "/apis" if "/" in self.api_version else "/api"
        path = f"{root}/{self.api_version}/namespaces/{namespace}/{self.plural}"
        return f"{path}/{name}" if name else path

    @property
    def words(self) -> str:
        """Return the name that kubectl takes: `deployments.v1.apps`."""
        group, _, version = self.api_version.rpartition("/")
        return f"{self.plural}.{version}.{group}" if group else self.plural


class Edit(_Part):
    """A merge patch of the custom resource, and the kinds of children that it changes."""

    name: str
    patch: Json
    changes: tuple[str, ...]


class Churn(_Part):
    """A merge patch of a child by another client; `{number}` differs each time."""

    plural: str
    patch: Json
    subresource: str = ""


class Subject(_Part):
    """An operator; `{python}`, `{root}`, `{kubeconfig}` and `{port}` are filled in when it starts.

    `{root}` is this repository, or the checkout of `--before`, and the working directory.
    """

    name: str
    command: tuple[str, ...] = Field(min_length=1)
    """It must be the operator's own process (`exec` in a script): CPU and memory are its."""

    environment: dict[str, str] = {}
    resource: Kind
    children: tuple[Kind, ...] = Field(min_length=1)
    template: Json
    """The custom resource without its name; `{name}` within strings becomes it."""

    manifests: tuple[str, ...] = ()
    """CRDs and other objects that it needs: kustomizations or files, from `{root}`."""

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
    changed_defaults: dict[str, str] = {}
    """Environment of a restart with other defaults, which must not touch what runs."""

    @model_validator(mode="after")
    def _names_its_own_children(self) -> Self:
        plurals = {kind.plural for kind in self.children}
        named = [("edits", plural) for edit in self.edits for plural in edit.changes]
        named += [("churn", churn.plural) for churn in self.churn]
        for key, plural in named:
            if plural not in plurals:
                raise ValueError(f"{key} names {plural!r}, which is not in children")
        if not self.owner_label and not self.resource.kind:
            raise ValueError("resource.kind is needed, because there is no ownerLabel")
        return self

    def custom_resource(self, name: str, namespace: str) -> Json:
        body = filled(self.template, name=name)
        assert isinstance(body, dict)
        meta = {**body.get("metadata", {}), "name": name, "namespace": namespace}
        return {**body, "metadata": meta}

    def child(self, plural: str) -> Kind:
        return next(kind for kind in self.children if kind.plural == plural)

    @property
    def workloads(self) -> tuple[Kind, ...]:
        return tuple(kind for kind in self.children if kind.plural in WORKLOADS)


def filled(value: Any, **words: str) -> Any:
    """Return the same tree with `{word}` replaced in each of its strings."""
    text = json.dumps(value)
    for word, meant in words.items():
        text = text.replace("{" + word + "}", json.dumps(meant)[1:-1])
    return json.loads(text)


def load(name: str) -> Subject:
    """Read a subject from a file, or by its name in `subjects/`.

    Raises:
        StepError: if it cannot be read; the message names each bad field.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else SUBJECTS / f"{name}.yaml"
    try:
        return Subject.model_validate(yaml.safe_load(path.read_text()))
    except OSError as error:
        available = ", ".join(sorted(file.stem for file in SUBJECTS.glob("*.yaml")))
        raise StepError(
            f"subject {name} cannot be read: {error}", f"Use {available}, or a file."
        ) from None
    except yaml.YAMLError as error:
        raise StepError(f"{path} is not YAML: {error}", "Correct the file.") from None
    except ValidationError as error:
        problems = [_problem(item["loc"], item["msg"]) for item in error.errors()]
        raise StepError(
            f"subject file {path}: {'; '.join(problems)}",
            "The fields are described in benchmarks/controller/subject.py.",
        ) from None


def _problem(place: tuple[int | str, ...], message: str) -> str:
    field = ".".join(map(str, place))
    return f"{field}: {message}" if field else message
