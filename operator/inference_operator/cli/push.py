"""`inference-operator push FILE URI`: an artifact of this machine into a store."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference_operator.api.shown_uri import shown_uri
from inference_operator.api.source_uri import SourceUri
from inference_operator.cli.arguments import report
from inference_operator.cli.cluster_access import (
    AccessError,
    add_context,
    answered,
    namespace_of,
)

DESCRIPTION = """\
Copy a model's file or folder to the address that a manifest names as source.uri, and print the
digest for source.sha256. Supported: s3://BUCKET/KEY, oci://HOST/REPOSITORY:TAG,
https://HOST/PATH (one file, by PUT; NAME.NAMESPACE.svc of a cluster through kubectl), and
pvc://CLAIM/PATH (through a pod that exists for the copy). A folder's address ends with a slash, for
s3. --secret reads the credentials that pods use, from the cluster.
Exit status: 0, 1 if the store refuses, 2 for unusable arguments, 3 if the cluster cannot be used.
"""
_REFUSED, _UNUSABLE = 1, 2
_DEFAULT_LIMIT = 20 << 30
_ELSEWHERE = {
    "gs": "use `gcloud storage cp`, or `gsutil cp`",
    "models": "register it with MLflow",
    "runs": "log it with MLflow",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """What is copied, where to, and how the cluster is reached."""

    path: Path
    source: SourceUri
    namespace: str
    context: str | None
    secret: Mapping[str, str]
    """Values of the Secret; empty for none."""

    secret_name: str
    image: str | None
    digest: str
    size: int


class PushError(Exception):
    """An artifact that cannot be copied there; the message is for the user."""


def add_parser(subparsers: Any) -> None:
    """Add `push`."""
    parser = subparsers.add_parser(
        "push", help="copy a model's file to a store, and print its digest", description=DESCRIPTION
    )
    parser.add_argument("path", type=Path, metavar="FILE", help="the model's file or folder")
    parser.add_argument("uri", metavar="URI", help="where to: source.uri of the manifest")
    parser.add_argument("--secret", metavar="NAME", help="Secret of the namespace with credentials")
    parser.add_argument("-n", "--namespace", help="namespace of the Secret or claim")
    add_context(parser)
    parser.add_argument(
        "--image",
        help="image of the pod that fills a claim, with python3.11 (the operator's own, of"
        " Deployment inference-operator)",
    )
    parser.set_defaults(func=push_command)


def push_command(arguments: argparse.Namespace) -> int:
    """Copy the artifact; return the exit status of the description."""
    return answered(lambda: _push(arguments))


def _push(arguments: argparse.Namespace) -> int:
    from inference_operator.load.failure import LoadError
    from inference_operator.load.transfer.retry import TransientError

    try:
        upload = _upload(arguments)
        _writer(upload.source.scheme)(upload)
    except PushError as error:
        report("inference-operator", error)
        return _UNUSABLE
    except (LoadError, TransientError) as error:
        report(shown_uri(arguments.uri), error)
        return _REFUSED
    print(f"{shown_uri(arguments.uri)}: {upload.size:,} bytes")
    print(f"sha256: {upload.digest}")
    if upload.size > _DEFAULT_LIMIT:
        report("note", "pods load at most 20Gi; set spec.model.sizeLimit of the manifest")
    return 0


def _upload(arguments: argparse.Namespace) -> Upload:
    from inference_operator.load.transfer.digest import digest_of, files_of

    path, source = arguments.path, SourceUri.of(arguments.uri)
    if not source.is_well_formed or source.scheme in _ELSEWHERE:
        remedy = _ELSEWHERE.get(source.scheme, "correct it")
        raise PushError(
            f"URI: found {shown_uri(arguments.uri)}, expected s3://BUCKET/KEY,"
            f" oci://HOST/REPOSITORY:TAG, https://HOST/PATH or pvc://CLAIM/PATH; {remedy}"
        )
    try:
        digest = digest_of(path)
        files = [file.path for file in files_of(path)] if path.is_dir() else [path]
        size = sum(file.stat().st_size for file in files)
    except OSError as error:
        raise PushError(f"{path}: cannot be read: {error.strerror or error}") from None
    namespace = namespace_of(arguments)
    values = _secret(arguments, namespace) if arguments.secret else {}
    return Upload(
        path,
        source,
        namespace,
        arguments.context,
        values,
        arguments.secret or "",
        arguments.image,
        digest,
        size,
    )


def _secret(arguments: argparse.Namespace, namespace: str) -> dict[str, str]:
    """Return the Secret's values, as a pod has them; AccessError where it cannot be read."""
    import base64
    import json

    from inference_operator.cli.port_forward import run_kubectl

    words = ["get", "secret", arguments.secret, "-n", namespace, "-o", "json"]
    data = json.loads(run_kubectl(arguments.context, words)).get("data") or {}
    try:
        texts = {name: base64.b64decode(text).decode().strip() for name, text in data.items()}
    except ValueError:
        raise AccessError(f"Secret {namespace}/{arguments.secret}: a value is not text") from None
    return {name: text for name, text in texts.items() if text}


def _writer(scheme: str) -> Callable[[Upload], None]:
    if scheme == "s3":
        from inference_operator.cli.push_s3 import push_s3

        return push_s3
    if scheme == "oci":
        from inference_operator.cli.push_oci import push_oci

        return push_oci
    if scheme == "pvc":
        from inference_operator.cli.push_claim import push_claim

        return push_claim
    from inference_operator.cli.push_https import push_https

    return push_https
