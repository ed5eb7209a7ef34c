"""Trained models in MLflow: logged, registered, and promoted by an alias.

python -m training.registry log lstm_price_predictor --folder DIR --alias challenger
python -m training.registry promote lstm_price_predictor 3 --alias champion
"""

import argparse
import hashlib
import logging
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from training.failure import TrainingError
from training.model_card import flat, model_card
from training.models.signature import TensorSpec as Named
from training.served_file import Format, check_answer
from training.trained import Trained, dtype_of, read_trained

# The operator reads these tags of a model version (docs/registry.md).
TAG = "inference.aipx.io"
_MEASURED = ("test", "coverage", "walkForward", "export")
_NOT_IN_NAMES = re.compile(r"[^-\w. /:]")  # of metrics, says MLflow
_CHECKPOINT = "checkpoint"  # of use to the machine that resumes, and twice as large as the rest
_ROOT = Path(__file__).resolve().parents[1]


class RegistryError(TrainingError):
    """MLflow refused, or cannot be reached; the message gives the remedy."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The registration of a trained model."""

    name: str
    format: Format = Format.TORCHSCRIPT
    max_batch_size: int = 32
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version; `sha256` is of the file `artifact` as the server gives it back."""

    name: str
    number: int
    run_id: str
    artifact: str
    sha256: str


def register(folder: Path, entry: Entry, tracking_uri: str) -> Version:
    """Log a training's folder as a run and a model, register it, and set the alias last.

    Raises TrainedFolderError, before anything is sent, if the folder is incomplete or its file's
    answer differs from sample.json. Raises RegistryError if MLflow refuses.
    """
    trained = read_trained(folder)
    check_answer(trained, entry.format)
    with at(tracking_uri):
        mlflow.set_experiment(entry.name)
        with mlflow.start_run() as run:
            _log_run(trained, entry)
            info = _log_model(trained, entry)
        artifact = _artifact(entry.format)
        sha256 = _digest(f"{info.artifact_path}/{artifact}")
        tags = {
            f"{TAG}/sha256": sha256,
            f"{TAG}/artifact": artifact,
            f"{TAG}/format": entry.format.value,
            f"{TAG}/max-batch-size": str(entry.max_batch_size),
        }
        made = mlflow.register_model(info.model_uri, entry.name, tags=tags)
        client = mlflow.MlflowClient()
        card = model_card(entry.name, trained, git_commit())
        client.update_model_version(entry.name, made.version, description=card)
        if entry.alias:
            client.set_registered_model_alias(entry.name, entry.alias, made.version)
    return Version(entry.name, int(made.version), run.info.run_id, artifact, sha256)


def promote(name: str, version: int, alias: str, tracking_uri: str) -> None:
    """Let the alias name that version; the operator rolls it out wherever the alias is served."""
    with at(tracking_uri):
        client = mlflow.MlflowClient()
        client.get_model_version(name, str(version))
        client.set_registered_model_alias(name, alias, str(version))


def git_commit() -> str:
    """Return the commit of the sources, `-dirty` if they differ from it; "unknown" without git."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(words, cwd=_ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _log_run(trained: Trained, entry: Entry) -> None:
    report = trained.report
    data = report.get("data", {})
    mlflow.set_tags(
        {"mlflow.source.git.commit": git_commit(), "data.sha256": data.get("sha256", "unknown")}
    )
    mlflow.log_params(
        {"format": entry.format.value, **report.get("settings", {}), **report.get("plan", {})}
    )
    for part in _MEASURED:
        figures = flat(report.get(part, {}), f"{part}.")
        mlflow.log_metrics({_NOT_IN_NAMES.sub("_", name): figures[name] for name in figures})
    for epoch in report.get("epochs", ()):
        for name, value in flat(epoch).items():
            if name != "number":
                mlflow.log_metric(f"epoch.{name}", value, step=int(epoch["number"]))
    _log_data(data)
    mlflow.log_text(model_card(entry.name, trained, git_commit()), "model_card.md")
    for path in trained.folder.iterdir():
        if path.name != _CHECKPOINT:
            mlflow.log_artifact(str(path), "training")


