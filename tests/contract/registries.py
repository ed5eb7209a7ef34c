"""The real MLflow as a ground of the registry's contract, through its own client."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from inference_operator.adapters.mlflow.client import Mlflow


class RealGround:
    """A real tracking server with proxied artifacts."""

    def __init__(self, mlflow: Mlflow, folder: Path) -> None:
        self.mlflow = mlflow
        self._client = MlflowClient(tracking_uri=mlflow.uri, registry_uri=mlflow.uri)
        self._folder = folder

    def run(self, files: Mapping[str, str]) -> str:
        run: Any = self._client.create_run("0")
        for path, text in files.items():
            self._client.log_text(run.info.run_id, text, path)
        return str(run.info.run_id)

    def delete_run(self, run: str) -> None:
        self._client.delete_run(run)

    def version(self, name: str, tags: Mapping[str, str], files: Mapping[str, str]) -> str:
        run = self.run({f"model/{path}": text for path, text in files.items()})
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name)
        source = f"{self._client.get_run(run).info.artifact_uri}/model"
        self._client.create_model_version(name, source, run, tags=dict(tags))
        return run

    def alias(self, name: str, alias: str, version: int) -> None:
        self._client.set_registered_model_alias(name, alias, str(version))

    def delete_alias(self, name: str, alias: str) -> None:
        self._client.delete_registered_model_alias(name, alias)

    def delete_version(self, name: str, version: int) -> None:
        self._client.delete_model_version(name, str(version))

    def tags(self, name: str, version: int) -> Mapping[str, str]:
        tags: Mapping[str, str] = self._client.get_model_version(name, str(version)).tags
        return tags
