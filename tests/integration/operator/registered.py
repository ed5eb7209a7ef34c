"""A registered model of a real MLflow, and what people do to it."""

import hashlib
import uuid
from pathlib import Path

from hack.services.mlflow.server import LocalMlflow
from inference_operator.adapters.mlflow.client import Mlflow
from tests.contract.registries import RealGround
from tests.fakes.registry_ground import FILES, mlmodel


class Registry(RealGround):
    """A registered model of a real MLflow, for one test."""

    def __init__(self, server: LocalMlflow, folder: Path) -> None:
        super().__init__(Mlflow(server.uri, 30.0), folder)
        self.name = f"tape_reader_{uuid.uuid4().hex[:6]}"
        self.uri = f"models:/{self.name}@champion"
        self.source = {"source": {"uri": self.uri}}

    def register(self, network: str) -> tuple[str, str]:
        """A version whose file has that text; its run and its digest."""
        digest = hashlib.sha256(network.encode()).hexdigest()
        tags = {"inference.aipx.io/sha256": digest, "inference.aipx.io/max-batch-size": "32"}
        files = {"MLmodel": mlmodel(), **dict.fromkeys(FILES, network)}
        return self.version(self.name, tags, files), digest

    def champion(self, version: int) -> None:
        self.alias(self.name, "champion", version)
