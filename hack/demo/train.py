"""`make train`: the shipped models, trained on real data and registered in a real MLflow."""

import argparse
import os
import subprocess
import sys

from hack.console import StepError, reported, say, step
from hack.product import ROOT
from hack.services.mlflow.__main__ import FOLDER
from hack.services.mlflow.background import Background
from hack.services.mlflow.server import answers

OUTPUT = ROOT / "build" / "trained"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m hack.demo.train", description=__doc__)
    parser.add_argument("--models", default="", help="names with commas (all)")
    parser.add_argument("--profile", default="quick", help="demo, quick or full (%(default)s)")
    parser.add_argument("--alias", default="champion", help="(%(default)s)")
    given = parser.parse_args()
    with reported():
        uri = tracking_server()
        words = ["--models", given.models, "--profile", given.profile, "--alias", given.alias]
        command = [sys.executable, "-m", "training.all", "--output", str(OUTPUT), *words]
        done = subprocess.run([*command, "--tracking-uri", uri], cwd=ROOT)
        if done.returncode:
            raise StepError(
                "some models were not trained or registered",
                "Read the message under each model's name; the other models are registered.",
            )
        tell(uri, given.alias)


def tracking_server() -> str:
    """Return the server of TRACKING_URI, or one of this machine's that goes on running."""
    if chosen := os.environ.get("TRACKING_URI"):
        if chosen.startswith("http") and not answers(chosen):
            raise StepError(
                f"MLflow does not answer at {chosen}",
                "Start it, correct TRACKING_URI, or leave it out for a server on this machine.",
            )
        return chosen
    with step("MLflow on this machine"):
        return Background(FOLDER).up()


def tell(uri: str, alias: str) -> None:
    """Print the addresses, and the next commands."""
    say(f"\nMLflow: {uri} (the models' cards are under Models)")
    say(f"  a manifest serves one with   source: {{uri: models:/lstm_price_predictor@{alias}}}")
    say("  another version is promoted  .venv/bin/python -m training.registry promote \\")
    say(f"    lstm_price_predictor VERSION --alias {alias} --tracking-uri {uri}")
    say("  make mlflow-down stops the server; its data stay in build/mlflow")


if __name__ == "__main__":
    main()
