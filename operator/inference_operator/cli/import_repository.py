"""`inference-operator import PATH`: an existing Triton repository as manifests on stdout."""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from inference_operator.api.quoting import one_line
from inference_operator.api.source import Source
from inference_operator.cli.import_check import unserved
from inference_operator.domain.kubectl_yaml import write_manifests
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.digest import digest_of

DESCRIPTION = """\
Turn a Triton model repository (folders with config.pbtxt files written by hand, ensembles included)
into InferenceModel and EnsemblePipeline manifests. Fields without a counterpart go to
triton.configOverrides. The versions that steps of ensembles request are not kept, nor are label and
warm-up files beside the versions. Each manifest is rendered and compared with the original before
it is printed.
"""
_SCHEMES = ("pvc", "https", "s3", "gs")
_FORMS = "pvc://CLAIM/PATH, https://HOST/PATH, s3://BUCKET/PATH or gs://BUCKET/PATH"
PREFIX_HELP = (
    f"address of the repository in the cluster: {_FORMS}; a model's source becomes"
    " PREFIX/MODEL/VERSION/FILE"
)
# The keys of the Secret; https stores that need a token are fewer.
_NEED_CREDENTIALS = {
    "s3": "accessKeyId and secretAccessKey",
    "gs": "credentials.json",
}
_NAMESPACE = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SECRET = r"(?=.{1,253}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register `import`; `func(args)` runs it and returns the exit status."""
    parser = subparsers.add_parser(
        "import",
        help="turn an existing Triton repository into manifests",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the model repository")
    parser.add_argument("--source-prefix", metavar="URI", help=PREFIX_HELP)
    parser.add_argument("--namespace", "-n", help="namespace of the manifests")
    parser.add_argument(
        "--gpus",
        type=int,
        default=0,
        metavar="N",
        help="GPUs for models whose config does not say where they run (default: none)",
    )
    parser.add_argument(
        "--secret",
        metavar="NAME",
        help="Secret with the credentials of the source, in the namespace of the manifests",
    )
    parser.set_defaults(func=run)


def import_command(argv: list[str]) -> int:
    """Run `import` with the arguments that follow it; return the exit status."""
    parser = argparse.ArgumentParser(prog="inference-operator")
    add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["import", *argv])
    return int(args.func(args))


def run(args: argparse.Namespace, out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Print manifests to `out`, warnings and failures to `err`; return the exit status.

    0: every model was imported. 1: some were not. 2: unusable arguments or no models.
    """
    from model_builders.importer import ImportOptions, import_repository

    out, err = out or sys.stdout, err or sys.stderr
    problem = _bad_arguments(args)
    if problem is not None:
        print(one_line(f"error: {problem}"), file=err)
        return 2
    options = ImportOptions(args.source_prefix, args.namespace, args.gpus, args.secret, _digest)
    imported = import_repository(args.path, options)
    text = write_manifests(imported.manifests, allow_unicode=True, width=100)
    warnings = [*_secret_warning(args), *imported.warnings, *unserved(text, imported.refused)]
    for sentence in warnings:
        print(one_line(f"warning: {sentence}"), file=err)
    for sentence in imported.failures:
        print(one_line(f"error: {sentence}"), file=err)
    if imported.manifests:
        out.write(text)
    elif not imported.failures:
        empty = f"error: found no model in {args.path}, expected folders with models"
        print(one_line(empty), file=err)
        return 2
    return 1 if imported.failures else 0


def _secret_warning(args: argparse.Namespace) -> Iterator[str]:
    """Yield a warning if pods could need credentials that no manifest names."""
    scheme = args.source_prefix.partition(":")[0]
    if args.secret is None and scheme in _NEED_CREDENTIALS:
        yield (
            f"{scheme}:// without --secret: a bucket that is not public needs credentials; make a"
            f" Secret with {_NEED_CREDENTIALS[scheme]}, and import with --secret NAME"
        )


def _digest(folder: Path) -> str:
    from model_builders.importing.failure import ImportFailedError

    try:
        return digest_of(folder)
    except LoadError as error:
        raise ImportFailedError(str(error)) from error


def _bad_arguments(args: argparse.Namespace) -> str | None:
    if not args.source_prefix:
        return (
            f"found no --source-prefix, expected {PREFIX_HELP}; pods fetch the"
            " artifacts from there, and cannot read a local path"
        )
    if not _is_prefix(args.source_prefix):
        return f'found --source-prefix "{args.source_prefix}", expected {_FORMS}'
    if args.secret is not None and args.source_prefix.startswith("pvc://"):
        return (
            f'found --secret "{args.secret}" with {args.source_prefix}, expected no Secret, since a'
            " volume claim does not need credentials; remove --secret"
        )
    if args.secret is not None and not re.fullmatch(_SECRET, args.secret, re.ASCII):
        return (
            f"found --secret \"{args.secret}\", expected up to 253 lower-case letters, digits, '-'"
            " and '.', with a letter or digit at both ends; write the name as Kubernetes has it"
        )
    if args.namespace is not None and not re.fullmatch(_NAMESPACE, args.namespace, re.ASCII):
        return (
            f'found --namespace "{args.namespace}", expected up to 63 lower-case letters, digits'
            " and '-', with a letter or digit at both ends; write the name as Kubernetes has it"
        )
    if not args.path.is_dir():
        return f"found no folder {args.path}, expected a Triton model repository"
    return _one_model(args.path)


def _one_model(path: Path) -> str | None:
    from model_builders.importing.folders import is_model

    if not is_model(path):
        return None
    return (
        f"found one model in {path}, expected a folder with models; give the folder above it,"
        f" {path.resolve().parent}"
    )


def _is_prefix(prefix: str) -> bool:
    try:
        source = Source(uri=f"{prefix.rstrip('/')}/model/1/model.onnx")
    except ValueError:
        return False
    return source.scheme in _SCHEMES
