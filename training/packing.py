"""A registered version as a Triton repository, without a cluster: what the operator would serve.

python -m training.packing models:/lstm_price_predictor@champion --repository DIR
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import mlflow

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.domain.completion import Incomplete, complete
from inference_operator.domain.mlmodel import ModelUnusableError, facts
from inference_operator.domain.resolution import Reference, Resolved
from model_builders.packing import PackingError, pack
from model_builders.problem import ConfigError
from training.registry import RegistryError, at


def pack_version(uri: str, repository: Path, tracking_uri: str) -> Path:
    """Fetch `models:/NAME@ALIAS` or `models:/NAME/VERSION`, and lay it out; the model's folder.

    Config and tensors come from the version itself, as in the operator. Raises RegistryError where
    there is no such version, PackingError or ModelUnusableError where it cannot be served.
    """
    asked = Reference.of(uri)
    if asked is None or not asked.name:
        raise RegistryError(
            f"found {uri}, expected models:/NAME@ALIAS or models:/NAME/VERSION; name a version"
        )
    with at(tracking_uri), tempfile.TemporaryDirectory() as folder:
        client = mlflow.MlflowClient()
        found = (
            client.get_model_version_by_alias(asked.name, asked.alias)
            if asked.alias
            else client.get_model_version(asked.name, str(asked.version))
        )
        exact = f"models:/{asked.name}/{found.version}"
        fetched = Path(mlflow.artifacts.download_artifacts(exact, dst_path=folder))
        said = facts((fetched / "MLmodel").read_text("utf-8"), found.tags)
        resolved = Resolved(uri, exact, int(found.version), found.run_id or "", exact, said)
        spec = _spec(asked.name, resolved)
        return pack(spec, fetched / said.path, resolved.version, repository)


def _spec(name: str, resolved: Resolved) -> InferenceModelSpec:
    """As of an InferenceModel with nothing but a source; batches, and the digest pinned."""
    pin = {"sha256": resolved.facts.sha256} if resolved.facts.sha256 else {}
    batching: dict[str, object] = {"dynamicBatching": {}} if resolved.facts.max_batch_size else {}
    written = {"model": {"name": name, "source": {"uri": resolved.asked, **pin}}}
    completed = complete(InferenceModelSpec.model_validate(written), resolved)
    if isinstance(completed, Incomplete):
        raise ModelUnusableError("; ".join(completed.problems))
    return completed.spec.model_copy(
        update={"triton": completed.spec.triton.model_validate(batching)}
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.packing", description=__doc__)
    parser.add_argument("uri", help="models:/NAME@ALIAS or models:/NAME/VERSION")
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
