"""The fake MLflow as a ground of the registry's contract, and the methods of every ground."""

import json
import uuid
from collections.abc import Mapping
from typing import Protocol

import yaml

from inference_operator.adapters.mlflow.client import Mlflow
from tests.fakes.mlflow import FakeMlflow, Logged, Registered, Run, Version

FILES = {"data/model.pth": "the network"}


def mlmodel() -> str:
    """Of a TorchScript model with one input and one output."""

    def side(name: str, shape: list[int]) -> str:
        spec = {"dtype": "float32", "shape": shape}
        return json.dumps([{"name": name, "type": "tensor", "tensor-spec": spec}])

    flavors = {"pytorch": {"model_data": "data", "pytorch_version": "2.15.0"}}
    signature = {"inputs": side("ohlcv", [-1, 60, 5]), "outputs": side("OUTPUT__0", [-1, 1])}
    return yaml.safe_dump({"flavors": flavors, "signature": signature})


class Ground(Protocol):
    """A registry under test, and what people do to it."""

    mlflow: Mlflow

    def run(self, files: Mapping[str, str]) -> str: ...

    def delete_run(self, run: str) -> None: ...

    def version(self, name: str, tags: Mapping[str, str], files: Mapping[str, str]) -> str: ...

    def alias(self, name: str, alias: str, version: int) -> None: ...

    def delete_alias(self, name: str, alias: str) -> None: ...

    def delete_version(self, name: str, version: int) -> None: ...

    def tags(self, name: str, version: int) -> Mapping[str, str]: ...


class FakeGround:
    """In memory."""

    def __init__(self) -> None:
        self.fake = FakeMlflow()
        self.mlflow: Mlflow = self.fake

    def run(self, files: Mapping[str, str]) -> str:
        run = uuid.uuid4().hex
        self.fake.runs[run] = Run(files=dict(files))
        return run

    def delete_run(self, run: str) -> None:
        self.fake.runs[run].lifecycle_stage = "deleted"

    def log(self, run: str, name: str, files: Mapping[str, str]) -> None:
        """A logged model of the run, as MLflow 3 has them."""
        model_id = f"m-{uuid.uuid4().hex}"
        self.fake.logged[model_id] = Logged(name, {}, dict(files))
        self.fake.runs[run].models.append(model_id)

    def version(self, name: str, tags: Mapping[str, str], files: Mapping[str, str]) -> str:
        run = self.run({})
        model = self.fake.models.setdefault(name, Registered(len(self.fake.models) + 1))
        number = max(model.versions, default=0) + 1
        model.versions[number] = Version(run, dict(tags), dict(files))
        return run

    def alias(self, name: str, alias: str, version: int) -> None:
        self.fake.models[name].aliases[alias] = version

    def delete_alias(self, name: str, alias: str) -> None:
        del self.fake.models[name].aliases[alias]

    def delete_version(self, name: str, version: int) -> None:
        model = self.fake.models[name]
        del model.versions[version]
        model.aliases = {a: v for a, v in model.aliases.items() if v != version}

    def tags(self, name: str, version: int) -> Mapping[str, str]:
        return self.fake.models[name].versions[version].tags
