"""Required and forbidden contents of the images."""

import json
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hack.images import catalog

pytestmark = pytest.mark.integration

# Once a session: while somebody edits the sources, each call would build again.
build = cache(catalog.build)
rootfs = cache(catalog.rootfs)

ENTER = """
mount --bind -o ro "$0" "$0"
mount -t proc proc "$0/proc"
mount -t tmpfs tmpfs "$0/tmp"
exec chroot --userspec="$1" "$0" "${@:2}"
"""


def configuration(name: str) -> dict[str, Any]:
    with tarfile.open(build(name).archive) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
        config = json.load(archive.extractfile(manifest[0]["Config"]))  # type: ignore[arg-type]
    return {"tags": manifest[0]["RepoTags"], **config["config"]}


def run_as(user: str, root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an image: as a user, its root file system read-only, /tmp writable."""
    enter = ["unshare", "--mount", "bash", "-euc", ENTER, str(root), user]
    return subprocess.run(
        [*enter, "/usr/bin/env", "-i", *command], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("name", "user", "entrypoint"),
    [
        ("operator", "65532:65532", "inference-operator"),
        ("gateway", "65532:65532", "python3.11 -m serving.gateway"),
        ("triton", "1000:1000", "tritonserver"),
        ("mlflow", "65532:65532", "mlflow"),
        ("redis", "65532:65532", "redis-server"),
    ],
)
def test_runs_as_a_numbered_user_and_leaves_probing_to_kubernetes(
    name: str, user: str, entrypoint: str
) -> None:
    config = configuration(name)
    assert config["User"] == user
    assert config["Entrypoint"] == entrypoint.split()
    assert "Healthcheck" not in config


@pytest.mark.parametrize("name", ["operator", "gateway", "triton", "mlflow", "redis"])
def test_the_archive_carries_the_name_under_which_kubelet_looks_for_it(name: str) -> None:
    assert f"docker.io/library/{build(name).ref}" in configuration(name)["tags"]


def test_the_operator_starts_on_a_read_only_root() -> None:
    environ = configuration("operator")["Env"]
    done = run_as("65532:65532", rootfs("operator"), *environ, "inference-operator", "--help")
    assert done.returncode == 0, done.stderr
    assert "load" in done.stdout


def test_the_gateway_starts_on_a_read_only_root_and_says_what_is_wrong() -> None:
    environ = [*configuration("gateway")["Env"], "SERVING_SERVER__PORT=0"]
    words = configuration("gateway")["Entrypoint"]
    done = run_as("65532:65532", rootfs("gateway"), *environ, *words)
    assert done.returncode == 2, done.stderr
    assert "server.port: found '0'" in done.stderr


@pytest.mark.parametrize("name", ["operator", "gateway", "triton"])
def test_nothing_to_build_or_fetch_with_is_left(name: str) -> None:
    programs = {
        path.name
        for folder in ("usr/bin", "usr/local/bin", "opt/*/bin")
        for path in rootfs(name).glob(f"{folder}/*")
    }
    assert programs.isdisjoint({"gcc", "cc", "ld", "make", "pip", "pip3", "curl", "wget"})
    assert "python3.11" in programs


def test_the_sources_of_packages_are_the_public_ones() -> None:
    sources = (rootfs("operator") / "etc/apt/sources.list").read_text()
    assert {line.split()[2].split("/")[2] for line in sources.splitlines()} == {"deb.debian.org"}
    assert (rootfs("operator") / "etc/pip.conf").read_text() == ""


@pytest.mark.parametrize(
    ("name", "megabytes"), [("operator", 400), ("gateway", 350), ("triton", 420), ("redis", 140)]
)
def test_stays_small(name: str, megabytes: int) -> None:
    assert build(name).archive.stat().st_size < megabytes * 1e6
