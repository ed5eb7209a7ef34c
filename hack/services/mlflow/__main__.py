"""`python -m hack.services.mlflow up|down|status`: the MLflow server of this machine."""

import argparse
from pathlib import Path

from hack.console import reported, say
from hack.services.mlflow.background import Background

FOLDER = Path(__file__).resolve().parents[3] / "build" / "mlflow"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m hack.services.mlflow", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="its database and artifacts")
    given = parser.parse_args()
    server = Background(given.folder)
    with reported():
        if given.command == "up":
            say(f"MLflow answers at {server.up()}")
        elif given.command == "down":
            server.down()
        else:
            say(server.uri() or "not running")


if __name__ == "__main__":
    main()
