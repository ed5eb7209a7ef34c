"""Certificates are installed where a download would want them, and only there."""

import os
import shutil
from pathlib import Path

import pytest

from hack import apt
from hack.cluster import packages


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is installed on a machine of root's without a bundle."""
    names: list[str] = []
    monkeypatch.setattr(packages, "_CERTIFICATES", ())
    monkeypatch.setattr(apt, "install", names.extend)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    return names


def test_a_missing_bundle_is_installed(installed: list[str]) -> None:
    packages.ensure_certificates()
    assert installed == ["ca-certificates"]


def test_a_bundle_that_the_environment_names_is_enough(
    installed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    packages.ensure_certificates()
    assert installed == []


def test_who_may_not_install_is_told(
    installed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    packages.ensure_certificates()
    assert installed == []
    assert "install ca-certificates" in capsys.readouterr().out
