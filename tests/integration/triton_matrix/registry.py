"""Steps from a real MLflow with the shipped networks to Triton's repository.

Every step is the operator's: the registry's answer, the completed spec, the ConfigMap of the plan,
and the init container's command.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

from inference_operator.adapters.mlflow.client import Mlflow
from inference_operator.adapters.mlflow.resolver import Answer, Resolver
from inference_operator.api.base import API_VERSION
from inference_operator.api.inference_model import KIND, InferenceModelSpec
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.http_credentials import Credentials
from inference_operator.domain.names import UnitKey
from inference_operator.domain.resolution import Resolved
from inference_operator.domain.serving_unit import Owner, ServingUnit
from inference_operator.resources.config_map import config_map
from inference_operator.validation.defaults import Defaults
from inference_operator.validation.model import model_unit
from inference_operator.validation.signature import CompletedSpec, complete
from tests.integration.triton_matrix.served_networks import BATCHING, MAX_BATCH, Served
from training.registry import Entry, Version, register
from training.served_file import Format

_OWNER = Owner(UnitKey(KIND, "default", "matrix"), API_VERSION, "uid-of-owner")


def register_network(served: Served, claims: Path, tracking_uri: str) -> Version:
    """Register the folder as the next version of the network, with its format as alias."""
    entry = Entry(served.name, Format(served.format), MAX_BATCH, alias=served.format)
    return register(claims / "models" / served.name, entry, tracking_uri)


def unit_of(served: Served, tracking_uri: str) -> ServingUnit:
    """Return the unit of an InferenceModel with a name in Triton, an alias and batching."""
    uri = f"models:/{served.name}@{served.format}"
    model = {"name": served.in_triton, "source": {"uri": uri}}
    spec = InferenceModelSpec.model_validate({"model": model, "triton": BATCHING})
    resolved = asyncio.run(_resolve(uri, tracking_uri))
    assert isinstance(resolved, Resolved), resolved
    completed = complete(spec, resolved)
    assert isinstance(completed, CompletedSpec), completed
    unit = model_unit(_OWNER, 1, completed, Mode.CPU, Defaults("triton", "loader"))
    assert isinstance(unit, ServingUnit), unit
    return unit


def load(unit: ServingUnit, folder: Path, output: Path) -> None:
    """Run `inference-operator load` with the unit's ConfigMap, mounted below `folder`."""
    plan = folder / unit.entry
    plan.mkdir()
    for name, text in config_map(unit)["data"].items():
        (plan / name).write_text(text)
    places = {
        "--plan": plan,
        "--output": output,
        "--credentials": folder / "credentials",
        "--claims": folder / "claims",
        "--termination-log": plan / "report.json",
    }
    options = [str(part) for place in places.items() for part in place]
    command = Path(sys.executable).with_name("inference-operator")
    done = subprocess.run([command, "load", *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


async def _resolve(uri: str, tracking_uri: str) -> Answer:
    mlflow = Mlflow(tracking_uri, 30.0)
    try:
        return (await Resolver(mlflow).resolve([uri], Credentials()))[uri]
    finally:
        await mlflow.close()
