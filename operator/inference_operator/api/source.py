"""`spec.model.source`: the location of the artifact, and one rule for the form of each scheme."""

import re
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, DnsSubdomain
from inference_operator.api.rules import CONTROLS, Computed, Rule, cel_string, lookup, text, unless
from inference_operator.api.shown_uri import NOT_SHOWN
from inference_operator.api.source_uri import FORMS, PREFIXES, SourceUri

Sha256 = Annotated[
    str,
    Field(max_length=128),
    text(
        r"[0-9a-f]{64}",
        "64 hexadecimal digits in lower case",
        "write what `sha256sum FILE` prints, without a prefix",
        shown_as=unless("[@?#=]"),
    ),
]

FROM_REGISTRY = "({0}.startsWith('models:/') || {0}.startsWith('runs:/'))"
"""CEL for a uri that names a model in the MLflow registry, with a place for the uri."""

HIDDEN = r"^[^/?#]*(/+[^/?#]*)?@|[?#]|^[^/]*/+[^/]*:[^/]*[^/0-9]|^[^/:]*:[^/].*@"
"""A user, a query or a fragment of an address. After a host without a user, a colon starts a port;
anything else is the beginning of a password with a slash in it."""
# Not an address; its @ is that of an alias.
_SIGNED_MODEL = "[?#]|^models:/+[^/]*:"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _shown(hidden: str = HIDDEN) -> Computed:
    """Return the placeholder `{uri}`: the URI as it is, or a note if it may be signed."""
    pattern = re.compile(hidden, re.ASCII)

    def of(value: object) -> str:
        uri = str(lookup(value, "uri"))
        return NOT_SHOWN if pattern.search(uri) else uri

    return Computed(
        "uri", f"self.uri.matches({cel_string(hidden)}) ? {cel_string(NOT_SHOWN)} : self.uri", of
    )


def _form(scheme: str, value: str, requirement: str, remedy: str) -> Rule:
    """Return the rule that uris of the scheme have their form."""
    form = cel_string(f"^({FORMS[scheme]})$")
    return Rule(
        cel=f"!self.uri.startsWith('{PREFIXES[scheme]}') || self.uri.matches({form})",
        holds=lambda self: self.scheme != scheme or self.parts.is_well_formed,
        value=value,
        requirement=requirement,
        remedy=remedy,
        field="uri",
        computed=(_shown(_SIGNED_MODEL if scheme == "models" else HIDDEN),),
    )


class SecretRef(ApiModel):
    """Reference to a Secret in the same namespace."""

    name: DnsSubdomain
    """Name of the Secret."""


class Source(ApiModel):
    """Location of the artifact."""

    rules: ClassVar = (
        Rule(
            cel=" || ".join(f"self.uri.startsWith('{PREFIXES[scheme]}')" for scheme in FORMS),
            holds=lambda self: self.scheme in FORMS,
            value='"{uri}"',
            requirement="a uri that starts with models:/, runs:/, https://, s3://, gs://, oci:// or"
            " pvc://",
            remedy="register the model, or store the artifact at one of these",
            field="uri",
            computed=(_shown(),),
        ),
        Rule(
            cel=f"!self.uri.matches({cel_string(f'[{CONTROLS}]')})",
            holds=lambda self: _CONTROL.search(self.uri) is None,
            value="a control character",
            requirement="a uri without control characters",
            remedy="remove it; most editors do not show it",
            field="uri",
        ),
        _form(
            "models",
            '"{uri}"',
            "models:/NAME@ALIAS or models:/NAME/VERSION with the number of a version",
            "write the name as in MLflow, and an alias such as champion",
        ),
        _form(
            "runs",
            '"{uri}"',
            "runs:/RUN_ID/PATH with the name of a model or the path of a file in that run",
            "write both as MLflow shows them",
        ),
        _form(
            "pvc",
            '"{uri}"',
            "pvc://CLAIM/PATH with the name of a PersistentVolumeClaim of this namespace and a"
            " file or folder in it",
            "name the claim and the path",
        ),
        _form(
            "https",
            "a space, a user name, a password, a port that is not a number, or a missing path",
            "https://HOST/PATH or https://HOST:PORT/PATH",
            "put credentials into the Secret that secretRef names",
        ),
        _form(
            "s3",
            '"{uri}"',
            "s3://BUCKET/KEY",
            "name the bucket and the object in it; put the endpoint of a service other than"
            " Amazon's into the Secret that secretRef names",
        ),
        _form(
            "gs",
            '"{uri}"',
            "gs://BUCKET/OBJECT",
            "name the bucket and the object in it",
        ),
        _form(
            "oci",
            '"{uri}"',
            "oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST",
            "write the repository in lower case, and a tag or a digest",
        ),
        Rule(
            cel="!self.uri.contains('/../') && !self.uri.endsWith('/..')",
            holds=lambda self: "/../" not in self.uri and not self.uri.endswith("/.."),
            value="'..' as a path element",
            requirement="a path that stays below its root",
            remedy="write the path without '..'",
            field="uri",
        ),
        Rule(
            cel="!self.uri.startsWith('pvc://') || !has(self.secretRef)",
            holds=lambda self: self.scheme != "pvc" or not self.has("secret_ref"),
            value="a Secret for a pvc:// source",
            requirement="no Secret, since a volume claim does not need credentials",
            remedy="remove secretRef",
            field="secretRef",
        ),
    )

    uri: Annotated[str, Field(max_length=2048)]
    """The artifact: `models:/NAME@ALIAS`, `models:/NAME/VERSION` or `runs:/RUN_ID/PATH` in MLflow;
    `https://HOST/PATH`; `s3://BUCKET/KEY`; `gs://BUCKET/OBJECT`; `oci://HOST/REPOSITORY:TAG` or
    `…@sha256:DIGEST`; `pvc://CLAIM/PATH`. The operator follows an alias: when it moves, its new
    version is rolled out. A folder (on a claim; in s3 and gs with a slash at its end) or a
    `.tar.gz` is used whole. It must hold the format's main file (`model.pt`, `model.onnx`,
    `model.plan` or `model.py`). Example: `s3://models/fx/7/model.onnx`."""

    sha256: Sha256 | None = None
    """SHA-256 of the file at `uri`, as 64 hexadecimal digits. A pod with any other artifact then
    never starts. Absent: the artifact is not pinned, unless its version in MLflow has the tag
    `inference.aipx.io/sha256`. For a folder: the digest that `inference-operator digest` prints."""

    secret_ref: SecretRef | None = None
    """Credentials, in a Secret of this namespace. https and MLflow: `token` (sent as a bearer
    token), or `username` and `password` (basic authentication), and optionally `ca.crt` (PEM,
    trusted in addition to the system's). oci: the same, or `.dockerconfigjson`. s3: `accessKeyId`,
    `secretAccessKey`, and optionally `sessionToken`, `endpoint` and `region`. gs:
    `credentials.json`, the key of a service account."""

    @property
    def parts(self) -> SourceUri:
        """The parts of the uri."""
        return SourceUri.of(self.uri)

    @property
    def scheme(self) -> str:
        """The text before the colon: `models`, `https`, ..."""
        return self.parts.scheme

    @property
    def from_registry(self) -> bool:
        """Whether MLflow resolves the uri."""
        return self.parts.is_in_registry
