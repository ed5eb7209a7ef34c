"""Debian's packages, on machines with and without package lists."""

import os
from pathlib import Path

import pytest

from hack import apt
from hack.console import StepError

APT_GET = """#!/bin/sh
echo "$1" >> {folder}/asked
[ "$1" = update ] && touch {folder}/lists && exit 0
[ -e {folder}/lists ] || exit 100
[ "$1" = install ] || touch "$3_1_amd64.deb"
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where its apt-get notes what it is asked for; a file `lists` stands for package lists."""
    program = tmp_path / "apt-get"
    program.write_text(APT_GET.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


@pytest.mark.parametrize(
    ("has_lists", "asked"),
    [(True, ["download"]), (False, ["download", "update", "download"])],
)
def test_a_machine_without_lists_gets_them_first(
    machine: Path, has_lists: bool, asked: list[str]
) -> None:
    if has_lists:
        (machine / "lists").touch()
    apt.download("libb64-0d", machine)
    assert (machine / "libb64-0d_1_amd64.deb").exists()
    assert (machine / "asked").read_text().split() == asked


def test_an_install_gets_them_too(machine: Path) -> None:
    apt.install(["runc", "iptables"])
    assert (machine / "asked").read_text().split() == ["install", "update", "install"]


def test_a_machine_of_another_kind_is_told_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        StepError, match="missing: runc iptables; apt-get is not installed"
    ) as failure:
        apt.install(["runc", "iptables"])
    assert failure.value.remedy == "install runc iptables by hand, as root"
