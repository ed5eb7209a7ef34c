"""Servers are awaited until they answer, and told of when they do not."""

from pathlib import Path

import pytest

from hack.console import StepError
from hack.services import server_process


def test_one_that_ends_is_told_with_its_status_and_its_log(tmp_path: Path) -> None:
    log = tmp_path / "weighbridge.log"
    server = server_process.start("weighbridge", ["sh", "-c", "echo no scales; exit 3"], log)
    server.process.wait()

    with pytest.raises(StepError, match=r"weighbridge ended with 3:(.|\n)*no scales"):
        server_process.await_answer(lambda: True, server, seconds=60)


def test_one_that_does_not_answer_is_told_with_all_logs(tmp_path: Path) -> None:
    (tmp_path / "scales.log").write_text("calibrated\n")
    scales = server_process.start("scales", ["true"], tmp_path / "scales.log")
    weighbridge = server_process.start("weighbridge", ["true"], tmp_path / "weighbridge.log")

    message = r"weighbridge does not answer after 0 s:\n--- scales.log\ncalibrated\n--- weighbridge"
    with pytest.raises(StepError, match=message):
        server_process.await_answer(lambda: False, scales, weighbridge, seconds=0)


def test_it_may_be_killed_twice(tmp_path: Path) -> None:
    server = server_process.start("scales", ["sleep", "60"], tmp_path / "scales.log")
    server.kill()
    server.kill()
    assert server.process.returncode == -9


def test_free_ports_differ() -> None:
    assert len(set(server_process.free_ports(20))) == 20
