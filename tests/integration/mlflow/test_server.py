"""The MLflow servers of this machine: what they keep, and that they end."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from hack.console import StepError
from hack.services.mlflow.background import Background
from hack.services.mlflow.server import LocalMlflow, answers


def test_a_server_that_starts_again_has_its_address_and_its_models(tmp_path: Path) -> None:
    with LocalMlflow(tmp_path / "mlflow") as server:
        uri = server.uri
        MlflowClient(uri).create_registered_model("price")
        server.stop()
        assert not answers(uri)
        server.start()
        assert server.uri == uri
        assert MlflowClient(uri).get_registered_model("price").name == "price"
    assert not answers(uri)


def test_a_server_that_cannot_start_says_so_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is no database, and long enough to be seen as none")
    with pytest.raises(StepError, match=r"ended with 1:(.|\n)*not a database"):
        LocalMlflow(tmp_path).start()


def test_a_background_server_is_started_once_and_ends(tmp_path: Path) -> None:
    server = Background(tmp_path / "mlflow")
    assert server.uri() is None
    uri = server.up()
    try:
        assert answers(uri)
        assert Background(tmp_path / "mlflow").up() == uri
    finally:
        server.down()
    assert server.uri() is None
    assert not answers(uri)
