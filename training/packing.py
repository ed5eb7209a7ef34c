"""A registered version as a Triton repository, without a cluster: what the operator would serve.

python -m training.packing models:/lstm_price_predictor@champion --repository DIR
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import mlflow
from pydantic import ValidationError

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import joined
from inference_operator.api.validate import field_errors
from inference_operator.domain.mlmodel import ModelUnusableError, facts, file_facts
from inference_operator.domain.resolution import RegistryUri, Resolved
from inference_operator.validation.signature import Incomplete, complete
from model_builders.packing import PackingError, pack
from model_builders.problem import ConfigError
from training.registry import RegistryError, at

_MLMODEL = "MLmodel"
_EXPECTED = "models:/NAME@ALIAS, models:/NAME/VERSION or runs:/RUN_ID/PATH"


def pack_version(uri: str, repository: Path, tracking_uri: str) -> Path:
    """Fetch a version, or an artifact of a run, lay it out, and return the model's folder.

    Config and tensors come from the version itself, as in the operator. `runs:/RUN_ID/PATH` becomes
    version 1 of a model with the last part of PATH as its name. It has no tags: no digest and no
    largest batch. Raises RegistryError if it does not exist, and PackingError or
    ModelUnusableError if it cannot be served.
    """
    asked = RegistryUri.of(uri)
    if asked is None:
        raise RegistryError(f"found {uri}, expected {_EXPECTED}; name a version, or a run's model")
    with at(tracking_uri), tempfile.TemporaryDirectory() as folder:
        resolved, artifact = (
            _of_run(asked, uri, folder) if asked.run else _of_version(asked, uri, folder)
        )
        name = asked.name or Path(asked.path).name.partition(".")[0]
        return pack(_spec(name, resolved), artifact, resolved.version, repository)


def _of_version(asked: RegistryUri, uri: str, folder: str) -> tuple[Resolved, Path]:
    client = mlflow.MlflowClient()
    version = (
        client.get_model_version_by_alias(asked.name, asked.alias)
        if asked.alias
        else client.get_model_version(asked.name, str(asked.version))
    )
    exact = f"models:/{asked.name}/{version.version}"
    fetched = Path(mlflow.artifacts.download_artifacts(exact, dst_path=folder))
    recorded = facts((fetched / _MLMODEL).read_text("utf-8"), version.tags)
    resolved = Resolved(uri, exact, int(version.version), version.run_id or "", exact, recorded)
    return resolved, fetched / recorded.path


def _of_run(asked: RegistryUri, uri: str, folder: str) -> tuple[Resolved, Path]:
    """Return a model that the run logged, or a single file of its artifacts."""
    fetched = Path(mlflow.artifacts.download_artifacts(uri, dst_path=folder))
    if fetched.is_file():
        return Resolved(uri, uri, 1, asked.run, uri, file_facts(fetched.name, {})), fetched
    if not (fetched / _MLMODEL).is_file():
        raise RegistryError(
            f"found {uri} to be no file, nor a model with its {_MLMODEL}, expected one of them;"
            " write the path as MLflow shows it"
        )
    recorded = facts((fetched / _MLMODEL).read_text("utf-8"), {})
    return Resolved(uri, uri, 1, asked.run, uri, recorded), fetched / recorded.path


def _spec(name: str, resolved: Resolved) -> InferenceModelSpec:
    """Return the spec of an InferenceModel with only a source, a batch size and the digest."""
    pin = {"sha256": resolved.facts.sha256} if resolved.facts.sha256 else {}
    batching: dict[str, object] = {"dynamicBatching": {}} if resolved.facts.max_batch_size else {}
    written = {"model": {"name": name, "source": {"uri": resolved.asked, **pin}}}
    try:
        spec = InferenceModelSpec.model_validate(written)
    except ValidationError as error:
        problems = field_errors(error, InferenceModelSpec, "spec")
        raise ModelUnusableError(joined(problems)) from None
    completed = complete(spec, resolved)
    if isinstance(completed, Incomplete):
        raise ModelUnusableError(joined(completed.problems))
    return completed.spec.model_copy(
        update={"triton": completed.spec.triton.model_validate(batching)}
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.packing", description=__doc__)
    parser.add_argument("uri", help=_EXPECTED)
    parser.add_argument("--repository", type=Path, required=True, help="Triton's model repository")
    parser.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI"),
        required="MLFLOW_TRACKING_URI" not in os.environ,
    )
    given = parser.parse_args()
    try:
        print(pack_version(given.uri, given.repository, given.tracking_uri))
    except (RegistryError, PackingError, ModelUnusableError, ConfigError) as error:
        sys.exit(f"FAILED: {error}")


if __name__ == "__main__":
    main()
