"""The parts of a release that need nothing from outside: `make release-check`.

It checks the workflows, writes manifests and chart twice and compares them, pushes the chart to a
registry on loopback and pulls it again, and writes the operator's bill of materials. It names the
parts of the release workflow that it cannot run.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from hack import apt, sbom
from hack.cluster.binaries import ACTIONLINT, ensure
from hack.console import StepError, reported, run, say, step
from hack.installation.package import helm, package, push
from hack.product import ROOT
from hack.release import release
from hack.services import server_process

# As a registry would answer: of an image that does not exist.
IMAGE = f"registry.example.com/inference-operator@sha256:{hashlib.sha256(b'image').hexdigest()}"
TRITON = f"registry.example.com/triton@sha256:{hashlib.sha256(b'triton').hexdigest()}"
OUTSIDE = {
    "docker": "builds and pushes the image by Buildx, with Debian's packages in its SBOM",
    "cosign": "signs image, chart and install.yaml without keys, as the workflow",
    "gh": "creates the release",
    "kind": "brings up the cluster of `make demo CLUSTER=kind`",
}
"""Programs that the workflow uses, and what for. They need a registry, an identity or Docker."""


def check_workflows(folder: Path = ROOT / ".github" / "workflows") -> None:
    """Run actionlint on the workflows; without the shell's linter, which is not built here.

    Raises:
        StepError: with what actionlint says of a workflow.
    """
    files = sorted(folder.glob("*.yaml"))
    run(
        [ensure(ACTIONLINT)["actionlint"], "-shellcheck=", "-pyflakes=", *files],
        remedy="Correct the workflow.",
    )


def check_same(first: Path, second: Path) -> None:
    """Compare two folders of files, byte by byte.

    Raises:
        StepError: if a file is missing in one of them, or differs.
    """
    digests = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        for folder in (first, second)
    ]
    different = sorted(
        name for name in {*digests[0], *digests[1]} if digests[0].get(name) != digests[1].get(name)
    )
    if different or not digests[0]:
        raise StepError(
            f"found other bytes in {', '.join(different) or 'no files at all'} of two runs,"
            " expected the same ones",
            "Remove what depends on time or place from hack/release.py or hack/installation.",
        )


def check_files(folder: Path) -> None:
    """Write manifests and chart twice, compare both, and lint the chart."""
    for name in ("first", "second"):
        release(IMAGE, folder / name, TRITON)
        archive = package(IMAGE, folder / name)
    check_same(folder / "first", folder / "second")
    helm("lint", "--strict", str(archive))
    for path in sorted((folder / "first").iterdir()):
        say(f"    {hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")


def check_push(folder: Path) -> None:
    """Push the chart to a registry on loopback, and pull it by the digest that it answered.

    Raises:
        StepError: if another archive comes back.
    """
    archive = package(IMAGE, folder / "pushed")
    with registry(folder / "registry") as host:
        digest = push(archive, f"oci://{host}/charts", "--plain-http")
        pulled = folder / "pulled"
        pulled.mkdir()
        reference = f"oci://{host}/charts/inference-operator@{digest}"
        helm("pull", reference, "--plain-http", "--destination", str(pulled))
    (file,) = pulled.iterdir()
    if file.read_bytes() != archive.read_bytes():
        raise StepError(f"found another archive at {reference}", "Look at `helm push`.")
    say(f"    {digest}  charts/inference-operator")


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run Debian's OCI registry on loopback without TLS; yield its HOST:PORT."""
    (port,) = server_process.free_ports(1)
    host = f"127.0.0.1:{port}"
    folder.mkdir()
    config = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "files")}},
        "http": {"addr": host, "secret": "any"},
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    program = shutil.which("docker-registry") or (
        apt.unpacked("docker-registry") / "usr/bin/docker-registry"
    )
    command = [program, "serve", folder / "config.json"]
    server = server_process.start("docker-registry", command, folder / "log")
    try:
        server_process.await_answer(lambda: _answers(host), server, seconds=30)
        yield host
    finally:
        server.kill()


def _answers(host: str) -> bool:
    try:
        with urlopen(f"http://{host}/v2/", timeout=5) as response:
            return bool(response.status == 200)
    except URLError:
        return False


def check_sbom() -> None:
    """Write the bill of materials of the operator's image."""
    sbom.OUTPUT.mkdir(parents=True, exist_ok=True)
    sbom.write("inference-operator")


def not_run() -> list[str]:
    """Return a line for each part that this does not run, and whether its program is here."""
    return [
        f"not run: {program} ({'is' if shutil.which(program) else 'is not'} on this machine) {task}"
        for program, task in OUTSIDE.items()
    ]


def main() -> None:
    """Run all parts; the first that fails ends it with a remedy."""
    with reported(), tempfile.TemporaryDirectory() as place:
        with step("workflows"):
            check_workflows()
        with step("manifests and chart, twice"):
            check_files(Path(place))
        with step("the chart in a registry"):
            check_push(Path(place))
        check_sbom()
        for line in not_run():
            say(line)
        say("not compared: two builds of the image's archive. Its bytes are not promised.")


if __name__ == "__main__":
    main()