def _log_data(data: dict[str, Any]) -> None:
    """Log the data set by name and digest; its rows stay where the package client put them."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    name, sha256 = data.get("source", "unknown"), data.get("sha256", "unknown")
    source = CodeDatasetSource(tags={"package": name, "sha256": sha256})
    # MLflow keeps 36 characters of a digest; the whole one is in the run's tags.
    mlflow.log_input(MetaDataset(source, name=name, digest=sha256[:36]))  # type: ignore[abstract]


def _log_model(trained: Trained, entry: Entry) -> Any:
    signature = ModelSignature(
        _schema(trained.signature.inputs), _schema(trained.signature.outputs)
    )
    sample = trained.sample
    example = sample if len(sample) > 1 else next(iter(sample.values()))
    options: dict[str, Any] = {"name": "model", "signature": signature, "input_example": example}
    path = trained.file(entry.format.file)
    if entry.format is Format.ONNX:
        import onnx

        options["pip_requirements"] = [_pinned("onnx"), _pinned("onnxruntime")]
        return mlflow.onnx.log_model(onnx.load(path), save_as_external_data=False, **options)
    import torch

    options["pip_requirements"] = [_pinned("torch")]
    # Despite "pickle", MLflow saves a ScriptModule by torch.jit.save, which LibTorch loads.
    scripted = torch.jit.load(path)  # type: ignore[no-untyped-call]
    return mlflow.pytorch.log_model(scripted, serialization_format="pickle", **options)


def _schema(tensors: tuple[Named, ...]) -> Schema:
    return Schema([TensorSpec(dtype_of(each), (-1, *each.shape), each.name) for each in tensors])


def _artifact(served: Format) -> str:
    """Return the path of the flavor's file within the model's folder."""
    return "data/model.pth" if served is Format.TORCHSCRIPT else "model.onnx"


def _digest(uri: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(mlflow.artifacts.download_artifacts(uri, dst_path=folder))
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _pinned(package: str) -> str:
    from importlib.metadata import version

    return f"{package}=={version(package)}"


@contextmanager
def at(tracking_uri: str) -> Iterator[None]:
    """Set MLflow's client to that server, quietly; its refusals become RegistryError."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(tracking_uri)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # PyTorch's about TorchScript, which is what Triton's LibTorch backend loads.
            warnings.simplefilter("ignore")
            yield
    except MlflowException as error:
        reason = str(error).partition("\n")[0]
        raise RegistryError(
            f"MLflow at {tracking_uri}: {reason}; see that the server runs, and that name and"
            " version exist"
        ) from error
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.registry", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    log = commands.add_parser("log", help="log, register, and set an alias")
    log.add_argument("--folder", type=Path, required=True, help="what a training left")
    log.add_argument("--format", type=Format, choices=list(Format), default=Format.TORCHSCRIPT)
    log.add_argument("--max-batch-size", type=int, default=32)
    move = commands.add_parser("promote", help="let an alias name another version")
    for command in (log, move):
        command.add_argument("name")
        command.add_argument("--alias", required=command is move)
        command.add_argument(
            "--tracking-uri",
            default=os.environ.get("MLFLOW_TRACKING_URI"),
            required="MLFLOW_TRACKING_URI" not in os.environ,
        )
    move.add_argument("version", type=int)
    given = parser.parse_args()
    try:
        _run(given)
    except TrainingError as error:
        sys.exit(f"FAILED: {error}")


def _run(given: argparse.Namespace) -> None:
    if given.command == "promote":
        promote(given.name, given.version, given.alias, given.tracking_uri)
        print(f"{given.name}@{given.alias} is version {given.version}")
        return
    entry = Entry(given.name, given.format, given.max_batch_size, given.alias)
    made = register(given.folder, entry, given.tracking_uri)
    print(f"{made.name} version {made.number}, run {made.run_id}, sha256 {made.sha256}")


if __name__ == "__main__":
    main()
