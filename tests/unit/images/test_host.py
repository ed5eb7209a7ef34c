"""What a build takes over from the machine it runs on."""

from pathlib import Path

import pytest

from hack.images import host


@pytest.fixture(autouse=True)
def no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_BUNDLE", Path("/nonexistent"))


def test_pip_keeps_the_index_of_the_machine_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://file.example/simple\ntimeout = 9\n")
    environ = {"PIP_INDEX_URL": "https://env.example/simple", "PIP_DEFAULT_TIMEOUT": "60"}
    assert host.pip_conf([file], environ) == (
        "[global]\nindex-url = https://env.example/simple\ntimeout = 60\n"
    )


def test_pip_settings_that_would_bend_the_installation_stay_outside() -> None:
    environ = {"PIP_TARGET": "/elsewhere", "PIP_REQUIRE_VIRTUALENV": "1", "PATH": "/bin"}
    assert host.pip_conf([], environ) == "[global]\n"


def test_the_public_mirrors_stand_in_where_the_machine_is_not_bookworm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = "http://archive.ubuntu.com/ubuntu jammy\nhttps://vendor.example/apt nodistro\n"
    monkeypatch.setattr(host, "run", lambda *_, **__: listed)
    assert host.mirror() == "http://deb.debian.org/debian"


def test_the_mirror_of_the_machine_is_used_and_a_vendor_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = (
        "https://mirror.example/debian bookworm\n"
        "https://mirror.example/debian-security bookworm-security\n"
        "https://vendor.example/apt bookworm\n"
    )
    monkeypatch.setattr(host, "run", lambda *_, **__: listed)
    assert [suite for _, suite in host.sources()] == ["bookworm", "bookworm-security"]
    assert host.mirror() == "https://mirror.example/debian"
